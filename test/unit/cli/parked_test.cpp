#include <doctest/doctest.h>

#include "cli/answer_text.h"
#include "cli/app.h"
#include "cli/json.h"
#include "schema/payloads.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;
using schema::AnswerRow;
using schema::Message;
using schema::QueryKind;

namespace {

AnswerRow parked(const std::string& store, const std::string& state) {
    AnswerRow row;
    row.store = store;
    row.key = "22423";
    row.value = 2;
    row.fields = {{"topic", "stock"},    {"state", state},
                  {"epoch", "1"},        {"first", "17"},
                  {"last", "19"},        {"code", "unknown_kind"},
                  {"reason", "no idea"}, {"since", "2026-01-02T03:04:05.000000Z"}};
    if (state == "waived") {
        row.value = 1;
        row.fields.insert(row.fields.end(), {{"seq", "12"},
                                             {"who", "ann"},
                                             {"at", "2026-02-02T03:04:05.000000Z"},
                                             {"why", "counted"}});
    }
    return row;
}

/// A replica of one parked key in each of these stores.
struct ParkedReplica {
    std::vector<std::string> stores{"store2"};
    bool waived = false;
    schema::Unpark asked;
    std::int64_t left = 0;

    schema::Result<Message> answer(const Message& message) {
        schema::Answer answer;
        if (const auto* unpark = std::get_if<schema::Unpark>(&message)) {
            asked = *unpark;
            AnswerRow& row = answer.rows.emplace_back();
            row.value = 1'234;
            row.second = left;
            row.fields = {{"waived", unpark->waive ? "1" : "0"}};
            return Message{answer};
        }
        const auto& query = std::get<schema::Query>(message);
        const bool known = query.key.empty() || query.key == "22423";
        for (const std::string& store : stores) {
            if (!known || (!query.store.empty() && store != query.store)) continue;
            answer.rows.push_back(parked(store, "parked"));
            if (waived) answer.rows.push_back(parked(store, "waived"));
        }
        if (query.kind == QueryKind::parked_events) {
            schema::Event event;
            event.kind = "stock.weighed";
            event.key = "22423";
            event.payload = "?";
            for (AnswerRow& row : answer.rows) {
                row.payload = schema::encode_row(event);
                row.fields.emplace_back("seq", "17");
            }
        }
        return Message{answer};
    }
    FakeLink::Answer link() {
        return [this](Message message) { return answer(message); };
    }
};

}  // namespace

TEST_CASE("N9: lists and exports say that keys of them are parked, and end with 3") {
    ParkedReplica replica;
    replica.waived = true;
    Shell shell([&](const Message& message) -> schema::Result<Message> {
        const auto& query = std::get<schema::Query>(message);
        if (query.kind == QueryKind::parked) return replica.answer(message);
        return Message{schema::Answer{}};
    });
    const std::string said = "1 key is parked and behind, or not there at all";
    CHECK(shell.run({"list", "stock"}) == 3);
    CHECK(shell.err.find("filial: list stock: " + said) != std::string::npos);
    CHECK(shell.run({"list", "stock", "--json"}) == 3);
    CHECK(shell.err.find(said) != std::string::npos);
    CHECK(shell.run({"list", "debts"}) == 0);  // It is of stock.
    const std::string dir = (shell.folder / "out").string();
    CHECK(shell.run({"export", dir, "--json"}) == 3);
    CHECK(shell.err.find("filial: export: " + said) != std::string::npos);
    CHECK(Json::parse(shell.out)["parked_keys"] == 1);
    replica.stores.clear();
    CHECK(shell.run({"export", dir, "--json"}) == 0);
    CHECK(Json::parse(shell.out)["parked_keys"] == 0);
    CHECK(shell.run({"list", "stock"}) == 0);
}

