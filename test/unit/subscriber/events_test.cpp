// What a replica tells from the events it keeps as they came.
#include <doctest/doctest.h>

#include "schema/trade_payloads.h"
#include "subscriber/answers.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Query;
using schema::QueryKind;
using schema::Sequence;

namespace {

Query why(const std::string& topic, const std::string& key, const std::string& store = {}) {
    Query query;
    query.kind = QueryKind::why;
    query.topic = topic;
    query.key = key;
    query.store = store;
    return query;
}

std::int64_t sum_of(const std::vector<schema::AnswerRow>& rows) {
    std::int64_t sum = 0;
    for (const auto& row : rows) sum += row.value;
    return sum;
}

/// Its own event, as the row of an answer carries it.
schema::Event event_of(const schema::AnswerRow& row) {
    schema::Parser parser;
    schema::Event event;
    const auto read = schema::decode_row(parser, row.payload, event);
    REQUIRE_MESSAGE(read, read.error().message);
    return event;
}

}  // namespace

TEST_CASE("N10: why has every event behind a number, with its place and when it came") {
    TestLog store1("store1"), store2("store2");
    store1.move("22423", 5'000);
    store1.debt("22423", 77);  // The same key in another topic is something else.
    store1.move("224230", 9'000);
    store2.move("22423", -1'500);
    store2.move("22423", 500);
    Folder folder;
    auto replica = open_replica(replica_options(folder, "store9"));
    for (const TestLog* log : {&store1, &store2}) {
        REQUIRE(replica->take(log->all(), {}, schema::Timestamp{1'291'204'800'000'000}));
        REQUIRE(replica->take(log->all(), {}, schema::Timestamp{1'291'204'900'000'000}));
    }
    REQUIRE(replica->flush());
    replica.reset();
    replica = open_replica(replica_options(folder, "store9"));
    const core::ManualClock clock;
    const Asked asked{clock, *replica, {}};
    const auto rows = asked.pages(why("stock", "22423"));
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].store == "store1");
    CHECK(field(rows[0], "seq") == "1");
    CHECK(field(rows[0], "epoch") == "1");
    CHECK(field(rows[0], "arrived") == "2010-12-01T12:00:00Z");
    CHECK(event_of(rows[0]).kind == "stock.moved");
    CHECK(rows[1].value == -1'500);
    CHECK(rows[2].value == 500);
    CHECK(asked.pages(why("stock", "22423", "store2")).size() == 2);
    CHECK(asked.pages(why("debts", "22423")).size() == 1);
    CHECK(asked.pages(why("stock", "none")).empty());
}

TEST_CASE("N10: the events behind a number add up to it, however their log was cut and joined") {
    TestLog log("store2");
    for (int i = 1; i <= 300; ++i) {
        log.move("a", i);
        log.move("b", 1);
    }
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    std::uint64_t at = 0;
    for (const std::uint64_t step : {1, 7, 100, 50, 442}) {
        // Ranges overlap by up to three rows.
        take(*replica, log.range(at - std::min<std::uint64_t>(at, 3), at + step));
        at += step;
    }
    const core::ManualClock clock;
    const Asked asked{clock, *replica, {}};
    const auto rows = asked.pages(why("stock", "a"));
    CHECK(rows.size() == 300);
    CHECK(sum_of(rows) == *stock_of(*replica, log, "a"));
    for (std::size_t i = 1; i < rows.size(); ++i) {
        CHECK(std::stoul(field(rows[i - 1], "seq")) < std::stoul(field(rows[i], "seq")));
    }
    std::vector<schema::Sequence> read;
    const auto reached = replica->received().read(
        {log.store(), "stock", Sequence{10}, Sequence{20}, {}, 0}, [&](const auto& received) {
            read.push_back(received.logged.seq);
            return true;
        });
    REQUIRE(reached);
    CHECK(*reached == Sequence{20});
    REQUIRE(read.size() == 10);
    CHECK(read.front() == Sequence{11});
    CHECK(read.back() == Sequence{20});
}

TEST_CASE("N10: a reading that is broken off goes on where it ended") {
    TestLog log("store2");
    for (int i = 1; i <= 50; ++i) log.move("a", i);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    for (std::uint64_t at = 0; at < 50; at += 10) take(*replica, log.range(at, at + 10));
    std::size_t rows = 0;
    Sequence after;
    int readings = 0;
    while (after < Sequence{50}) {
        const std::size_t stop = rows + 7;
        const auto reached = replica->received().read(
            {log.store(), "stock", after, Sequence{50}, {}, 10}, [&](const auto& received) {
                ++rows;
                CHECK(received.logged.seq == Sequence{rows});
                return rows < stop;
            });
        REQUIRE(reached);
        REQUIRE(after < *reached);
        after = *reached;
        ++readings;
    }
    CHECK(rows == 50);
    CHECK(readings > 5);
}

TEST_CASE("N10: parked and pending events are marked, and parked ones add nothing") {
    TestLog own("store1"), home("store2");
    home.customer("c", "store2", "", 1);
    own.debt("c", 100);
    schema::Event newer;
    newer.topic = "debts";
    newer.kind = schema::kDebtMoved;
    newer.version = 9;
    newer.key = "c";
    home.debt("c", 7);
    home.add(newer);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, home.all());
    take(*replica, own.all());
    const core::ManualClock clock;
    const Asked asked{clock, *replica, {}};
    const auto rows = asked.pages(why("debts", "c"));
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].store == "store1");
    CHECK(rows[0].pending == 1);
    CHECK(rows[1].pending == 0);
    CHECK(field(rows[1], "parked") == "(none)");
    CHECK(field(rows[2], "parked").find("version 9") != std::string::npos);
    CHECK(rows[2].value == 0);
    CHECK(sum_of(rows) == balance_of(*replica, "c"));
}

TEST_CASE("N10: what is dropped of a log is dropped with its events") {
    TestLog store1("store1"), store2("store2");
    for (TestLog* log : {&store1, &store2}) {
        log->move("a", 1);
        log->debt("a", 5);
    }
    Folder folder;
    {
        const auto replica = open_replica(replica_options(folder));
        for (const TestLog* log : {&store1, &store2}) take(*replica, log->all());
    }
    const core::ManualClock clock;
    const auto replica = open_replica(
        replica_options(folder, "store1", {"stock", "customers", "debts"}, {"store1"}));
    const Asked asked{clock, *replica, {}};
    CHECK(asked.pages(why("stock", "a")).size() == 1);
    std::size_t rows = 0;
    REQUIRE(replica->received().read({store2.store(), "stock", {}, Sequence{9}, {}, 0},
                                     [&](const auto&) { return ++rows > 0; }));
    CHECK(rows == 0);
}

TEST_CASE("S14: flagged events are counted by store and flag over all pages") {
    TestLog store1("store1"), store2("store2");
    const auto flagged = [](std::uint64_t flags) {
        return schema::encode(
            schema::StockMoved{schema::Quantity{-1}, "sale", "", flags, schema::UnitCost{}});
    };
    for (int i = 0; i < 3; ++i) store1.add("stock", schema::kStockMoved, "a", flagged(2));
    store1.add("stock", schema::kStockMoved, "a", flagged(3));
    store1.move("a", 1);
    store2.add("debts", schema::kDebtMoved, "c",
               schema::encode(schema::DebtMoved{schema::Money{1}, "charge", "", 4}));
    schema::TransferStep step{"store1", "a", schema::Quantity{1}, {}, "", 256};
    store2.add("control", schema::kTransferWrittenOff, "T1", schema::encode(step));
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    for (const TestLog* log : {&store1, &store2}) take(*replica, log->all());
    const core::ManualClock clock;
    std::map<std::string, std::int64_t> counts;
    for (const auto& row : Asked{clock, *replica, {}}.pages(QueryKind::flagged)) {
        counts[row.store + " " + row.key] += row.value;
    }
    const std::map<std::string, std::int64_t> expected{
        {"store1 1", 1}, {"store1 2", 4}, {"store2 4", 1}, {"store2 256", 1}};
    CHECK(counts == expected);
}
