// Epochs: each begins with its record, right behind what is held, or the log is loaded again.
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;

TEST_CASE("replica: an older epoch is refused, and sums go over epochs") {
    TestLog log("store1");
    log.move("22111", -1'000);
    log.move("22112", -1'000);
    Folder folder;
    auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    log.open_epoch(2);
    log.move("22111", -5'000);
    take(*replica, log.range(2, 4));
    CHECK(stock_of(*replica, log, "22111") == -6'000);
    CHECK(replica->epoch(log.store()) == schema::Epoch{2});
    check_sums(*replica);

    log.epoch = schema::Epoch{1};
    log.move("22111", -7'000);
    const auto old = replica->take(log.range(4, 5));
    REQUIRE_FALSE(old);
    CHECK(old.error().code == Errc::stale_incarnation);

    // Also when both epochs come before the database has seen any of it, and after a restart.
    replica.reset();
    replica = open_replica(replica_options(folder));
    TestLog next = log.until(4);
    next.open_epoch(3);
    next.move("22111", -7'000);
    REQUIRE(replica->take(next.range(4, 6)));
    next.open_epoch(4);
    next.move("22111", -1'000);
    REQUIRE(replica->take(next.range(6, 8)));
    REQUIRE(replica->flush());
    CHECK(stock_of(*replica, next, "22111") == -14'000);
    check_sums(*replica);
}

TEST_CASE("replica: a mark of a later epoch that ends below what is held says so at once") {
    TestLog log("store1"), other("store2");
    for (int i = 0; i < 6; ++i) log.move("22111", -1'000);
    other.move("22111", -2'000);
    Folder folder;
    auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    take(*replica, other.all());
    core::ManualClock clock;
    CHECK_FALSE(*replica->overtaken(log.mark(clock, 1).mark));
    TestLog next = log.until(2);
    next.open_epoch(2);
    next.move("22111", -5'000);
    REQUIRE(replica->overtaken(next.mark(clock, 2).mark).value_or(false));
    CHECK(replica->position(log.store(), "stock").value() == 0);
    CHECK(replica->position(other.store(), "stock").value() == 1);
    // Another source has the tail, too: it is not loaded again at each mark.
    take(*replica, log.all());
    CHECK_FALSE(*replica->overtaken(next.mark(clock, 3).mark));
    clock.advance(60 * core::kSecond);
    CHECK(replica->overtaken(next.mark(clock, 4).mark).value_or(false));
    take(*replica, log.all());
    clock.advance(60 * core::kSecond);
    CHECK_FALSE(*replica->overtaken(next.mark(clock, 5).mark));
    clock.advance(60 * core::kSecond);
    CHECK(replica->overtaken(next.mark(clock, 6).mark).value_or(false));
    // A clock that was set back does not put it off, wherever it was set.
    auto earliest = next.mark(clock, 7).mark;
    earliest.at = schema::Timestamp{INT64_MIN};
    take(*replica, log.all());
    CHECK(replica->overtaken(earliest).value_or(false));
    TestLog first = log.until(2);
    take(*replica, first.all());
    take(*replica, next.range(2, 4));
    CHECK_FALSE(*replica->overtaken(next.mark(clock, 8).mark));
    CHECK(stock_of(*replica, next, "22111") == -7'000);
    check_sums(*replica);
}

TEST_CASE("replica: so does one that ends just where the tail ends that is held") {
    TestLog log("store1");
    for (int i = 0; i < 6; ++i) log.move("22111", -1'000);
    TestLog next = log.until(4);
    next.open_epoch(2);
    next.move("22111", -5'000);
    core::ManualClock clock;
    for (const bool other_half : {true, false}) {
        CAPTURE(other_half);
        Folder folder;
        auto replica = open_replica(replica_options(folder));
        take(*replica, other_half ? log.all() : log.until(4).all());
        if (!other_half) take(*replica, next.range(4, 6));
        CHECK(replica->overtaken(next.mark(clock, 1).mark).value_or(!other_half) == other_half);
    }
    // What it has not read yet is no other half.
    Folder folder;
    auto replica = open_replica(replica_options(folder));
    take(*replica, log.until(4).all());
    CHECK_FALSE(replica->overtaken(next.mark(clock, 1).mark).value_or(true));
}

TEST_CASE("replica: a new epoch that goes on below what is held reloads that log alone") {
    TestLog log("store1"), other("store2");
    log.move("22111", -1'000);
    log.move("22111", -1'000);
    log.debt("17827", 100);
    other.move("22111", -9'000);
    other.debt("17827", 100);
    TestLog restored = log.until(1);
    restored.open_epoch(2);
    for (int i = 0; i < 3; ++i) restored.move("22111", -2'000);

    // Its record comes, or only what stands behind it.
    for (const std::uint64_t after : {1, 3}) {
        CAPTURE(after);
        Folder folder;
        const auto replica = open_replica(replica_options(folder));
        take(*replica, log.all());
        take(*replica, other.all());
        const auto reload = replica->take(restored.range(after, 5));
        REQUIRE_FALSE(reload);
        CHECK(reload.error().code == Errc::gap);
        for (const char* part : {"store1", "epoch 2", "epoch 1 is held up to 3"}) {
            CAPTURE(part);
            CHECK(reload.error().message.find(part) != std::string::npos);
        }
        CHECK(replica->position(log.store(), "stock") == schema::Sequence{0});
        take(*replica, log.range(0, 1));
        take(*replica, restored.range(1, 5));
        CHECK(stock_of(*replica, log, "22111") == -7'000);
        CHECK(stock_of(*replica, other, "22111") == -9'000);
        CHECK(balance_of(*replica, "17827") == 100);
        CHECK(replica->epoch(log.store()) == schema::Epoch{2});
        check_sums(*replica);
    }
}

TEST_CASE(
    "replica: a topic that came first, from a later epoch alone, keeps the others out of none") {
    TestLog log("store1");
    log.move("22111", -1'000);
    log.move("22111", -1'000);
    log.open_epoch(2);
    log.debt("17827", 100);
    log.move("22111", -5'000);
    TestLog first = log.until(2);
    first.epoch = schema::Epoch{1};
    Folder folder;
    auto replica = open_replica(replica_options(folder));
    // As where the log was dropped while only `debts` was asked for.
    take(*replica, log.range(0, 5, {"debts"}));
    CHECK(replica->epoch(log.store()) == schema::Epoch{2});
    for (const bool restart : {false, true}) {
        CAPTURE(restart);
        if (restart) {
            take(*replica, log.range(0, 5, {"debts"}));
            replica.reset();
            replica = open_replica(replica_options(folder));
        }
        const auto others = replica->take(first.range(0, 2, {"stock", "control", "customers"}));
        REQUIRE_FALSE(others);
        CHECK(others.error().code == Errc::gap);
        CHECK(others.error().message.find("goes on from epoch 1 at a place that is not known") !=
              std::string::npos);
        CHECK(replica->position(log.store(), "debts").value() == 0);
        take(*replica, first.all());
        take(*replica, log.range(2, 5));
        CHECK(stock_of(*replica, log, "22111") == -7'000);
        CHECK(balance_of(*replica, "17827") == 100);
        check_sums(*replica);
        // What comes late is of no use, and no reason to load anything again.
        REQUIRE(replica->take(first.all()));
        CHECK(stock_of(*replica, log, "22111") == -7'000);
        if (!restart) REQUIRE(replica->reload(log.store(), ""));
    }
}

TEST_CASE("replica: a log whose next epoch but one goes on without the held one is loaded again") {
    TestLog first("store1");
    for (int i = 0; i < 6; ++i) first.move("22111", -1'000);
    // Read by this replica alone, before its machine was lost.
    TestLog second = first.until(3);
    second.open_epoch(2);
    second.move("22111", -7'000);
    TestLog third = first;
    third.open_epoch(3);
    third.move("22111", -2'000);
    core::ManualClock clock;
    for (const bool by_mark : {false, true}) {
        CAPTURE(by_mark);
        Folder folder;
        auto replica = open_replica(replica_options(folder));
        take(*replica, first.until(3).all());
        take(*replica, second.range(3, 5));
        // As long as nobody speaks of a later epoch, it is the other end that is behind.
        const auto old = replica->take(first.range(5, 6));
        REQUIRE_FALSE(old);
        CHECK(old.error().code == Errc::stale_incarnation);
        if (by_mark) {
            CHECK_FALSE(replica->overtaken(third.mark(clock, 1).mark).value_or(true));
        } else {
            REQUIRE(replica->meet(third.store(), third.epoch, schema::Incarnation{3}));
        }
        const auto reload = replica->take(first.range(5, 6));
        REQUIRE_FALSE(reload);
        CHECK(reload.error().code == Errc::gap);
        CHECK(replica->position(first.store(), "stock").value() == 0);
        take(*replica, first.all());
        take(*replica, third.range(6, 8));
        CHECK(stock_of(*replica, third, "22111") == -8'000);
        CHECK(replica->epoch(third.store()) == schema::Epoch{3});
        check_sums(*replica);
    }
}

TEST_CASE(
    "replica: a source that is behind costs one loading, and the next epoch comes all the same") {
    TestLog first("store1");
    for (int i = 0; i < 6; ++i) first.move("22111", -1'000);
    TestLog second = first.until(3);
    second.open_epoch(2);
    second.move("22111", -7'000);
    TestLog third = second;
    third.open_epoch(3);
    for (int i = 0; i < 4; ++i) third.move("22111", -2'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, first.until(3).all());
    take(*replica, second.range(3, 5));
    REQUIRE(replica->meet(third.store(), third.epoch, schema::Incarnation{3}));
    const std::uint64_t upsets = replica->upsets();
    const auto behind = replica->take(first.range(5, 6));
    REQUIRE_FALSE(behind);
    CHECK(behind.error().code == Errc::gap);
    CHECK(replica->upsets() > upsets);
    // It is the first again.
    take(*replica, first.all());
    const auto again = replica->take(third.range(6, 10));
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::gap);
    take(*replica, first.until(3).all());
    take(*replica, second.range(3, 5));
    take(*replica, third.range(5, 10));
    CHECK(stock_of(*replica, third, "22111") == -18'000);
    check_sums(*replica);
}

TEST_CASE("N8: a new epoch that goes on from other events than are held reloads that log") {
    TestLog held("store1"), other("store2");
    held.move("22111", -1'000);
    TestLog forked = held.until(1);
    held.move("22111", -2'000);
    forked.move("22111", -5'000);
    other.move("22111", -9'000);
    const auto begin = [](TestLog& log) {
        schema::LogOpened opened;
        opened.epoch = schema::Epoch{2};
        opened.continues_from = schema::Sequence{log.size()};
        for (const schema::Segment& segment : log.all().segments) {
            opened.chains.emplace_back(segment.topic,
                                       *schema::chain_after(log.store(), segment, {}));
        }
        log.epoch = opened.epoch;
        log.add("control", schema::kLogOpened, "store1", schema::encode(opened));
        log.move("22111", -100);
    };
    TestLog same = held;
    begin(same);
    begin(forked);
    for (const bool fork : {false, true}) {
        CAPTURE(fork);
        Folder folder;
        const auto replica = open_replica(replica_options(folder));
        take(*replica, held.all());
        take(*replica, other.all());
        const TestLog& log = fork ? forked : same;
        const auto taken = replica->take(log.range(2, 4));
        CHECK(taken.has_value() != fork);
        if (fork) {
            CHECK(taken.error().code == Errc::gap);
            CHECK(replica->position(log.store(), "stock").value() == 0);
            TestLog before = log.until(2);
            before.epoch = schema::Epoch{1};
            take(*replica, before.all());
            take(*replica, log.range(2, 4));
        }
        REQUIRE(replica->flush());
        CHECK(stock_of(*replica, log, "22111") == (fork ? -6'100 : -3'100));
        CHECK(stock_of(*replica, other, "22111") == -9'000);
        check_sums(*replica);
    }
}

TEST_CASE("replica: a new epoch without its record is never taken for a continuation") {
    TestLog log("store1");
    for (int i = 0; i < 4; ++i) log.move("22111", -1'000);
    TestLog broken = log;
    broken.epoch = schema::Epoch{2};
    for (int i = 0; i < 4; ++i) broken.move("22111", -1'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    CHECK(replica->take(broken.range(4, 8)).error().code == Errc::gap);
    // It was loaded again, and the source still leaves it out: that is not tried for ever.
    take(*replica, log.all());
    const auto again = replica->take(broken.range(4, 8));
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::corrupt);
    CHECK(again.error().message.find("(4, 8]") != std::string::npos);
    REQUIRE(replica->flush());
    CHECK(replica->position(log.store(), "stock") == schema::Sequence{4});
    CHECK(replica->epoch(log.store()) == schema::Epoch{1});
    CHECK(stock_of(*replica, log, "22111") == -4'000);
}

TEST_CASE("replica: a range without events says nothing of its epoch") {
    TestLog log("store1");
    for (int i = 0; i < 4; ++i) log.move("22111", -1'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.range(0, 3));
    // The sender has read on into the next epoch, and cut the range where another topic stands.
    auto quiet = log.range(3, 3, {"debts"});
    quiet.epoch = schema::Epoch{2};
    quiet.upto = schema::Sequence{4};
    take(*replica, quiet);
    CHECK(replica->epoch(log.store()) == schema::Epoch{1});
    take(*replica, log.range(3, 4));
    CHECK(stock_of(*replica, log, "22111") == -4'000);
}

TEST_CASE("replica: a topic added in a later epoch comes from the beginning, through all epochs") {
    TestLog log("store1");
    log.debt("17827", 100);
    log.move("22111", -1'000);
    log.debt("17827", 50);
    const TestLog lost = [&] {
        TestLog tail = log;
        tail.debt("17827", 7'000);
        tail.debt("17827", 7'000);
        return tail;
    }();
    const TestLog first = log;
    log.open_epoch(2);
    log.debt("17827", 1);
    const TestLog second = log;
    log.open_epoch(3);
    log.debt("17827", 2);
    Folder folder;
    auto options = replica_options(folder);
    options.topics = {"stock"};
    auto replica = open_replica(options);
    take(*replica, first.range(0, 3));
    take(*replica, second.range(3, 5));
    take(*replica, log.range(5, 7));
    CHECK(replica->epoch(log.store()) == schema::Epoch{3});
    const schema::Incarnation third{3};
    REQUIRE(replica->meet(log.store(), schema::Epoch{3}, third));
    REQUIRE(replica->flush());

    replica.reset();
    options.topics = {"stock", "debts"};
    replica = open_replica(options);
    CHECK_FALSE(replica->meet(log.store(), schema::Epoch{3}, schema::Incarnation{4}));
    CHECK(replica->meet(log.store(), schema::Epoch{3}, third));
    // What was written after the copy that the second epoch goes on from is of no log any more.
    const auto tail = replica->take(lost.range(0, 5, {"debts"}));
    REQUIRE_FALSE(tail);
    CHECK(tail.error().code == Errc::stale_incarnation);
    take(*replica, first.range(0, 3, {"debts"}));
    take(*replica, second.range(3, 5, {"debts"}));
    CHECK(replica->epoch(log.store()) == schema::Epoch{3});
    take(*replica, log.range(5, 7, {"debts"}));
    CHECK(balance_of(*replica, "17827") == 153);
    CHECK(stock_of(*replica, log, "22111") == -1'000);
    check_sums(*replica);
}
