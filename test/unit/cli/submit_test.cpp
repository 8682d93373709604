#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>

#include "cli/json.h"
#include "cli/submit.h"
#include "cli/ticket_time.h"
#include "schema/payloads.h"
#include "test/support/temp_folder.h"
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
    // Also after later numbers of the same client, as many as the store keeps answers of.
    CHECK(shell.run(sale) == 0);
    CHECK(seen[3] == seen[0]);
}

TEST_CASE(
    "ticket: the times of a client's last 1024 numbers are kept, in a file that stays small") {
    const test::TempFolder data;
    const schema::ClientId client{1};
    const auto at = [&](std::uint64_t number, std::int64_t now) {
        return cli::time_of_ticket(data.path(), client, number, schema::Timestamp{now}).value();
    };
    constexpr std::int64_t now = 1'700'000'000'000'000;
    const auto file = data.path() / "clients" / schema::to_hex(schema::view(client));
    REQUIRE(at(1, now + 1) == now + 1);
    std::ofstream earlier(file, std::ios::app);  // As written before, without waiting for a disk.
    for (std::int64_t number = 2; number <= 4'900; ++number) {
        earlier << number << ' ' << now + number << '\n';
    }
    earlier.close();
    for (std::int64_t number = 4'901; number <= 5'000; ++number) {
        REQUIRE(at(static_cast<std::uint64_t>(number), now + number) == now + number);
    }
    for (std::int64_t number = 5'000 - 1'023; number <= 5'000; ++number) {
        REQUIRE(at(static_cast<std::uint64_t>(number), 7) == now + number);
    }
    CHECK(std::filesystem::file_size(file) < 100'000);
    CHECK(at(1, 7) == 7);
    // What is no such line is passed over; of two tills that raced the first one counts.
    const auto times = cli::parse_ticket_times("7 70\nrubbish\n8 \n9 90x\n7 71\n10 100");
    CHECK(times == std::map<std::uint64_t, schema::Timestamp>{{7, schema::Timestamp{70}},
                                                              {10, schema::Timestamp{100}}});
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

TEST_CASE("S42: whoever is registered without --home is at home at this store") {
    std::string home;
    Shell shell([&](Message message) -> Result<Message> {
        if (const auto* ticket = std::get_if<schema::Ticket>(&message)) {
            home = ticket->operations.at(0).peer;
        }
        return Message(accepted_at(7, 7));
    });
    CHECK(shell.run({"customer", "add", "12377"}) == 0);
    CHECK(home == "store1");
    CHECK(shell.run({"customer", "add", "12377", "--home", "store8"}) == 0);
    CHECK(home == "store8");
    CHECK(shell.run({"customer", "add", "12377", "--home", ""}) == 2);
    CHECK(shell.run({"customer", "edit", "12377", "--field", "name=Ana", "--client", "till",
                     "--number", "1"}) == 0);
    CHECK(home.empty());
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

TEST_CASE("ticket: where it is wrong is said alike, whoever says so, and by line too") {
    Errc code = Errc::refused;
    Shell shell([&](Message) -> Result<Message> {
        return Message(schema::TicketRefused{0, 1, code, "the limit is 10.00"});
    });
    const test::TempFolder folder;
    const auto error_of = [&](const std::string& text, int exit) {
        const std::string file = folder.write("ticket", text);
        CHECK(shell.run({"ticket", file, "--json"}) == exit);
        return Json::parse(shell.out)["error"];
    };
    const std::string good = "{\"op\":\"sell\",\n   \"sku\":\"A\", \"qty\":\"1\"}";
    // Refused by the publisher: the second operation, which begins in line 5.
    Json error = error_of("[\n" + good + ",\n\n" + good + "]\n", 4);
    CHECK(error["operation"] == 2);
    CHECK(error["line"] == 5);
    CHECK(error["message"].get<std::string>().find("operation 2, line 5: ") != std::string::npos);
    // Refused before it is sent, for a member that is missing, and for what is no JSON.
    error = error_of("[\n" + good + ",\n\n{\"op\":\n\"sell\"}]\n", 2);
    CHECK(error["code"] == "invalid");
    CHECK(error["operation"] == 2);
    CHECK(error["line"] == 5);
    CHECK(error["message"].get<std::string>().find("line 5: operation 2: ") != std::string::npos);
    error = error_of("[\n" + good + ",\n{\"op\" nonsense", 2);
    CHECK(error["operation"] == 2);
    CHECK(error["line"] == 4);
    // One a line.
    error = error_of("{\"op\":\"sell\",\"sku\":\"A\",\"qty\":\"1\"}\n\n{\"op\":\"sell\"}\n", 2);
    CHECK(error["operation"] == 2);
    CHECK(error["line"] == 3);
    // One operation of a verb, and a ticket that is wrong as a whole.
    CHECK(shell.run({"sell", "A", "0", "--json"}) == 2);
    CHECK(Json::parse(shell.out)["error"].contains("operation"));
    error = error_of(" \n", 2);
    CHECK(error["operation"].is_null());
    CHECK(error["line"].is_null());
}

TEST_CASE("flags: every bit has words and a name") {
    for (std::uint64_t bit = 1; bit <= schema::kFlagOverCommitted; bit <<= 1) {
        CAPTURE(bit);
        CHECK(cli::flag_texts(bit).size() == 1);
        CHECK(cli::flag_names(bit).size() == 1);
    }
    CHECK(cli::flag_names(schema::kFlagFact | schema::kFlagBelowZero).size() == 2);
    CHECK(cli::flag_names(0).empty());
}
