#include "subscriber/replica.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::QueryKind;

TEST_CASE("S33: owes 100.00, pays it at store 2 while store 1 sells 40.00 more: 40.00 everywhere") {
    TestLog store1("store1");
    TestLog store2("store2");
    store1.customer("17827", "store1", "United Kingdom");
    store1.debt("17827", 10'000);
    store1.debt("17827", 4'000);
    store2.debt("17827", -10'000);
    const core::ManualClock clock;
    // Which news comes how often, by its digits to the base of 3: the debt, the sale, the payment.
    constexpr unsigned kWays = 27;
    for (const bool payment_first : {true, false}) {
        for (unsigned way = 0; way < kWays; ++way) {
            CAPTURE(payment_first);
            CAPTURE(way);
            const unsigned debt = 1 + way % 3, sale = 1 + way / 3 % 3, payment = 1 + way / 9;
            Folder folder;
            const auto replica = open_replica(replica_options(folder, "store3"));
            const auto deliver = [&](const TestLog& log, const std::vector<unsigned>& times) {
                for (std::uint64_t seq = 0; seq < log.size(); ++seq) {
                    for (unsigned i = 0; i < times[seq]; ++i) {
                        take(*replica, log.range(seq, seq + 1));
                    }
                }
            };
            if (payment_first) deliver(store2, {payment});
            deliver(store1, {debt, debt, sale});
            if (!payment_first) deliver(store2, {payment});
            const auto row = Asked{clock, *replica, {}}.row(QueryKind::debt, "17827");
            CHECK(row.value == 4'000);
            CHECK(field(row, "home") == "store1");
            CHECK(field(row, "at:store1") == "14000");
            CHECK(field(row, "at:store2") == "-10000");
            check_sums(*replica);
        }
    }
}

TEST_CASE("S31: what is replayed are differences: a store's own history may come in any pieces") {
    TestLog log("store1");
    for (int i = 0; i < 50; ++i) log.move("22111", i % 2 == 0 ? -3'000 : 1'000);
    Folder whole_folder, pieces_folder;
    const auto whole = open_replica(replica_options(whole_folder));
    take(*whole, log.all());
    const auto pieces = open_replica(replica_options(pieces_folder));
    for (std::uint64_t seq = 0; seq < log.size(); seq += 7) {
        REQUIRE(pieces->take(log.range(seq, std::min(seq + 7, log.size()))));
    }
    REQUIRE(pieces->flush());
    CHECK(stock_of(*whole, log, "22111") == stock_of(*pieces, log, "22111"));
    CHECK(stock_of(*whole, log, "22111") == -50'000);
}

TEST_CASE("S35: a subscriber of stock alone stores nothing of other topics, and has no hole") {
    TestLog log("store1");
    log.customer("17827", "store1", "United Kingdom");
    log.move("22111", -1'000);
    log.debt("17827", 500);
    log.move("22111", -1'000);
    log.debt("17827", 500);
    Folder folder;
    {
        const auto replica = open_replica(replica_options(folder, "store9", {"stock"}));
        // Even from a sender that sends more than it was asked for.
        take(*replica, log.all());
        CHECK(record_of(*replica, "17827").empty());
        CHECK(replica->position(log.store(), "stock") == schema::Sequence{5});
        CHECK(replica->position(log.store(), "control") == schema::Sequence{5});
        CHECK(replica->position(log.store(), "debts") == schema::Sequence{0});
        CHECK(stock_of(*replica, log, "22111") == -2'000);
        const core::ManualClock clock;
        schema::Query query;
        query.kind = QueryKind::debt;
        query.key = "17827";
        const auto answer = Asked{clock, *replica, {}}.ask(query);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::not_held);
        check_sums(*replica);
    }
    // Debts added later come from the beginning; stock stays where it is.
    const auto replica = open_replica(replica_options(folder, "store9", {"stock", "debts"}));
    CHECK(replica->position(log.store(), "stock") == schema::Sequence{5});
    const auto hole = replica->take(log.range(3, 5, {"debts"}));
    REQUIRE_FALSE(hole);
    CHECK(hole.error().code == Errc::gap);
    take(*replica, log.range(0, 5, {"stock", "debts"}));
    CHECK(balance_of(*replica, "17827") == 1'000);
    CHECK(stock_of(*replica, log, "22111") == -2'000);
    check_sums(*replica);
}

TEST_CASE("replica: a subscriber of two stores has nothing of the others") {
    TestLog store1("store1"), store3("store3");
    store1.move("22111", -1'000);
    store3.move("22111", -1'000);
    Folder folder;
    const auto replica =
        open_replica(replica_options(folder, "store1", {"stock"}, {"store1", "store2"}));
    take(*replica, store1.all());
    const auto other = replica->take(store3.all());
    REQUIRE_FALSE(other);
    CHECK(other.error().code == Errc::not_allowed);
    CHECK(replica->stores() == std::vector<schema::StoreId>{store1.store()});
}

TEST_CASE("replica: what the options do not name any more is dropped, the rest stays") {
    TestLog store1("store1"), store2("store2");
    for (TestLog* log : {&store1, &store2}) {
        log->customer("17827", "store1", "United Kingdom");
        log->move("22111", -1'000);
        log->debt("17827", 500);
        log->limit("17827", 100'000);
        log->transfer(schema::kTransferSent, "T-" + log->store().value(), "store3", "22111", 1'000);
    }
    Folder folder;
    {
        const auto replica = open_replica(replica_options(folder));
        take(*replica, store1.all());
        take(*replica, store2.all());
        CHECK(balance_of(*replica, "17827") == 1'000);
    }
    {
        const auto replica = open_replica(
            replica_options(folder, "store1", {"stock", "customers", "debts"}, {"store1"}));
        CHECK(balance_of(*replica, "17827") == 500);
        CHECK(record_of(*replica, "17827").parts.size() == 1);
        CHECK_FALSE(stock_of(*replica, store2, "22111"));
        CHECK(replica->position(store2.store(), "stock") == schema::Sequence{0});
        check_sums(*replica);
    }
    {
        const auto replica = open_replica(replica_options(folder, "store1", {"stock"}, {"store1"}));
        CHECK(record_of(*replica, "17827").empty());
        CHECK(stock_of(*replica, store1, "22111") == -1'000);
        check_sums(*replica);
    }
    // Taken up again, everything comes from the beginning, once.
    const auto replica = open_replica(replica_options(folder));
    take(*replica, store1.all());
    take(*replica, store2.all());
    CHECK(balance_of(*replica, "17827") == 1'000);
    CHECK(stock_of(*replica, store1, "22111") == -1'000);
    check_sums(*replica);
}

TEST_CASE("replica: what cannot be applied parks its key, and the rest goes on in order") {
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
    log.add("stock", schema::kStockMoved, "4", "damaged");
    log.move("2", 7'000);
    log.move("1", 1'000);
    log.move("5", INT64_MAX);
    log.move("5", 1);
    log.move("5", -2);
    Folder folder;
    auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    take(*replica, log.all());
    for (const bool reopened : {false, true}) {
        CAPTURE(reopened);
        if (reopened) {
            replica.reset();
            replica = open_replica(replica_options(folder));
        }
        CHECK(stock_of(*replica, log, "1") == 2'000);
        CHECK_FALSE(stock_of(*replica, log, "2"));
        CHECK(stock_of(*replica, log, "5") == INT64_MAX);
        CHECK(replica->position(log.store(), "stock") == schema::Sequence{9});
        std::vector<std::string> keys;
        for (const auto& parked : replica->parked().all()) keys.push_back(parked.key);
        CHECK(keys == std::vector<std::string>{"2", "3", "4", "5"});
        check_sums(*replica);
    }
    log.move("2", 1'000);
    take(*replica, log.range(9, 10));
    CHECK_FALSE(stock_of(*replica, log, "2"));
}

TEST_CASE(
    "replica: a row that cannot be read stops the log at that row, whatever was before holds") {
    TestLog log("store2");
    log.move("1", 1'000);
    log.move("1", 1'000);
    log.move("1", 1'000);
    auto damaged = log.all();
    damaged.segments[0].rows[1] = "\xc1";
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    const auto taken = replica->take(damaged);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::corrupt);
    REQUIRE(replica->flush());
    CHECK(replica->position(log.store(), "stock") == schema::Sequence{1});
    take(*replica, log.range(1, 3, {"stock"}));
    CHECK(stock_of(*replica, log, "1") == 3'000);
}

TEST_CASE("replica: a balance that leaves 64 bits is said, whatever order its stores came in") {
    TestLog store1("store1"), store2("store2");
    store1.debt("big", INT64_MAX);
    store1.debt("small", 1);
    store2.debt("big", INT64_MAX);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, store2.all());
    take(*replica, store1.all());
    const core::ManualClock clock;
    const Asked asked{clock, *replica, {}};
    schema::Query query;
    query.kind = QueryKind::debt;
    query.key = "big";
    const auto answer = asked.ask(query);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::overflow);
    const auto rows = asked.pages(QueryKind::export_debts);
    REQUIRE(rows.size() == 2);
    CHECK(field(rows[0], "overflow") != "(none)");
    CHECK(rows[1].value == 1);
}

TEST_CASE("replica: an application topic keeps the newest value by key, unread") {
    TestLog log("store1"), other("store2");
    log.add("names", schema::kAppValue, "22423", "old");
    log.add("names", schema::kAppEvent, "22423", "seen");
    log.add("names", schema::kAppValue, "22423", std::string("\x00new", 4), 5);
    other.add("names", schema::kAppValue, "22423", "theirs");
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store1", {"names"}));
    take(*replica, log.all());
    take(*replica, other.all());
    log.open_epoch(2);
    log.add("names", schema::kAppValue, "other", "x");
    take(*replica, log.range(3, 5));
    const core::ManualClock clock;
    schema::Query query;
    query.kind = QueryKind::value;
    query.topic = "names";
    query.key = "22423";
    const auto answer = Asked{clock, *replica, {}}.ask(query);
    REQUIRE(answer);
    REQUIRE(answer->rows.size() == 2);
    CHECK(answer->rows[0].payload == std::string("\x00new", 4));
    CHECK(answer->rows[1].payload == "theirs");
    check_sums(*replica);
}

TEST_CASE("S45: transfers come out the same whichever log comes first, and goods count once") {
    TestLog warehouse("warehouse"), store3("store3");
    warehouse.move("22423", -48'000);
    warehouse.transfer(schema::kTransferSent, "T1", "store3", "22423", 48'000);
    warehouse.move("22423", -10'000);
    warehouse.transfer(schema::kTransferSent, "T2", "store3", "22423", 10'000);
    store3.move("22423", 48'000);
    store3.transfer(schema::kTransferReceived, "T1", "warehouse", "22423", 48'000);
    const core::ManualClock clock;
    for (const bool lorry_first : {true, false}) {
        CAPTURE(lorry_first);
        Folder folder;
        const auto replica = open_replica(replica_options(folder));
        const Asked asked{clock, *replica, {}};
        take(*replica, (lorry_first ? store3 : warehouse).all());
        if (lorry_first) {  // On hand here already, so out with the other sign.
            const auto early = asked.pages(QueryKind::list_transfers);
            REQUIRE(early.size() == 1);
            CHECK(early[0].value == -48'000);
            CHECK(field(early[0], "state") == "received early");
        }
        take(*replica, (lorry_first ? warehouse : store3).all());
        const auto rows = asked.pages(QueryKind::export_in_transit);
        REQUIRE(rows.size() == 1);
        CHECK(rows[0].key == "T2");
        CHECK(rows[0].value == 10'000);
        CHECK(field(rows[0], "from") == "warehouse");
        CHECK(field(rows[0], "to") == "store3");
        CHECK(field(rows[0], "sku") == "22423");
        check_sums(*replica);
    }
}

TEST_CASE("replica: another process's replica stays closed") {
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    const auto second = Replica::open(replica_options(folder));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::locked);
}

TEST_CASE("replica: without room nothing is written, and it goes on when there is room") {
    TestLog log("store1");
    log.move("1", 1'000);
    log.debt("c", 100);
    Folder folder;
    auto options = replica_options(folder);
    options.store.free_bytes_floor = UINT64_MAX;
    {
        const auto replica = open_replica(options);
        REQUIRE(replica->take(log.all()));
        for (int i = 0; i < 2; ++i) {
            const auto flushed = replica->flush();
            REQUIRE_FALSE(flushed);
            CHECK(flushed.error().code == Errc::no_space);
            CHECK(replica->position(log.store(), "stock") == schema::Sequence{0});
            CHECK_FALSE(stock_of(*replica, log, "1"));
        }
    }
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    CHECK(stock_of(*replica, log, "1") == 1'000);
}
