#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>

#include "cli/json.h"
#include "cli/submit.h"
#include "schema/payloads.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;
using schema::Errc;
using schema::Message;
using schema::Result;

namespace {

schema::Accepted accepted_at(std::uint64_t first, std::uint64_t last, std::uint64_t flags = 0) {
    return {0, schema::Epoch{1}, schema::Sequence{first}, schema::Sequence{last}, flags, false};
}

}  // namespace

TEST_CASE("ticket: what was booked says where, and what a person should see") {
    Shell shell([&](Message) -> Result<Message> {
        return Message(accepted_at(7, 7, schema::kFlagBelowZero));
    });
    CHECK(shell.run({"sell", "A", "1"}) == 0);
    CHECK(shell.out == "booked at store1/1/7\n");
    CHECK(shell.err == "stock went below zero: booked and flagged\n");
    CHECK(shell.run({"sell", "A", "1", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["store"] == "store1");
    CHECK(json["epoch"] == 1);
    CHECK(json["first"] == 7);
    CHECK(json["last"] == 7);
    CHECK(json["flags"] == Json::array({"below_zero"}));
    CHECK(json["repeated"] == false);
    CHECK(json["number"] == 1);
    CHECK(json["client"].get<std::string>().size() == 32);
}

TEST_CASE("ticket: a lost answer is asked for with the same client and number") {
    std::vector<schema::Ticket> seen;
    Shell* running = nullptr;
    Shell shell([&](Message message) -> Result<Message> {
        seen.push_back(std::get<schema::Ticket>(message));
        running->clock.advance(core::kSecond);
        if (seen.size() < 3) return schema::fail(Errc::timeout, "no answer");
        return Message(accepted_at(1, 1));
    });
    running = &shell;
    CHECK(shell.run({"sell", "A", "1"}) == 0);
    REQUIRE(seen.size() == 3);
    CHECK(seen[0] == seen[2]);
    CHECK(seen[0].number == 1);
    seen.clear();
    CHECK(shell.run({"sell", "A", "1", "--client", "till-4", "--number", "9"}) == 0);
    CHECK(seen[0].number == 9);
    CHECK(seen[0].client == schema::hash16_of("client\ntill-4"));
    seen.clear();
    const std::string hex = "000102030405060708090a0b0c0d0e0f";
    CHECK(shell.run({"sell", "A", "1", "--client", hex, "--number", "2"}) == 0);
    CHECK(schema::to_hex(schema::view(seen[0].client)) == hex);
}

TEST_CASE("ticket: a caller that tries again later hands in the very same ticket") {
    std::vector<schema::Ticket> seen;
    Shell shell([&](Message message) -> Result<Message> {
        seen.push_back(std::get<schema::Ticket>(message));
        return Message(accepted_at(1, 1));
    });
    const std::vector<std::string> sale{"sell", "A", "1", "--client", "till-4", "--number", "9"};
    CHECK(shell.run(sale) == 0);
    shell.clock.advance(60 * core::kSecond);
    CHECK(shell.run(sale) == 0);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] == seen[1]);
    CHECK(shell.run({"sell", "A", "1", "--client", "till-4", "--number", "10"}) == 0);
    CHECK(seen[2].operations[0].at == shell.clock.wall());
    CHECK(seen[1].operations[0].at != shell.clock.wall());
}

TEST_CASE("ticket: at the deadline it says whether something may have been booked") {
    Shell* running = nullptr;
    Errc code = Errc::timeout;
    Shell shell([&](Message) -> Result<Message> {
        running->clock.advance(core::kSecond);
        return schema::fail(code, "no answer");
    });
    running = &shell;
    CHECK(shell.run({"sell", "A", "1", "--wait", "3"}) == 5);
    CHECK(shell.err.find("is not known") != std::string::npos);
    CHECK(shell.err.find("--number 1 is booked once") != std::string::npos);
    code = Errc::unreachable;
    CHECK(shell.run({"sell", "A", "1", "--wait", "3"}) == 5);
    CHECK(shell.err.find("nothing was booked") != std::string::npos);
    CHECK(shell.err.find("start filial-publisher") != std::string::npos);
}

TEST_CASE("ticket: busy is tried again, then told") {
    int busy = 2;
    Shell shell([&](Message) -> Result<Message> {
        if (busy-- > 0) return Message(schema::Busy{0, 1, "full"});
        return Message(accepted_at(1, 1));
    });
    CHECK(shell.run({"sell", "A", "1"}) == 0);
}

TEST_CASE("ticket: a refusal names the operation, and its rule is exit code 4") {
    Shell shell([&](Message) -> Result<Message> {
        return Message(schema::TicketRefused{0, 1, Errc::refused, "the limit is 10.00"});
    });
    char name[] = "/tmp/filial-ticket-XXXXXX";
    const int fd = ::mkstemp(name);
    REQUIRE(fd >= 0);
    std::ofstream(name) << "{\"op\":\"sell\",\"sku\":\"A\",\"qty\":\"1\"}\n\n"
                           "{\"op\":\"charge\",\"customer\":\"C\",\"amount\":\"20\"}\n";
    CHECK(shell.run({"ticket", name}) == 4);
    CHECK(shell.err ==
          "filial: hand in the ticket: line 3: the limit is 10.00; nothing of the ticket was "
          "booked\n");
    CHECK(shell.run({"ticket", name, "--json"}) == 4);
    const Json error = Json::parse(shell.out)["error"];
    CHECK(error["code"] == "refused");
    CHECK(error["operation"] == 2);
    ::close(fd);
    std::remove(name);
    CHECK(shell.run({"ticket", name}) == 6);
}

TEST_CASE("flags: every bit has words and a name") {
    for (std::uint64_t bit = 1; bit <= schema::kFlagUndecided; bit <<= 1) {
        CAPTURE(bit);
        CHECK(cli::flag_texts(bit).size() == 1);
        CHECK(cli::flag_names(bit).size() == 1);
    }
    CHECK(cli::flag_names(schema::kFlagFact | schema::kFlagBelowZero).size() == 2);
    CHECK(cli::flag_names(0).empty());
}
