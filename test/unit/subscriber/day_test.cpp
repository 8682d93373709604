#include <doctest/doctest.h>

#include <algorithm>

#include "schema/trade_payloads.h"
#include "subscriber/answers.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::DayClosed;
using schema::Errc;
using schema::Position;
using schema::Query;
using schema::QueryKind;

namespace {

constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kMidnight = 1'291'161'600'000'000;  // 2010-12-01T00:00:00Z

void sale(TestLog& log, std::int64_t at, std::int64_t thousandths) {
    log.add("stock", schema::kStockMoved, "a",
            schema::encode(schema::StockMoved{schema::Quantity{-thousandths}, "sale", "", 0,
                                              schema::UnitCost{}}),
            at);
}

void close(TestLog& log, const std::string& date, std::vector<Position> cut,
           const std::string& previous, std::vector<std::string> late = {}) {
    log.add("control", schema::kDayClosed, date,
            schema::encode(DayClosed{0, std::move(cut), std::move(late), previous}));
}

Position at(const TestLog& log, std::uint64_t seq) {
    return {log.store(), log.epoch, schema::Sequence{seq}};
}

std::string totals_told(const std::vector<schema::AnswerRow>& rows) {
    std::string text;
    for (const auto& row : rows) {
        text += row.store + " " + row.key + " " + field(row, "counts") + " sold " +
                field(row, "sold") + " charged " + field(row, "charged") + "\n";
    }
    return text;
}

Query totals(const std::string& date) {
    Query query;
    query.kind = QueryKind::day_totals;
    query.store = "head";
    query.key = date;
    return query;
}

}  // namespace

TEST_CASE(
    "N12: any store recomputes the same totals of a cut, and late events fall into the next") {
    TestLog head("head"), store1("store1"), store7("store7");
    sale(store1, kMidnight + 9 * kHour, 2'000);
    sale(store1, kMidnight + 10 * kHour, 1'500);
    store1.debt("c", 4'000);  // At time 0: a till with a wrong date.
    sale(store7, kMidnight + 11 * kHour, 5'000);
    close(head, "2010-12-01", {at(store1, 2), at(store7, 0)}, "");
    sale(store1, kMidnight + 33 * kHour, 3'000);
    sale(store7, kMidnight + 58 * kHour, 9'000);  // Dated after the day that it counts into.
    close(head, "2010-12-02", {at(store1, 4), at(store7, 2)}, "2010-12-01");

    const std::string first = "store1 2010-12-01 day sold 3.5 charged 0.00\n";
    const std::string second =
        "store1 1970-01-01 late sold 0 charged 40.00\n"
        "store1 2010-12-02 day sold 3 charged 0.00\n"
        "store7 2010-12-01 late sold 5 charged 0.00\n"
        "store7 2010-12-03 ahead sold 9 charged 0.00\n";
    const core::ManualClock clock;
    std::vector<const TestLog*> order{&head, &store1, &store7};
    std::sort(order.begin(), order.end());
    do {
        Folder folder;
        const auto replica = open_replica(replica_options(folder, "store7"));
        for (const TestLog* log : order) {
            take(*replica, log->all());
            take(*replica, log->all());
        }
        const Asked asked{clock, *replica, {}};
        CHECK(totals_told(asked.pages(totals("2010-12-01"))) == first);
        CHECK(totals_told(asked.pages(totals("2010-12-02"))) == second);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("N12: totals are refused until every log of the cut is here") {
    TestLog head("head"), store1("store1");
    sale(store1, kMidnight, 1'000);
    sale(store1, kMidnight, 1'000);
    close(head, "2010-12-01", {at(store1, 2)}, "");
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, head.all());
    take(*replica, store1.range(0, 1));
    const Asked asked{clock, *replica, {}};
    CHECK(asked.ask(totals("2010-12-01")).error().code == Errc::stale);
    CHECK(asked.ask(totals("2010-12-02")).error().code == Errc::not_found);
    take(*replica, store1.range(1, 2));
    CHECK(totals_told(asked.pages(totals("2010-12-01"))) ==
          "store1 2010-12-01 day sold 2 charged 0.00\n");
}

TEST_CASE("N12: a closed day names the stores that were late, once, also where nothing counts") {
    TestLog head("head"), store1("store1"), store2("store2");
    sale(store1, kMidnight, 1'000);
    sale(store2, kMidnight, 2'000);
    close(head, "2010-12-01", {at(store1, 1), at(store2, 1)}, "", {"store7", "store9"});
    close(head, "2010-12-02", {at(store1, 1), at(store2, 1)}, "2010-12-01", {"store9"});
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    for (const TestLog* log : {&head, &store1, &store2}) take(*replica, log->all());
    const Asked asked{clock, *replica, {}};
    CHECK(totals_told(asked.pages(totals("2010-12-01"))) ==
          "store7 2010-12-01 unheard sold (none) charged (none)\n"
          "store9 2010-12-01 unheard sold (none) charged (none)\n"
          "store1 2010-12-01 day sold 1 charged 0.00\n"
          "store2 2010-12-01 day sold 2 charged 0.00\n");
    CHECK(totals_told(asked.pages(totals("2010-12-02"))) ==
          "store9 2010-12-02 unheard sold (none) charged (none)\n");
}

TEST_CASE("N12: a store counts up to where all its topics are here") {
    TestLog store1("store1");
    for (int i = 0; i < 5; ++i) store1.move("a", 1);
    Folder folder;
    core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, store1.range(0, 5, {"stock"}));
    take(*replica, store1.range(0, 3, {"accounts", "control", "customers", "debts"}));
    replica->marked(store1.mark(clock, 1), "own publisher");
    const auto rows = Asked{clock, *replica, {}}.pages(QueryKind::reached);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].store == "store1");
    CHECK(rows[0].value == 3);
    CHECK(field(rows[0], "epoch") == "1");
    CHECK(rows[0].freshness.ever);
}