TEST_CASE("N9: why says how many events of the key are parked, and ends with 3") {
    schema::Event event;
    event.topic = "stock";
    event.kind = schema::kStockMoved;
    event.key = "22423";
    event.payload =
        schema::encode(schema::StockMoved{schema::Quantity{2'000}, "receive", "", 0, {}});
    AnswerRow cause;
    cause.store = "store2";
    cause.fields = {{"epoch", "1"}, {"seq", "17"}, {"parked", "no idea"}};
    cause.payload = schema::encode_row(event);
    Shell shell([&](const Message& message) -> schema::Result<Message> {
        schema::Answer answer;
        if (std::get<schema::Query>(message).kind == QueryKind::why) answer.rows = {cause};
        return Message{answer};
    });
    CHECK(shell.run({"why", "stock", "22423"}) == 3);
    CHECK(shell.err.find("why stock 22423: not fresh: 1 event is parked and not counted (no idea); "
                         "see `filial parked show 22423`") != std::string::npos);
    CHECK(shell.run({"why", "stock", "22423", "--json"}) == 3);
    CHECK(Json::parse(shell.out)["parked"] == "no idea");
    // What was given up is not waited for: the rest is all there will be.
    cause.fields.back().second = std::string(schema::kGivenUpHere) + ": see `filial parked show`";
    CHECK(shell.run({"why", "stock", "22423"}) == 0);
    CHECK(shell.err.find("not fresh") == std::string::npos);
    cause.fields.pop_back();
    CHECK(shell.run({"why", "stock", "22423"}) == 0);
}

TEST_CASE("N9: parked list names key, place and reason, and who gave what up") {
    ParkedReplica replica;
    replica.waived = true;
    Shell shell(replica.link());
    CHECK(shell.run({"parked", "list"}) == 0);
    CHECK(shell.out.find("store2/1/17") != std::string::npos);
    CHECK(shell.out.find("no idea") != std::string::npos);
    CHECK(shell.out.find("given up by ann on ") != std::string::npos);
    CHECK(shell.err == "1 key is parked, with 2 events; 1 event was given up\n");
    CHECK(shell.run({"parked", "list", "--json"}) == 0);
    const std::string first = shell.out.substr(0, shell.out.find('\n'));
    const Json key = Json::parse(first);
    CHECK(key["state"] == "parked");
    CHECK(key["first"] == 17);
    CHECK(key["last"] == 19);
    CHECK(key["events"] == 2);
    CHECK(key["code"] == "unknown_kind");
    CHECK(key["who"].is_null());
    const Json waived = Json::parse(shell.out.substr(first.size() + 1));
    CHECK(waived["state"] == "waived");
    CHECK(waived["first"] == 12);
    CHECK(waived["who"] == "ann");
    CHECK(waived["waived_because"] == "counted");
}

TEST_CASE("N9: parked show has each event with its kind") {
    ParkedReplica replica;
    Shell shell(replica.link());
    CHECK(shell.run({"parked", "show", "22423"}) == 0);
    CHECK(shell.out.find("stock.weighed") != std::string::npos);
    CHECK(shell.run({"parked", "show", "22423", "--json"}) == 0);
    const Json event = Json::parse(shell.out);
    CHECK(event["seq"] == 17);
    CHECK(event["kind"] == "stock.weighed");
    CHECK(shell.run({"parked", "show", "other"}) == 6);
    replica.stores = {"store2", "store3"};
    CHECK(shell.run({"parked", "show", "22423"}) == 2);
    CHECK(shell.err.find("stock of store2, stock of store3") != std::string::npos);
    CHECK(shell.run({"parked", "show", "22423", "--at", "store3"}) == 0);
}

TEST_CASE("N9: parked retry says what was applied, and fails while something stays parked") {
    ParkedReplica replica;
    Shell shell(replica.link());
    CHECK(shell.run({"parked", "retry"}) == 0);
    CHECK(shell.err == "1,234 events applied in their order, none is left parked\n");
    CHECK(replica.asked.key.empty());
    CHECK_FALSE(replica.asked.waive);
    replica.left = 3;
    CHECK(shell.run({"parked", "retry", "22423", "--json"}) == 1);
    const Json json = Json::parse(shell.out);
    CHECK(json["applied"] == 1'234);
    CHECK(json["left"] == 3);
    CHECK(replica.asked.store == "store2");
    CHECK(replica.asked.topic == "stock");
    CHECK(shell.run({"parked", "retry", "--topic", "stock"}) == 2);
}

TEST_CASE("N9: parked waive wants a reason, and says who gives up") {
    ParkedReplica replica;
    Shell shell(replica.link());
    CHECK(shell.run({"parked", "waive", "22423"}) == 2);
    CHECK(shell.run({"parked", "waive", "22423", "--reason", "counted"}) == 0);
    CHECK(replica.asked.waive);
    CHECK(replica.asked.reason == "counted");
    CHECK_FALSE(replica.asked.who.empty());
    CHECK(shell.err.find("1 given up") != std::string::npos);
}

TEST_CASE("N9: get prints that a value is behind, and why that is not fresh") {
    AnswerRow row;
    row.store = "store2";
    row.key = "22423";
    row.freshness.ever = true;
    row.freshness.verdict = schema::Verdict::notice;
    row.fields = {{"parked", "behind since store2/1/17 (2 events of stock): no idea"},
                  {"waived", "store2/1/12 is left out: counted (ann, then)"}};
    const std::string text = cli::freshness_text(row, "thousandths");
    CHECK(text.find("It is behind since store2/1/17 (2 events of stock): no idea. See `filial "
                    "parked show 22423`.\n") != std::string::npos);
    CHECK(text.find("Event store2/1/12 is left out: counted") != std::string::npos);
    CHECK(cli::stale_text(row).find("behind since store2/1/17") == 0);
}
