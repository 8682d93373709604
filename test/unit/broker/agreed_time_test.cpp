// What time it is at a broker whose clock is wrong, or whose stores' are.
#include "broker/agreed_time.h"

#include <doctest/doctest.h>

#include "test/support/memory_journal.h"
#include "test/unit/broker/company.h"

namespace filial::broker {
namespace {

using schema::Timestamp;

constexpr std::int64_t kHour = 3'600 * core::kSecond;
constexpr std::int64_t kYear = 365 * 24 * kHour;

struct Clocks {
    core::ManualClock clock{};
    core::MarkBook marks{};
    AgreedTime time{clock};
    std::uint64_t counter = 0;

    Clocks() { time.attach(marks); }
    void hear(const std::string& store, Timestamp at) {
        schema::Mark mark;
        mark.store = schema::StoreId{store};
        mark.epoch = schema::Epoch{1};
        mark.counter = ++counter;
        mark.at = at;
        schema::MarkMessage message;
        message.mark = schema::encode(mark);
        REQUIRE(marks.offer(message, clock, clock.boot()));
    }
    void jump(std::int64_t by) { clock.set_wall(Timestamp{clock.wall().value() + by}); }
};

}  // namespace

TEST_CASE("agreed time: nothing has passed before a store was heard, since each start again") {
    Clocks clocks;
    CHECK_FALSE(clocks.time.passed());
    clocks.hear("store1", clocks.clock.wall());
    CHECK(clocks.time.passed() == clocks.clock.wall());
    clocks.clock.reboot("boot-2");
    CHECK_FALSE(clocks.time.passed());
    CHECK(clocks.time.wall() == clocks.clock.wall());
}

TEST_CASE("agreed time: a clock that jumps moves nothing, and is told of") {
    for (const std::int64_t years : {-4, 6}) {
        CAPTURE(years);
        Clocks clocks;
        for (const char* store : {"store1", "store2"}) clocks.hear(store, clocks.clock.wall());
        clocks.clock.advance(kHour);
        CHECK(clocks.time.trouble().empty());
        const Timestamp right = clocks.clock.wall();
        clocks.jump(years * kYear);
        CHECK(clocks.time.wall() == right);
        CHECK(*clocks.time.passed() == std::min(right, clocks.clock.wall()));
        CHECK(clocks.time.trouble().find("this machine's clock says") == 0);
        clocks.clock.advance(30 * kHour);
        CHECK(clocks.time.wall().value() == right.value() + 30 * kHour);
        clocks.jump(-years * kYear);
        CHECK(clocks.time.trouble().empty());
    }
}

TEST_CASE("agreed time: one store's wrong clock lets nothing pass, most stores' do not alone") {
    Clocks clocks;
    const Timestamp right = clocks.clock.wall();
    clocks.hear("store1", right);
    clocks.hear("store2", Timestamp{right.value() + 9 * kYear});
    clocks.hear("store3", Timestamp{right.value() - kHour / 2});
    CHECK(clocks.time.passed() == right);
    CHECK(clocks.time.trouble().empty());
    clocks.hear("store3", Timestamp{INT64_MAX});
    CHECK(clocks.time.passed() == right);
    CHECK_FALSE(clocks.time.trouble().empty());
}

TEST_CASE("retention: a broker whose clock jumps years ahead trims no more than before") {
    core::ManualClock clock;
    test::MemoryJournal journal;
    const auto network = core::Network::open(nullptr);
    REQUIRE(network);
    KeepPolicy keep;
    keep.keep_us = 30 * 24 * kHour;
    const auto broker = Broker::open(journal, clock, StoreId{"head"}, nullptr, kYear, keep);
    REQUIRE(broker);
    core::Exchange exchange(**broker, clock, **network, nullptr, nullptr,
                            core::Self{StoreId{"head"}, "broker", {}, {}});
    REQUIRE((*broker)->attach(exchange));
    LogMaker log("store1");
    log.sell(20);
    core::Peer store;
    store.store = "store1";
    store.role = "publisher";
    store.name = "store1/publisher";
    const auto trimmed = [&] {
        for (int turn = 0; turn < 200; ++turn) {
            clock.advance(core::kSecond);
            (*broker)->turn(clock.boot());
        }
        return journal.head(StoreId{"store1"})->find("stock")->kept_after.value();
    };
    REQUIRE((*broker)->take(store, log.range(0, 11)));
    REQUIRE((*broker)->flush());
    clock.advance(31 * 24 * kHour);
    CHECK(trimmed() == 0);  // No store has said what time it is.
    schema::Mark mark;
    mark.store = StoreId{"store1"};
    mark.epoch = schema::Epoch{1};
    mark.counter = 1;
    mark.at = clock.wall();
    schema::MarkMessage message;
    message.mark = schema::encode(mark);
    REQUIRE(exchange.marks().offer(message, clock, clock.boot()));
    const std::uint64_t old = trimmed();
    CHECK(old > 0);
    REQUIRE((*broker)->take(store, log.range(11, 16)));
    REQUIRE((*broker)->flush());
    CHECK((*broker)->health() == "ok");
    clock.set_wall(Timestamp{clock.wall().value() + 5 * kYear});
    CHECK(trimmed() == old);
    CHECK((*broker)->health().find("this machine's clock says") == 0);
    // What came while it was wrong is no younger and no older for that.
    REQUIRE((*broker)->take(store, log.range(16, 21)));
    REQUIRE((*broker)->flush());
    clock.advance(29 * 24 * kHour);
    CHECK(trimmed() == old);
    clock.advance(2 * 24 * kHour);
    CHECK(trimmed() >= 19);
}

}  // namespace filial::broker
