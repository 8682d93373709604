// A log over a line that is slow or paid by the byte.
#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/broker/company.h"

namespace filial::broker {
namespace {

std::int64_t counted(const core::Exchange& exchange, const std::string& name) {
    for (const auto& [each, value] : exchange.counters()) {
        if (each == name) return value;
    }
    return 0;
}

/// Rows and chain heads as if they had never been packed by column.
void check_kept(const core::Journal& journal, const LogMaker& log) {
    const auto kept = journal.read({StoreId{"store1"}, {"*"}, Sequence{0}, 64 << 20});
    REQUIRE(kept);
    const auto head = journal.head(StoreId{"store1"});
    const schema::Range expected = log.range(0, log.size());
    REQUIRE(kept->count() == expected.count());
    for (const schema::Segment& segment : expected.segments) {
        const auto same = [&](const schema::Segment& other) {
            return other.topic == segment.topic && other.rows == segment.rows &&
                   other.seqs == segment.seqs;
        };
        CHECK(std::any_of(kept->segments.begin(), kept->segments.end(), same));
        const auto chain = schema::chain_after(StoreId{"store1"}, segment, {});
        REQUIRE(chain);
        CHECK(head->find(segment.topic)->chain == *chain);
    }
}

}  // namespace

TEST_CASE("broker: over a dear line a log comes by column, and is kept as it would be otherwise") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(100);
    Source source(log);
    auto store = company.dial(source, company.machine(1), "dear");
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{101}; }));
    check_kept(*company.journal, log);
    const auto first = counted(*store, "block_bytes_out");
    CHECK(first > 0);
    CHECK(first < 101 * 12);

    // Another session goes on from what the broker's log says.
    store.reset();
    log.sell(50);
    store = company.dial(source, company.machine(1), "dear");
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{151}; }));
    check_kept(*company.journal, log);
    CHECK(counted(*store, "block_bytes_out") < 50 * 12);
    CHECK(counted(company.head, "dictionaries_missing") == 0);
}

TEST_CASE("broker: rows that blocks build on are given again as they were taken") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(60);
    Source source(log);
    auto store = company.dial(source, company.machine(1), "dear");
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{61}; }));
    CHECK(company.broker->keeps_rows());
    const core::ReadRequest all{StoreId{"store1"}, {"*"}, Sequence{20}, 64 << 20};
    const auto rows = company.broker->held_rows(all, Sequence{61});
    REQUIRE(rows);
    CHECK(rows->after == Sequence{20});
    CHECK(rows->upto == Sequence{61});
    const schema::Range expected = log.range(20, 61);
    REQUIRE(rows->segments.size() == expected.segments.size());
    CHECK(rows->count() == 41);
    for (const schema::Segment& segment : rows->segments) {
        const auto same = [&](const schema::Segment& other) {
            return other.topic == segment.topic && other.rows == segment.rows &&
                   other.seqs == segment.seqs && other.clients == segment.clients;
        };
        CHECK(std::any_of(expected.segments.begin(), expected.segments.end(), same));
    }
    // Of a log that is not here there are none.
    const core::ReadRequest other{StoreId{"store7"}, {"*"}, Sequence{0}, 64 << 20};
    const auto none = company.broker->held_rows(other, Sequence{5});
    CHECK((!none || none->upto < Sequence{5}));
}

TEST_CASE("broker: a block that builds on other events than are held is asked for by itself") {
    Company company;
    company.admit("store1");
    LogMaker log("store1"), other("store1");
    log.sell(60);
    Source source(log);
    auto store = company.dial(source, company.machine(1), "dear");
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{61}; }));
    store.reset();

    // What stands before differs there, what comes now does not.
    for (int i = 0; i < 60; ++i) other.add("prices", "app.value", "other " + std::to_string(i * i));
    other.sell(30);
    Source second(other);
    store = company.dial(second, company.machine(1), "dear");
    CHECK(company.run(*store, [&] { return company.end() == Sequence{91}; }));
    CHECK(counted(company.head, "dictionaries_missing") == 1);
    const auto kept = company.journal->read({StoreId{"store1"}, {"*"}, Sequence{61}, 64 << 20});
    REQUIRE(kept);
    CHECK(kept->count() == 30);
}

}  // namespace filial::broker
