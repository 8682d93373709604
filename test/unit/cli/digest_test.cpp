#include <doctest/doctest.h>

#include <map>

#include "cli/app.h"
#include "cli/json.h"
#include "schema/hash.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;
using schema::AnswerRow;
using schema::Message;
using schema::Result;

namespace {

/// A replica and its sources; events from `wrong_from` on are others at the replica.
struct Ends {
    std::uint64_t position = 1'000'000;
    std::uint64_t wrong_from = 0;
    std::string damage;
    bool broker_is_there = true;
    bool chain_known = true;
    std::int64_t looks = 3;
    int asked = 0;
    std::vector<std::string> reloaded;

    std::string chain(std::uint64_t at, bool replica) const {
        const bool wrong = replica && wrong_from != 0 && at >= wrong_from;
        const auto hash = schema::hash_of(std::to_string(at) + (wrong ? "?" : ""));
        return std::string(schema::view(hash));
    }
    AnswerRow row(const std::string& store) const {
        AnswerRow row;
        row.store = store;
        row.key = "stock";
        row.value = static_cast<std::int64_t>(position);
        row.fields = {{"epoch", "1"}};
        if (!damage.empty()) {
            row.fields.emplace_back("damage", damage);
        } else {
            row.fields.emplace_back("chain", schema::to_hex(chain(position, true)));
            row.fields.emplace_back("content", "3:00");
            row.fields.emplace_back("parked", "2");
        }
        return row;
    }
    Result<Message> answer(const Message& message, bool replica) {
        if (const auto* ask = std::get_if<schema::StatusAsk>(&message)) {
            if (ask->look) ++looks;
            schema::Status status;
            status.counters = {{"looks", looks}};
            return Message{status};
        }
        if (std::get_if<schema::Query>(&message) != nullptr) {
            schema::Answer rows;
            rows.rows = {row("store1"), row("store2")};
            return Message{rows};
        }
        const auto& ask = std::get<schema::DigestAsk>(message);
        ++asked;
        schema::Digests digests;
        if (ask.reload) reloaded.push_back(ask.store.value() + "/" + ask.topic);
        for (const schema::Sequence at : ask.at) {
            const bool known = replica || chain_known;
            digests.chains.push_back({at, at, known ? chain(at.value(), replica) : ""});
        }
        return Message{digests};
    }
};

struct DigestShell : Shell {
    explicit DigestShell(Ends& ends) {
        context.loaded->hubs.push_back({"head", "tcp://127.0.0.1:1", ""});
        const std::string replica = context.loaded->subscriber_socket();
        context.dial = [&ends,
                        replica](const core::Remote& remote) -> Result<std::unique_ptr<cli::Link>> {
            if (remote.name == "head" && !ends.broker_is_there) {
                return schema::fail(schema::Errc::unreachable, "the line is down");
            }
            const bool is_replica = remote.endpoint == replica;
            return std::unique_ptr<cli::Link>(new FakeLink(
                [&ends, is_replica](Message message) { return ends.answer(message, is_replica); }));
        };
    }
};

}  // namespace

TEST_CASE("N10: digest says of each log that it is equal, and to whose copy") {
    Ends ends;
    DigestShell shell(ends);
    CHECK(shell.run({"digest", "--json"}) == 0);
    const std::string first = shell.out.substr(0, shell.out.find('\n'));
    const Json own = Json::parse(first);
    CHECK(own["store"] == "store1");
    CHECK(own["state"] == "equal");
    CHECK(own["source"] == "own publisher");
    CHECK(own["position"] == 1'000'000);
    CHECK(own["here"] == own["there"]);
    CHECK(own["first"].is_null());
    CHECK(own["parked"] == 2);
    const Json other = Json::parse(shell.out.substr(first.size() + 1));
    CHECK(other["source"] == "broker head");
    CHECK(ends.looks == 4);
    CHECK(shell.run({"digest", "--last"}) == 0);
    CHECK(ends.looks == 4);
    CHECK(shell.err == "2 of 2 are equal\n");
    CHECK(shell.out.find("2 events parked") != std::string::npos);
}

TEST_CASE("N10: of what differs the first event is found by few questions, and mended when told") {
    for (const std::uint64_t wrong : {1u, 2u, 777u, 499'999u, 999'999u, 1'000'000u}) {
        CAPTURE(wrong);
        Ends ends;
        ends.wrong_from = wrong;
        DigestShell shell(ends);
        CHECK(shell.run({"digest", "--json"}) == 1);
        const Json json = Json::parse(shell.out.substr(0, shell.out.find('\n')));
        CHECK(json["state"] == "differs");
        CHECK(json["first"] == wrong);
        CHECK(json["last"] == wrong);
        CHECK(json["here"] != json["there"]);
        CHECK(ends.asked < 2 * 20);
        CHECK(ends.reloaded.empty());
        CHECK(shell.run({"digest", "--mend"}) == 1);
        CHECK(ends.reloaded == std::vector<std::string>{"store1/", "store2/"});
    }
}

TEST_CASE("N10: what nobody can be asked about is not equal, and what is damaged is said") {
    Ends ends;
    ends.broker_is_there = false;
    DigestShell shell(ends);
    CHECK(shell.run({"digest", "--json"}) == 3);
    CHECK(shell.out.find("broker head is not reached") != std::string::npos);
    ends.broker_is_there = true;
    ends.chain_known = false;
    CHECK(shell.run({"digest"}) == 3);
    CHECK(shell.out.find("does not know it at this position") != std::string::npos);
    ends.damage = "what is said of tea is not what its events come to";
    CHECK(shell.run({"digest"}) == 1);
    CHECK(shell.out.find("what is said of tea") != std::string::npos);
}

TEST_CASE("N10: reload names what is dropped, and drops nothing unnamed") {
    Ends ends;
    DigestShell shell(ends);
    CHECK(shell.run({"reload", "--json"}) == 2);
    CHECK(shell.out.find("name a store") != std::string::npos);
    CHECK(ends.reloaded.empty());
    CHECK(shell.run({"reload", "store2", "--topic", "stock", "--json"}) == 0);
    CHECK(Json::parse(shell.out)["topic"] == "stock");
    CHECK(shell.run({"reload", "store2"}) == 0);
    CHECK(shell.err.find("the log of store2 was dropped") != std::string::npos);
    CHECK(shell.run({"reload", "--topic", "debts", "--json"}) == 0);
    CHECK(Json::parse(shell.out)["store"].is_null());
    CHECK(ends.reloaded == std::vector<std::string>{"store2/stock", "store2/", "/debts"});
}
