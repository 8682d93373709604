#include <doctest/doctest.h>

#include <sstream>

#include "cli/central_link.h"
#include "cli/json.h"
#include "schema/ticket.h"
#include "schema/verdict_payload.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;
using schema::AnswerRow;
using schema::Errc;
using schema::Message;
using schema::QueryKind;
using schema::Result;

namespace {

AnswerRow finding(const std::string& store, std::uint64_t seq, std::uint64_t flags,
                  const std::string& parked = {}) {
    AnswerRow row;
    row.store = store;
    row.key = "tea";
    row.value = static_cast<std::int64_t>(flags);
    row.fields = {{"topic", "stock"},
                  {"kind", "stock.moved"},
                  {"epoch", "1"},
                  {"seq", std::to_string(seq)},
                  {"client", std::string(32, 'a')},
                  {"number", "7"},
                  {"index", "2"}};
    if (!parked.empty()) row.fields.emplace_back("parked", parked);
    return row;
}

AnswerRow told(const std::string& store, std::uint64_t seq, const std::string& name,
               const std::string& key = "tea") {
    AnswerRow row;
    row.store = "office";
    row.key = key;
    row.fields = {{"for", store},
                  {"finding", name},
                  {"text", "look at it"},
                  {"topic", "stock"},
                  {"epoch", "1"},
                  {"seq", std::to_string(seq)},
                  {"at", "2026-11-22T12:00:00Z"}};
    return row;
}

/// Head office's programs, or a store's.
struct Programs {
    std::vector<AnswerRow> findings, verdicts, stock, below, why;
    std::vector<schema::Ticket> tickets;
    bool stock_alone = false;  ///< Debts and customers are not copied.
    std::uint64_t known = 99;  ///< Operation of the first ticket that was told before.

    FakeLink::Answer link() {
        return [this](Message message) -> Result<Message> {
            if (const auto* query = std::get_if<schema::Query>(&message)) {
                const bool of_people =
                    query->kind == QueryKind::debt || query->kind == QueryKind::customer;
                if (stock_alone && of_people) return schema::fail(Errc::not_held, "not here");
                schema::Answer answer;
                if (query->kind == QueryKind::findings) answer.rows = findings;
                if (query->kind == QueryKind::verdicts) answer.rows = verdicts;
                if (query->kind == QueryKind::stock) answer.rows = stock;
                if (query->kind == QueryKind::list_stock) answer.rows = below;
                if (query->kind == QueryKind::why) answer.rows = why;
                return Message(answer);
            }
            if (std::holds_alternative<schema::ClientAsk>(message)) {
                return Message(schema::ClientState{0, 4, ""});
            }
            tickets.push_back(std::get<schema::Ticket>(message));
            if (tickets.size() == 1 && known < tickets[0].operations.size()) {
                return Message(schema::TicketRefused{0, known, Errc::already_done, "before"});
            }
            return Message(schema::Accepted{});
        };
    }
};

std::vector<Json> lines_of(const std::string& text) {
    std::vector<Json> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(Json::parse(line));
    return all;
}

schema::StoreVerdict verdict_of(const schema::Operation& operation) {
    schema::Parser parser;
    const auto verdict = schema::decode_store_verdict(parser, operation.payload);
    REQUIRE(verdict);
    return *verdict;
}

}  // namespace

