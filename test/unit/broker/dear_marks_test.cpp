// When marks go over a line that is slow or paid by the byte. Time is the test's.
#include <doctest/doctest.h>

#include "schema/mark.h"
#include "test/unit/broker/company.h"

namespace filial::broker {
namespace {

using core::kSecond;

/// Head office and store1 with a dear line between them, and one clock for both.
struct Pair {
    Company company;
    core::ManualClock clock;
    std::unique_ptr<Broker> broker =
        std::move(*Broker::open(*company.journal, clock, StoreId{"head"}, &company.allow));
    core::Exchange head{*broker,
                        clock,
                        *company.head_net,
                        &company.allow,
                        &company.head_keys,
                        core::Self{StoreId{"head"}, "broker", {}, {}}};
    LogMaker log{"store1"};
    Source source{log};
    std::unique_ptr<core::Exchange> store;

    Pair() {
        company.admit("store1");
        REQUIRE(broker->attach(head));
        std::string endpoint;
        for (int port = 20'003 + getpid() % 20'000; port < 60'000; port += 7) {
            endpoint = "tcp://127.0.0.1:" + std::to_string(port);
            if (head.listen(endpoint)) break;
        }
        store = std::make_unique<core::Exchange>(source, clock, *company.store_net, nullptr,
                                                 &company.store_keys, company.machine(1));
        core::Remote remote{"head", endpoint, company.head_keys.curve_public};
        remote.line = "dear";
        REQUIRE(store->dial(remote, "publisher"));
    }
    /// A mark that says where the log ended.
    void mark(std::uint64_t counter, std::uint64_t end) {
        schema::Mark mark;
        mark.store = StoreId{"store1"};
        mark.epoch = schema::Epoch{1};
        mark.counter = counter;
        mark.at = clock.wall();
        mark.end = Sequence{end};
        schema::MarkMessage message;
        message.mark = schema::encode(mark);
        REQUIRE(store->marks().offer(message, clock, clock.boot()));
        store->announce(mark.store);
    }
    /// The newest that has come.
    std::uint64_t come() {
        const core::HeldMark* held = head.marks().find(StoreId{"store1"});
        return held == nullptr ? 0 : held->mark.counter;
    }
    void turn(std::int64_t step) {
        REQUIRE(store->turn(std::chrono::milliseconds{2}));
        REQUIRE(head.turn(std::chrono::milliseconds{2}));
        clock.advance(step);
    }
    template <class Holds>
    bool until(std::int64_t step, Holds holds) {
        for (int i = 0; i < 5'000 && !holds(); ++i) turn(step);
        return holds();
    }
};

}  // namespace

TEST_CASE("exchange: on a dear line a mark goes with its events, those of a quiet log together") {
    Pair pair;
    pair.log.sell(5);
    pair.mark(1, 6);
    // The first goes when the session begins.
    REQUIRE(pair.until(kSecond / 100, [&] { return pair.come() == 1; }));
    REQUIRE(pair.until(kSecond / 100, [&] { return pair.source.acknowledged == Sequence{6}; }));
    // Then nothing happened in the log: what it says of its age waits for the others.
    pair.mark(2, 6);
    for (int i = 0; i < 100; ++i) pair.turn(kSecond / 2);
    CHECK(pair.come() == 1);
    // One that speaks of more goes at once, behind the events.
    pair.log.sell(3);
    pair.mark(3, 9);
    REQUIRE(pair.until(kSecond / 10, [&] { return pair.come() == 3; }));
    CHECK(pair.company.end() == Sequence{9});
    // And a quiet one when all of them go.
    pair.mark(4, 9);
    for (int i = 0; i < 20; ++i) pair.turn(kSecond / 2);
    CHECK(pair.come() == 3);
    CHECK(pair.until(kSecond / 2, [&] { return pair.come() == 4; }));
}

}  // namespace filial::broker
