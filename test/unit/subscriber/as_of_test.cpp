#include "subscriber/as_of.h"

#include <doctest/doctest.h>

#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::QueryKind;
using schema::Verdict;

namespace {

constexpr std::int64_t kMinute = 60 * core::kSecond;

}  // namespace

TEST_CASE("S21: a quiet store is not a stale one: without a sale for ten minutes as-of goes on") {
    core::ManualClock clock;
    TestLog log("store1");
    log.move("22423", -1'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, log.all());
    const Asked asked{clock, *replica, {}};
    for (std::uint64_t counter = 1; counter <= 120; ++counter) {
        clock.advance(5 * core::kSecond);
        replica->marked(log.mark(clock, counter), "broker head");
        const auto row = asked.row(QueryKind::stock, "22423");
        CHECK(row.freshness.as_of == clock.wall());
        CHECK(row.freshness.age_us == 0);
        CHECK(row.freshness.verdict == Verdict::fresh);
    }
    CHECK(asked.row(QueryKind::stock, "22423").freshness.source == "broker head");
}

TEST_CASE("S29: with the line cut as-of stands still, the answer goes on and says how old it is") {
    core::ManualClock clock;
    TestLog log("store1");
    log.move("22423", -1'000);
    Folder folder;
    auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, log.all());
    replica->marked(log.mark(clock, 1), "broker head");
    const auto stamp = clock.wall();
    for (int minute = 1; minute <= 12; ++minute) {
        clock.advance(kMinute);
        const auto row = Asked{clock, *replica, {}}.row(QueryKind::stock, "22423");
        CHECK(row.value == -1'000);
        CHECK(row.freshness.as_of == stamp);
        CHECK(row.freshness.age_us == minute * kMinute);
        CHECK(row.freshness.age_exact);
        CHECK(row.freshness.verdict == (minute <= 10 ? Verdict::fresh : Verdict::ask));
    }
    // A restart of the process loses nothing of it; a restart of the machine makes it "at least".
    REQUIRE(replica->flush());
    replica.reset();
    replica = open_replica(replica_options(folder, "store2"));
    auto row = Asked{clock, *replica, {}}.row(QueryKind::stock, "22423");
    CHECK(row.freshness.as_of == stamp);
    CHECK(row.freshness.age_us == 12 * kMinute);
    CHECK(row.freshness.age_exact);
    CHECK(row.freshness.source == "broker head");
    clock.reboot("boot-2");
    row = Asked{clock, *replica, {}}.row(QueryKind::stock, "22423");
    CHECK_FALSE(row.freshness.age_exact);
    CHECK(row.freshness.verdict == Verdict::notice);
}

TEST_CASE(
    "S29: scenarios 8 and 9, what a store said last is dated from then, however late the others "
    "are") {
    core::ManualClock clock;
    TestLog store5("store5"), store7("store7"), home("store3");
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store3"));
    const auto until = [&](const char* time) {
        const auto at = *schema::parse_timestamp(time);
        clock.advance(at.value() - clock.wall().value());
        return at;
    };
    store7.move("85123A", -4'000);
    take(*replica, store7.all());
    const auto cut_off = until("2010-12-03T22:00:00Z");
    replica->marked(store7.mark(clock, 1), "broker head");

    store5.move("22943", 8'000);
    store5.debt("14944", -3'960);
    store5.transfer(schema::kTransferSent, "R2010-12-22-5-3-22943", "store3", "22943", 8'000);
    store5.move("22943", -8'000);
    take(*replica, store5.all());
    const auto sent = until("2010-12-22T22:00:00Z");
    replica->marked(store5.mark(clock, 1), "broker head");
    for (std::uint64_t day = 1; day <= 12; ++day) {
        clock.advance(24 * 60 * kMinute);
        home.move("85123A", -1'000);
        take(*replica, home.range(day - 1, day));
        replica->marked(home.mark(clock, day), "broker head");
        const Asked asked{clock, *replica, {}};
        const auto stock = asked.row(QueryKind::stock, "22943");
        CHECK(stock.value == 0);
        CHECK(stock.freshness.as_of == sent);
        CHECK(stock.freshness.age_us == static_cast<std::int64_t>(day) * 24 * 60 * kMinute);
        CHECK(stock.freshness.verdict != Verdict::fresh);
        const auto out = asked.pages(QueryKind::list_transfers);
        REQUIRE(out.size() == 1);
        CHECK(out[0].value == 8'000);
        CHECK(out[0].freshness.as_of <= sent);
        const auto debt = asked.row(QueryKind::debt, "14944");
        CHECK(debt.value == -3'960);
        CHECK(debt.freshness.as_of <= sent);
        schema::Query query;
        query.kind = QueryKind::stock;
        query.key = "85123A";
        query.store = "store7";
        const auto of_store7 = asked.pages(query);
        REQUIRE(of_store7.size() == 1);
        CHECK(of_store7[0].freshness.as_of == cut_off);
    }
}

TEST_CASE("S21: without any mark the answer is from never, and not to be used") {
    const core::ManualClock clock;
    TestLog log("store1");
    log.move("22423", -1'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, log.all());
    const auto row = Asked{clock, *replica, {}}.row(QueryKind::stock, "22423");
    CHECK_FALSE(row.freshness.ever);
    CHECK(row.freshness.verdict == Verdict::refuse);
    REQUIRE(row.freshness.positions.size() == 1);
    CHECK(row.freshness.positions[0].seq == schema::Sequence{1});
}

TEST_CASE("as-of: an answer never claims a mark that its rows have not reached") {
    core::ManualClock clock;
    TestLog log("store1");
    log.move("22423", -1'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, log.all());
    replica->marked(log.mark(clock, 1), "broker head");
    const auto first = clock.wall();
    const auto as_of = [&](const std::string& topic) {
        return replica->heard(log.store(), topic, clock).as_of;
    };

    clock.advance(kMinute);
    log.debt("17827", 100);
    log.move("22423", -1'000);
    log.debt("17827", 100);
    replica->marked(log.mark(clock, 2), "broker head");
    CHECK(as_of("stock") == first);
    CHECK(as_of("debts") == first);
    CHECK(as_of("customers") == clock.wall());  // Nothing of it happened: it is as new as the mark.

    REQUIRE(replica->take(log.range(1, 3)));
    CHECK(as_of("stock") == first);  // Staged is not held.
    REQUIRE(replica->flush());
    CHECK(as_of("stock") == clock.wall());
    CHECK(as_of("debts") == first);
    take(*replica, log.range(3, 4));
    CHECK(as_of("debts") == clock.wall());
}

TEST_CASE("as-of: while a long log is read, it goes on by the marks that were passed") {
    core::ManualClock clock;
    AsOfBook book;
    TestLog log("store1");
    std::map<std::string, schema::Sequence> held{{"stock", schema::Sequence{0}}};
    std::vector<schema::Timestamp> stamps;
    for (std::uint64_t i = 1; i <= 40; ++i) {
        log.move("1", 1);
        clock.advance(core::kSecond);
        stamps.push_back(clock.wall());
        book.offer(log.mark(clock, i), "s");
        CHECK(book.advance(log.store(), log.epoch, held).empty());
    }
    for (std::uint64_t i = 1; i <= 40; ++i) {
        held["stock"] = schema::Sequence{i};
        book.advance(log.store(), log.epoch, held);
        const AsOfMark* mark = book.find(log.store(), "stock");
        REQUIRE(mark != nullptr);
        CHECK(mark->held.mark.at == stamps[i <= 15 || i == 40 ? i - 1 : 14]);
    }
}

TEST_CASE("as-of: an older mark never takes the place of a newer one") {
    core::ManualClock clock;
    TestLog log("store1");
    AsOfBook book;
    const std::map<std::string, schema::Sequence> held{{"stock", schema::Sequence{0}}};
    const auto old = log.mark(clock, 7);
    clock.set_wall(schema::Timestamp{1});  // The store's clock went back; counters did not.
    const auto newer = log.mark(clock, 8);
    book.offer(newer, "a");
    book.advance(log.store(), log.epoch, held);
    book.offer(old, "b");
    CHECK(book.advance(log.store(), log.epoch, held).empty());
    CHECK(book.find(log.store(), "stock")->held.mark.at == schema::Timestamp{1});
}

TEST_CASE("as-of: positions of an older epoch do not reach a newer epoch's mark") {
    core::ManualClock clock;
    TestLog log("store1");
    log.move("1", 1);
    log.epoch = schema::Epoch{2};
    AsOfBook book;
    book.offer(log.mark(clock, 1), "a");
    const std::map<std::string, schema::Sequence> held{{"stock", schema::Sequence{5}}};
    CHECK(book.advance(log.store(), schema::Epoch{1}, held).empty());
    CHECK(book.advance(log.store(), schema::Epoch{2}, held).size() == 1);
    // Nor does a topic that the new life has no event of, where the old one had: that tail is over.
    const std::map<std::string, schema::Sequence> dead{{"debts", schema::Sequence{5}}};
    CHECK(book.advance(log.store(), schema::Epoch{1}, dead).empty());
    const std::map<std::string, schema::Sequence> none{{"debts", schema::Sequence{0}}};
    CHECK(book.advance(log.store(), schema::Epoch{1}, none).size() == 1);
}