TEST_CASE("S14: validate tells a verdict for each finding that was not told before") {
    Programs programs;
    // Below zero and an unknown customer at once; one that cannot be replayed; one told before.
    programs.findings = {finding("store1", 7, 2 | 4), finding("store2", 9, 0, "damaged"),
                         finding("store2", 11, 2)};
    programs.verdicts = {told("store2", 11, "below-zero")};
    Shell shell(programs.link());
    CHECK(shell.run({"validate", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["told"] == 3);
    CHECK(json["stores"]["store1"] == 2);
    CHECK(json["stores"]["store2"] == 1);
    REQUIRE(programs.tickets.size() == 1);
    CHECK(programs.tickets[0].number == 5);
    const auto& operations = programs.tickets[0].operations;
    REQUIRE(operations.size() == 3);
    CHECK(operations[0].peer == "store1");
    CHECK(operations[0].subject == "tea");
    const schema::StoreVerdict first = verdict_of(operations[0]);
    CHECK(first.cause ==
          schema::Position{schema::StoreId{"store1"}, schema::Epoch{1}, schema::Sequence{7}});
    CHECK(first.number == 7);
    CHECK(first.index == 2);
    CHECK(first.client[0] == 0xaa);
    CHECK(first.finding == "below-zero");
    CHECK(verdict_of(operations[1]).finding == "unknown-customer");
    CHECK(verdict_of(operations[2]).finding == "parked");
    CHECK(verdict_of(operations[2]).text.find("damaged") != std::string::npos);
}

TEST_CASE(
    "S14: who began with a snapshot accuses no store of what may stand before it, and says so") {
    Programs programs;
    AnswerRow snapshot;
    snapshot.store = "store1";
    snapshot.fields = {{"topic", "stock"}, {"known_after", "50"}};
    AnswerRow below;
    below.store = "store1";
    below.key = "tea";
    below.value = -3'000;
    programs.findings = {snapshot, finding("store1", 57, 4)};
    programs.below = {below};
    programs.why = {snapshot, finding("store1", 58, 0)};
    Shell shell(programs.link());
    CHECK(shell.run({"validate", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["told"] == 1);
    CHECK(json["known_after"]["store1"]["stock"] == 50);
    REQUIRE(programs.tickets.size() == 1);
    CHECK(verdict_of(programs.tickets[0].operations.at(0)).finding == "unknown-customer");
    CHECK(shell.run({"validate"}) == 0);
    CHECK(shell.err.find("store1's stock no single event up to 50") != std::string::npos);
}

TEST_CASE(
    "S35: validate where stock alone is copied tells what it found, and what it did not see") {
    Programs programs;
    programs.stock_alone = true;
    programs.findings = {finding("store1", 7, 2)};
    Shell shell(programs.link());
    CHECK(shell.run({"validate", "--json"}) == 3);
    const Json json = Json::parse(shell.out);
    CHECK(json["told"] == 1);
    CHECK(json["not_looked_through"] == Json({"debts", "customers", "accounts"}));
    CHECK(shell.run({"validate"}) == 3);
    CHECK(shell.err.find("debts, customers, accounts not looked through: not here") !=
          std::string::npos);
    programs.stock_alone = false;
    CHECK(shell.run({"validate", "--json"}) == 0);
    CHECK(Json::parse(shell.out)["not_looked_through"].empty());
}

TEST_CASE("S14: what another run told meanwhile is left out, the rest is told") {
    Programs programs;
    programs.findings = {finding("store1", 7, 2), finding("store1", 8, 2)};
    programs.known = 0;
    Shell shell(programs.link());
    CHECK(shell.run({"validate"}) == 0);
    CHECK(shell.out.starts_with("1 finding told"));
    REQUIRE(programs.tickets.size() == 2);
    CHECK(programs.tickets[1].number == 5);
    REQUIRE(programs.tickets[1].operations.size() == 1);
    CHECK(verdict_of(programs.tickets[1].operations[0]).cause.seq == schema::Sequence{8});
}

TEST_CASE("S14: stock that adds up to less than nothing without a flag is found by head office") {
    Programs programs;
    AnswerRow tea, own, flagged;
    tea.store = "store1";
    tea.key = "tea";
    tea.value = -1'500;
    own = flagged = tea;
    own.store = "office";  // What the shell's own store has is its own business.
    own.key = "own";
    flagged.key = "salt";
    programs.below = {tea, own, flagged};
    programs.findings = {finding("store1", 3, 2)};
    programs.findings[0].key = "salt";
    programs.verdicts = {told("store1", 3, "below-zero", "salt")};
    AnswerRow event;
    event.store = "store1";
    event.key = "tea";
    event.fields = {{"epoch", "1"}, {"seq", "8"}, {"client", std::string(32, 'b')}};
    programs.why = {finding("store1", 7, 0), event};
    Shell shell(programs.link());
    shell.context.loaded->store = schema::StoreId{"office"};
    CHECK(shell.run({"validate"}) == 0);
    REQUIRE(programs.tickets.size() == 1);
    REQUIRE(programs.tickets[0].operations.size() == 1);
    const schema::StoreVerdict verdict = verdict_of(programs.tickets[0].operations[0]);
    CHECK(verdict.finding == "below-zero-unflagged");
    CHECK(verdict.cause.seq == schema::Sequence{8});
    CHECK(verdict.text.find("-1.5") != std::string::npos);
    // Told once for the shelf, whatever happens on it later.
    programs.tickets.clear();
    programs.verdicts.push_back(told("store1", 8, "below-zero-unflagged"));
    CHECK(shell.run({"validate"}) == 0);
    CHECK(programs.tickets.empty());
}

TEST_CASE("S15: verdicts are shown to the store, and are its tasks while they hold") {
    Programs programs;
    programs.verdicts = {told("store1", 7, "below-zero"), told("store1", 8, "below-zero"),
                         told("store1", 9, "no-room", "ann"), told("store2", 3, "parked")};
    AnswerRow below;
    below.value = -1;
    programs.stock = {below};
    Shell shell(programs.link());
    CHECK(shell.run({"verdicts", "--json"}) == 0);
    CHECK(lines_of(shell.out)[2]["finding"] == "no-room");
    CHECK(shell.run({"tasks", "--json"}) == 0);
    auto tasks = lines_of(shell.out);
    REQUIRE(tasks.size() == 2);  // One a key and finding; store2's are not store1's.
    CHECK(tasks[0]["kind"] == "verdict");
    CHECK(tasks[0]["subject"] == "below-zero tea");
    CHECK(tasks[1]["subject"] == "no-room ann");
    programs.stock[0].value = 0;
    CHECK(shell.run({"tasks", "--json"}) == 0);
    tasks = lines_of(shell.out);
    REQUIRE(tasks.size() == 1);
    CHECK(tasks[0]["subject"] == "no-room ann");
}

TEST_CASE(
    "S3: in central mode every verb goes to the other store, and a line that is down is said") {
    std::vector<core::Remote> dialled;
    Shell shell;
    auto& central = shell.context.loaded->central;
    central = {schema::StoreId{"store7"}, "tcp://far:1", "tcp://far:2", std::string(40, 'k')};
    const auto down = shell.context.dial;
    shell.context.dial = [&](const core::Remote& remote) {
        dialled.push_back(remote);
        return down(remote);
    };
    CHECK(shell.run({"get", "stock", "tea"}) == 5);
    CHECK(shell.err.find("the line to store7 (tcp://far:2) is down; this shop has no log") !=
          std::string::npos);
    CHECK(shell.err.find("start filial-") == std::string::npos);
    CHECK(shell.run({"sell", "tea", "1", "--wait", "0"}) == 5);
    CHECK(shell.err.find("the line to store7 (tcp://far:1) is down") != std::string::npos);
    CHECK(shell.err.find("nothing was booked") != std::string::npos);
    REQUIRE(dialled.size() == 2);
    CHECK(dialled[0].key == central.key);
    CHECK(dialled[0].name == "store7");
}
