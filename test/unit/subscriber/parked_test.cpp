// Keys that cannot be applied: what parks them, what is listed, and what answers say.
#include "schema/grant_payloads.h"
#include "schema/trade_payloads.h"
#include "test/unit/subscriber/parked_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::QueryKind;
using schema::Verdict;

TEST_CASE("N9: an unknown kind, a newer form and a failed rule park their keys and nothing else") {
    TestLog log("store2");
    log.move("1", 1'000);
    log.add("stock", "stock.weighed", "2", "new");
    schema::Event newer;
    newer.topic = "stock";
    newer.kind = schema::kStockMoved;
    newer.version = 2;
    newer.key = "3";
    newer.payload = schema::encode(schema::StockMoved{});
    log.add(newer);
    log.move("4", INT64_MAX);
    log.move("4", 1);
    log.move("2", 7'000);
    log.move("1", 1'000);
    Folder folder;
    const core::ManualClock clock;
    auto replica = open_replica(replica_options(folder));
    REQUIRE(replica->take(log.all(), {}, schema::Timestamp{5}));
    REQUIRE(replica->flush());
    for (const bool reopened : {false, true}) {
        CAPTURE(reopened);
        if (reopened) {
            replica.reset();
            replica = open_replica(replica_options(folder));
        }
        CHECK(stock_of(*replica, log, "1") == 2'000);
        CHECK(replica->parked().size() == 3);
        CHECK(replica->parked().events() == 4);
        const Asked asked{clock, *replica, {}};
        const auto rows = asked.pages(parked_query());
        REQUIRE(rows.size() == 3);
        CHECK(rows[0].key == "2");
        CHECK(rows[0].value == 2);
        CHECK(field(rows[0], "first") == "2");
        CHECK(field(rows[0], "last") == "6");
        CHECK(field(rows[0], "code") == "unknown_kind");
        CHECK(field(rows[0], "reason") == "stock.weighed is not known to this program");
        CHECK(field(rows[0], "since") == schema::to_string(schema::Timestamp{5}));
        CHECK(field(rows[1], "code") == "schema_too_new");
        CHECK(field(rows[2], "code") == "overflow");
        CHECK(field(rows[2], "first") == "5");
        const auto events = asked.pages(parked_query("store2", "stock", "2"), 1);
        REQUIRE(events.size() == 2);
        CHECK(field(events[0], "seq") == "2");
        CHECK(field(events[1], "seq") == "6");
        CHECK(field(events[1], "code") == "behind");
    }
}

TEST_CASE("N9: an answer that rests on a parked key says since where and why, and is not fresh") {
    TestLog log("store2");
    log.customer("ann", "store2", "France");
    log.move("1", 1'000);
    log.debt("ann", 500);
    log.add("stock", "stock.weighed", "1", "new");
    log.add("stock", "stock.weighed", "only", "new");
    log.add("debts", "debt.split", "ann", "new");
    log.add("accounts", "account.scored", "ann", schema::encode(schema::AccountStep{}));
    log.add("names", schema::kAppValue, "1", "label");
    log.move("2", 1'000);
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(holding(folder, {std::string(schema::kAppValue)}));
    take(*replica, log.all());
    replica->marked(log.mark(clock, 1), "broker head");
    core::Policy policy;
    policy.stock_us = policy.customers_us = policy.debts_us = policy.other_us = core::kSecond;
    const Asked asked{clock, *replica, policy};
    const auto fresh = asked.row(QueryKind::stock, "2");
    CHECK(fresh.freshness.verdict == Verdict::fresh);
    CHECK(field(fresh, "parked") == "(none)");

    const auto behind = asked.row(QueryKind::stock, "1");
    CHECK(behind.value == 1'000);
    CHECK(behind.freshness.verdict == Verdict::notice);
    CHECK(field(behind, "parked") ==
          "behind since store2/1/4 (1 event of stock): stock.weighed is not known to this program");
    // Nothing but parked events: no "not found", and no number that looks like one.
    const auto only = asked.row(QueryKind::stock, "only");
    CHECK(only.value == 0);
    CHECK(field(only, "parked").find("store2/1/5") != std::string::npos);

    const auto debt = asked.row(QueryKind::debt, "ann");
    CHECK(debt.value == 500);
    CHECK(debt.freshness.verdict == Verdict::notice);
    std::string all;
    for (const auto& [name, value] : debt.fields) {
        if (name == "parked") all += value + "\n";
    }
    CHECK(all.find("debt.split") != std::string::npos);
    CHECK(all.find("account.scored") != std::string::npos);
    CHECK(asked.row(QueryKind::customer, "ann").freshness.verdict == Verdict::notice);
    schema::Query label;
    label.kind = QueryKind::value;
    label.topic = "names";
    label.key = "1";
    const auto value = asked.ask(label);
    REQUIRE(value);
    REQUIRE(value->rows.size() == 1);
    CHECK(field(value->rows[0], "parked").find("hold_kinds") != std::string::npos);
    for (const auto& row : asked.pages(QueryKind::list_stock)) {
        CAPTURE(row.key);
        CHECK((row.freshness.verdict == Verdict::notice) == (row.key == "1"));
    }
    // A fence: no balance is told while one of its parts is parked.
    schema::Query balance;
    balance.kind = QueryKind::balance;
    balance.key = "ann";
    balance.store = "store1";
    const auto told = asked.ask(balance);
    REQUIRE_FALSE(told);
    CHECK(told.error().code == Errc::stale);
}

TEST_CASE("N9: an operation on a parked and a free key counts for the free one") {
    TestLog log("store2");
    log.add("stock", "stock.weighed", "parked", "new");
    for (std::uint32_t index = 0; index < 2; ++index) {
        schema::Event event;
        event.topic = "stock";
        event.kind = schema::kStockMoved;
        event.key = index == 0 ? "parked" : "free";
        event.number = 9;
        event.index = index;
        event.count = 2;
        event.payload = schema::encode(
            schema::StockMoved{schema::Quantity{-3'000}, "sale", "", 0, schema::UnitCost{}});
        log.add(event);
    }
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    CHECK(stock_of(*replica, log, "free") == -3'000);
    CHECK_FALSE(stock_of(*replica, log, "parked"));
    CHECK(replica->parked().events() == 2);
}

TEST_CASE("N9: the list of keys is made again where an older version left events alone") {
    TestLog log("store2");
    for (int i = 0; i < 30; ++i) log.add("stock", "stock.weighed", std::to_string(i % 4), "new");
    Folder folder;
    {
        const auto replica = open_replica(replica_options(folder));
        take(*replica, log.all());
    }
    {
        auto store = ReplicaStore::open(replica_options(folder).store);
        REQUIRE(store);
        const auto write = (*store)->begin();
        for (int i = 0; i < 4; ++i) {
            write->erase(parked_name("store2", "stock", std::to_string(i)));
        }
        schema::Writer old;  // As the versions before wrote it.
        old.array(6).u64(1).str("0").str("stock.weighed is not known to this program").u64(1);
        old.bin(schema::Bytes(16, '\0')).bin("row");
        write->put(parked_key("store2", "stock", schema::Sequence{1}), old.take());
        REQUIRE((*store)->write(*write, true));
    }
    const auto replica = open_replica(replica_options(folder));
    CHECK(replica->parked().size() == 4);
    CHECK(replica->parked().events() == 30);
    CHECK(replica->parked().contains(log.store(), "stock", "3"));
    CHECK_FALSE(replica->parked().contains(log.store(), "stock", "4"));
    REQUIRE(replica->flush());
    CHECK(replica->parked().all().size() == 4);
}

TEST_CASE("N9: memory does not grow with the keys that are parked") {
    TestLog log("store2");
    constexpr int kKeys = 30'000;
    for (int i = 0; i < kKeys; ++i) log.add("stock", "stock.weighed", std::to_string(i), "new");
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    for (std::uint64_t at = 0; at < log.size(); at += 5'000)
        take(*replica, log.range(at, at + 5'000));
    CHECK(replica->parked().size() == kKeys);
    // The names stand in the database: only so many are read as somebody asks for.
    CHECK(replica->parked().all(7).size() == 7);
    CHECK(replica->parked().contains(log.store(), "stock", "29999"));
    CHECK_FALSE(replica->parked().contains(log.store(), "stock", "30000"));
    const core::ManualClock clock;
    CHECK(Asked{clock, *replica, {}}.pages(parked_query()).size() == kKeys);
}

TEST_CASE("N9: every kind of notice that a later version may add parks, whatever its family") {
    const schema::Bytes account = schema::encode(schema::AccountStep{});
    const schema::Bytes grant = schema::encode(schema::GrantStep{});
    TestLog log("store2");
    log.add("accounts", "account.scored", "1", account);
    log.add("accounts", "round.paused", "2", account);
    log.add("accounts", "grant.lent", "3", grant);
    log.add("control", "grant.lent", "3", grant);
    log.add("control", "claim.moved", "4", grant);
    log.add("control", "transfer.split", "5", schema::encode(schema::TransferStep{}));
    log.add("control", "store.renamed", "6", grant);
    log.add("accounts", "account.blocked", "7", account);
    // What belongs to the other topic is as unknown.
    log.add("control", "account.blocked", "8", account);
    log.add("accounts", "claim.made", "9", grant);
    log.add("accounts", schema::kTransferSent, "10", schema::encode(schema::TransferStep{}));
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    CHECK(replica->parked().size() == 10);
    const core::ManualClock clock;
    for (const auto& row : Asked{clock, *replica, {}}.pages(parked_query())) {
        CAPTURE(row.key);
        CHECK(field(row, "code") == "unknown_kind");
    }
}

TEST_CASE("N9: a grant of credit in control, or of goods in accounts, parks and changes nothing") {
    schema::GrantStep given;
    given.peer = "store3";
    given.epoch = schema::Epoch{1};
    given.amount = 500;
    TestLog log("store2");
    log.add("control", schema::kGrantGiven, "ann", schema::encode(given));
    given.of = schema::GrantOf::stock;
    log.add("accounts", schema::kGrantGiven, "tea", schema::encode(given));
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    const core::ManualClock clock;
    const auto parked = Asked{clock, *replica, {}}.pages(parked_query());
    REQUIRE(parked.size() == 2);
    for (const auto& row : parked) CHECK(field(row, "code") == "corrupt");
    CHECK(Asked{clock, *replica, {}}.pages(schema::QueryKind::list_grants).empty());
}
