#include <doctest/doctest.h>

#include "cli/json.h"
#include "schema/event.h"
#include "schema/grant_payloads.h"
#include "schema/trade_payloads.h"
#include "schema/verdict_payload.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;
using schema::Answer;
using schema::AnswerRow;
using schema::Errc;
using schema::Message;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

AnswerRow row(const std::string& store, const std::string& key, std::int64_t value, Fields fields) {
    AnswerRow made;
    made.store = store;
    made.key = key;
    made.value = value;
    made.fields = std::move(fields);
    made.freshness.ever = true;
    made.freshness.verdict = schema::Verdict::fresh;
    return made;
}

/// A store: its replica knows these rows, its publisher books whatever comes and notes it.
struct Store {
    std::map<QueryKind, std::vector<AnswerRow>> rows;
    std::vector<schema::Operation> booked;

    Result<Message> operator()(Message message) {
        if (auto* ticket = std::get_if<schema::Ticket>(&message)) {
            for (auto& operation : ticket->operations) booked.push_back(operation);
            schema::Accepted accepted;
            accepted.first = accepted.last = schema::Sequence{booked.size()};
            return Message(accepted);
        }
        const Query query = std::get<Query>(message);
        Answer answer;
        answer.unit = query.topic == "stock" ? "thousandths" : "cents";
        // Of a day, the store that is asked for is the one that closed it.
        const bool any = query.store.empty() || query.kind == QueryKind::day_totals;
        for (const AnswerRow& each : rows[query.kind]) {
            if (any || each.store == query.store) answer.rows.push_back(each);
        }
        return Message(answer);
    }
};

FakeLink::Answer link_to(Store& store) {
    return [&store](Message message) { return store(std::move(message)); };
}

AnswerRow value_row(const std::string& home, const std::string& value, const std::string& store,
                    bool shown) {
    return row(home, "12431", 1,
               {{"field", "country"},
                {"value", value},
                {"shown", shown ? "yes" : "no"},
                {"store", store},
                {"epoch", "1"},
                {"seq", store == "store1" ? "4" : "9"},
                {"at", "2011-02-17T10:00:00Z"}});
}

std::vector<Json> lines(const std::string& text) {
    std::vector<Json> all;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        all.push_back(Json::parse(text.substr(at, text.find('\n', at) - at)));
    }
    return all;
}

constexpr std::int64_t kDay = 86'400 * core::kSecond;

std::string ago(const core::Clock& clock, std::int64_t days) {
    return to_string(schema::Timestamp{clock.wall().value() - days * kDay});
}

}  // namespace

TEST_CASE("N7: transfer list shows what is out, for how long, and what is overdue") {
    Store store;
    Shell shell(link_to(store));
    shell.clock.advance(400 * kDay);
    const auto out = [&](const char* id, std::int64_t days, const char* state, Fields more) {
        Fields fields{{"from", "warehouse"},
                      {"to", "store1"},
                      {"sku", "22423"},
                      {"state", state},
                      {"since", ago(shell.clock, days)}};
        fields.insert(fields.end(), more.begin(), more.end());
        store.rows[QueryKind::list_transfers].push_back(row("warehouse", id, 4'000, fields));
    };
    out("T1", 1, "on the way", {});
    out("T2", 8, "on the way", {});
    out("T3", 9, "missing", {{"owner", "warehouse"}, {"due", ago(shell.clock, 2)}});
    CHECK(shell.run({"transfer", "list", "--json"}) == 0);
    const auto all = lines(shell.out);
    REQUIRE(all.size() == 3);
    CHECK(all[0]["overdue"] == false);
    CHECK(all[0]["qty"] == "4");
    CHECK(all[0]["owner"].is_null());
    CHECK(all[1]["overdue"] == true);
    CHECK(all[1]["age_seconds"] == 8 * 86'400);
    CHECK(all[2]["owner"] == "warehouse");
    CHECK(all[2]["overdue"] == true);
    CHECK(shell.run({"transfer", "list", "--overdue", "30d", "--json"}) == 0);
    REQUIRE(lines(shell.out).size() == 1);
    CHECK(lines(shell.out)[0]["transfer"] == "T3");
    CHECK(shell.run({"transfer", "list"}) == 0);
    CHECK(shell.out.find("on the way") != std::string::npos);
    CHECK(shell.err.find("3 rows, 2 overdue (!), 1 to be settled") != std::string::npos);
}

TEST_CASE("N7: what settles a transfer is handed in as the whole, and says what comes next") {
    Store store;
    Shell shell(link_to(store));
    CHECK(shell.run({"transfer", "correct", "T1", "19"}) == 0);
    CHECK(shell.err.find("Next: ") != std::string::npos);
    CHECK(shell.run({"transfer", "write-off", "T1", "0", "--doc", "D-7", "--json"}) == 0);
    CHECK(shell.err.empty());
    CHECK(shell.run({"transfer", "more", "T1", "--from", "warehouse", "22423", "1.5"}) == 0);
    REQUIRE(store.booked.size() == 3);
    CHECK(store.booked[0].kind == schema::OperationKind::transfer_correct);
    CHECK(store.booked[0].quantity == schema::Quantity{19'000});
    CHECK(store.booked[1].kind == schema::OperationKind::transfer_write_off);
    CHECK(store.booked[1].document == "D-7");
    CHECK(store.booked[2].peer == "warehouse");
    CHECK(store.booked[2].quantity == schema::Quantity{1'500});
}

TEST_CASE("N11: a resolution names every value that was shown, and keeps a store's by its name") {
    Store store;
    store.rows[QueryKind::conflicts] = {value_row("store12", "Australia", "store12", true),
                                        value_row("store12", "Belgium", "store1", false)};
    Shell shell(link_to(store));
    CHECK(shell.run({"resolve", "12431", "country", "--keep", "store1"}) == 0);
    REQUIRE(store.booked.size() == 1);
    const schema::Operation settled = store.booked[0];
    CHECK(settled.kind == schema::OperationKind::customer_resolve);
    CHECK(settled.fields == Fields{{"country", "Belgium"}});
    schema::Parser parser;
    const auto seen = schema::decode_seen_writes(parser, settled.payload);
    REQUIRE(seen);
    REQUIRE(seen->fields.size() == 1);
    const std::vector<schema::Position> both{
        {schema::StoreId{"store12"}, schema::Epoch{1}, schema::Sequence{9}},
        {schema::StoreId{"store1"}, schema::Epoch{1}, schema::Sequence{4}}};
    CHECK(seen->fields[0].writes == both);
    CHECK(shell.run({"resolve", "12431", "country", "France"}) == 0);
    CHECK(store.booked[1].fields == Fields{{"country", "France"}});
    CHECK(shell.run({"resolve", "12431", "phone", "1"}) == 6);
    CHECK(shell.run({"resolve", "12431", "country"}) == 2);
    CHECK(shell.run({"resolve", "12431", "country", "--keep", "store7"}) == 2);
    CHECK(store.booked.size() == 2);
}

TEST_CASE("N11: an edit at the shell replaces the value that is shown and leaves the others") {
    Store store;
    store.rows[QueryKind::conflicts] = {value_row("store12", "Australia", "store12", true),
                                        value_row("store12", "Belgium", "store1", false)};
    Shell shell(link_to(store));
    CHECK(shell.run(
              {"customer", "edit", "12431", "--field", "country=Peru", "--field", "phone=1"}) == 0);
    schema::Parser parser;
    const auto seen = schema::decode_seen_writes(parser, store.booked.at(0).payload);
    REQUIRE(seen);
    REQUIRE(seen->fields.size() == 1);
    CHECK(seen->fields[0].name == "country");
    CHECK(seen->fields[0].writes.size() == 1);
    // Who may try again says the very same again, whatever the replica shows by then.
    CHECK(shell.run({"customer", "edit", "12431", "--field", "country=Peru", "--client", "till",
                     "--number", "7"}) == 0);
    CHECK(store.booked.at(1).payload.empty());
}

TEST_CASE("N11: conflicts are listed by field with their values, of this store's customers") {
    Store store;
    store.rows[QueryKind::conflicts] = {value_row("store1", "Australia", "store12", true),
                                        value_row("store1", "Belgium", "store1", false),
                                        value_row("store9", "Elsewhere", "store9", true)};
    Shell shell(link_to(store));
    CHECK(shell.run({"conflicts", "--json"}) == 0);
    const auto all = lines(shell.out);
    REQUIRE(all.size() == 1);
    CHECK(all[0]["customer"] == "12431");
    CHECK(all[0]["kind"] == "field");
    CHECK(all[0]["values"].size() == 2);
    CHECK(all[0]["values"][0]["shown"] == true);
    CHECK(all[0]["values"][1]["store"] == "store1");
    CHECK(shell.run({"conflicts"}) == 0);
    CHECK(shell.out.find("  * Australia") != std::string::npos);
    CHECK(shell.err.find("1 conflict of customers at home in store1") != std::string::npos);
}

TEST_CASE("N10: why prints each event with its place, and says when they are not all there") {
    schema::Event event;
    event.topic = "debts";
    event.kind = schema::kDebtMoved;
    event.key = "12377";
    event.number = 30;
    event.payload = schema::encode(schema::DebtMoved{schema::Money{2'580}, "charge", "536365", 0});
    AnswerRow cause = row("store10", "12377", 2'580,
                          {{"epoch", "1"},
                           {"seq", "4711"},
                           {"client", "abcdef0123456789"},
                           {"arrived", "2010-12-02T09:00:00Z"}});
    cause.payload = schema::encode_row(event);
    cause.pending = 1;
    Store store;
    store.rows[QueryKind::why] = {cause};
    store.rows[QueryKind::debt] = {row("store10", "12377", 2'580, {})};
    Shell shell(link_to(store));
    CHECK(shell.run({"why", "debt", "12377", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["store"] == "store10");
    CHECK(json["seq"] == 4711);
    CHECK(json["adds"] == "25.80");
    CHECK(json["payload"]["doc"] == "536365");
    CHECK(json["op"]["number"] == 30);
    CHECK(json["arrived"] == "2010-12-02T09:00:00Z");
    CHECK(json["pending"] == true);
    CHECK(json["parked"].is_null());
    CHECK(shell.run({"why", "debt", "12377"}) == 0);
    CHECK(shell.out.find("store10/1/4711") != std::string::npos);
    CHECK(shell.out.find("debt.moved charge") != std::string::npos);
    CHECK(shell.out.find("pending") != std::string::npos);
    CHECK(shell.err == "1 event adds up to 25.80\n");
    store.rows[QueryKind::debt][0].value = 9'999;
    CHECK(shell.run({"why", "debt", "12377"}) == 0);
    CHECK(shell.err.find("the replica says 99.99") != std::string::npos);
    const AnswerRow snapshot = row("store10", "", 0, {{"topic", "debts"}, {"known_after", "4000"}});
    store.rows[QueryKind::why] = {snapshot, cause};
    CHECK(shell.run({"why", "debt", "12377"}) == 3);
    CHECK(shell.err.find("of store10's debts no single event up to 4000") != std::string::npos);
    CHECK(shell.run({"why", "debt", "12377", "--json"}) == 3);
    CHECK(lines(shell.out).at(0)["known_after"] == 4'000);
    // All that is known of it came with the snapshot.
    store.rows[QueryKind::why] = {snapshot};
    CHECK(shell.run({"why", "debt", "12377"}) == 3);
    CHECK(shell.err.find("the replica says 99.99") != std::string::npos);
    store.rows.erase(QueryKind::why);
    CHECK(shell.run({"why", "debt", "12377"}) == 6);
    CHECK(shell.run({"why", "weather", "x"}) == 2);
}

TEST_CASE("N10: why credit shows a customer's grants, and no verdict about him") {
    Store store;
    for (const auto kind : {schema::kGrantGiven, schema::kStoreVerdict}) {
        schema::GrantStep step;
        step.amount = 6'000;
        schema::Event event;
        event.kind = kind;
        event.key = "22423";
        event.payload = kind == schema::kGrantGiven ? schema::encode(step)
                                                    : schema::encode(schema::StoreVerdict{});
        AnswerRow cause = row("store1", "22423", 0, {{"epoch", "1"}, {"seq", "7"}});
        cause.payload = schema::encode_row(event);
        store.rows[QueryKind::why].push_back(cause);
    }
    Shell shell([&](Message message) -> Result<Message> {
        if (std::get<Query>(message).topic == "accounts") return store(std::move(message));
        return Message(Answer{});
    });
    CHECK(shell.run({"why", "credit", "22423", "--json"}) == 0);
    REQUIRE(lines(shell.out).size() == 1);
    CHECK(lines(shell.out)[0]["payload"]["amount"] == "60.00");
    CHECK(shell.run({"why", "credit", "22423"}) == 0);
    CHECK(shell.out.find("grant.given 60.00") != std::string::npos);
}

TEST_CASE("N12: close-day takes each store as far as it is here, and names those not heard") {
    Store store;
    Shell shell(link_to(store));
    auto& reached = store.rows[QueryKind::reached];
    reached = {row("store1", "store1", 120, {{"epoch", "1"}}),
               row("store2", "store2", 70, {{"epoch", "2"}}),
               row("store7", "store7", 0, {{"epoch", "0"}})};
    reached[1].freshness.age_us = 2 * kDay;
    reached[2].freshness.ever = false;
    CHECK(shell.run({"close-day", "2010-12-01"}) == 0);
    CHECK(shell.err.find("late: store2 (last heard 2 d") != std::string::npos);
    CHECK(shell.err.find("store7 (never heard)") != std::string::npos);
    CHECK(shell.err.find("Next: ") != std::string::npos);
    REQUIRE(store.booked.size() == 1);
    CHECK(store.booked[0].subject == "2010-12-01");
    schema::Parser parser;
    const auto day = schema::decode_day_closed(parser, store.booked[0].payload);
    REQUIRE(day);
    CHECK(day->late == std::vector<std::string>{"store2", "store7"});
    REQUIRE(day->cut.size() == 2);
    CHECK(day->cut[1].epoch == schema::Epoch{2});
    CHECK(day->cut[1].seq == schema::Sequence{70});
    CHECK(shell.run({"close-day", "never"}) == 2);
    // After a day of the far future no earlier one could be closed.
    CHECK(shell.run({"close-day", "2062-12-01"}) == 4);
    CHECK(shell.err.find("2062-12-01 has not begun") != std::string::npos);
    CHECK(shell.run({"close-day", "2010-12-03"}) == 4);
    CHECK(store.booked.size() == 1);
    CHECK(shell.run({"close-day", "2010-12-02"}) == 0);  // It has in some zone.

    store.rows[QueryKind::day_totals] = {row(
        "store1", "2010-12-01", 3, {{"sold", "3.5"}, {"charged", "40.00"}, {"counts", "late"}})};
    CHECK(shell.run({"close-day", "2010-12-02", "--show", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["sold"] == "3.5");
    CHECK(json["counts"] == "late");
    CHECK(json["day"] == "2010-12-01");
}

TEST_CASE("N12: people and scripts are told who was late, at the close and when it is shown") {
    Store store;
    Shell shell(link_to(store));
    auto& reached = store.rows[QueryKind::reached];
    reached = {row("store1", "store1", 120, {{"epoch", "1"}}),
               row("store2", "store2", 70, {{"epoch", "2"}}),
               row("store7", "store7", 0, {{"epoch", "0"}})};
    reached[1].freshness.age_us = 2 * kDay;
    reached[2].freshness.ever = false;
    CHECK(shell.run({"close-day", "2010-12-01", "--json"}) == 0);
    const Json late = Json::parse(shell.out)["late"];
    REQUIRE(late.size() == 2);
    CHECK(late[0]["store"] == "store2");
    CHECK(late[0]["last_heard_seconds"] == 2 * 86'400);
    CHECK(late[1]["store"] == "store7");
    CHECK(late[1]["last_heard_seconds"].is_null());

    Answer day;
    day.rows = {row("store7", "2010-12-01", 0, {{"counts", "unheard"}}),
                row("store1", "2010-12-01", 3, {{"sold", "3.5"}, {"counts", "day"}})};
    Shell replica([&](Message message) -> Result<Message> {
        CHECK(std::get<Query>(message).kind == QueryKind::day_totals);
        return Message(day);
    });
    CHECK(replica.run({"close-day", "2010-12-01", "--show", "--json"}) == 0);
    const auto shown = lines(replica.out);
    REQUIRE(shown.size() == 2);
    CHECK(shown[0]["store"] == "store7");
    CHECK(shown[0]["counts"] == "unheard");
    CHECK(shown[0]["sold"].is_null());
    CHECK(replica.run({"close-day", "2010-12-01", "--show"}) == 0);
    CHECK(replica.err.find("late when it was closed: store7") != std::string::npos);
    CHECK(replica.out.find("store7") == std::string::npos);  // No row of totals.
}

TEST_CASE("tasks: what is to be done is made of differences and conflicts, by its owner") {
    Store store;
    Shell shell(link_to(store));
    store.rows[QueryKind::conflicts] = {value_row("store1", "Australia", "store12", true),
                                        value_row("store1", "Belgium", "store1", false)};
    const Fields missing{{"from", "store1"},   {"to", "store2"},    {"sku", "a"},
                         {"state", "missing"}, {"owner", "store1"}, {"due", ago(shell.clock, -3)}};
    Fields found = missing;
    found[3].second = "found";
    found[4].second = found[0].second = "store9";
    store.rows[QueryKind::list_transfers] = {
        row("store1", "T1", 4'000, missing), row("store9", "T2", -24'000, found),
        row("store1", "T3", 1'000, {{"from", "store1"}, {"state", "on the way"}})};
    CHECK(shell.run({"tasks", "--json"}) == 0);
    auto all = lines(shell.out);
    REQUIRE(all.size() == 2);
    CHECK(all[0]["kind"] == "discrepancy");
    CHECK(all[0]["overdue"] == false);
    CHECK(all[1]["kind"] == "conflict");
    CHECK(all[1]["text"].get<std::string>().find("Australia | Belgium") != std::string::npos);
    CHECK(shell.run({"tasks", "--all", "--json"}) == 0);
    all = lines(shell.out);
    REQUIRE(all.size() == 3);
    CHECK(all[1]["kind"] == "found-goods");
    CHECK(all[1]["owner"] == "store9");
    CHECK(shell.run({"tasks"}) == 0);
    CHECK(shell.err.find("2 tasks of store1") != std::string::npos);
}

TEST_CASE("status: flags are counted by store, over the pages of the answer") {
    Store store;
    store.rows[QueryKind::flagged] = {row("store1", "2", 5, {}), row("store1", "2", 2, {}),
                                      row("store2", "64", 1, {}), row("store2", "4096", 1, {})};
    Shell shell(link_to(store));
    CHECK(shell.run({"status", "--flags", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["store1"]["below_zero"] == 7);
    CHECK(json["store2"]["written_off"] == 1);
    CHECK(json["store2"]["flag 4096"] == 1);
    store.rows[QueryKind::flagged].push_back(
        row("store2", "", 0, {{"topic", "stock"}, {"known_after", "70"}}));
    CHECK(shell.run({"status", "--flags", "--json"}) == 3);
    CHECK(Json::parse(shell.out)["store2"]["known_after"]["stock"] == 70);
    CHECK(shell.run({"status", "--flags"}) == 3);
}
