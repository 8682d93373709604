// What a call rests on: proof that the other end has all, logs that wait, lines that are paced.
#include <doctest/doctest.h>

#include "core/link/pace.h"
#include "core/link/session.h"

using namespace filial;
using core::BootTime;
using core::kSecond;
using schema::Sequence;
using schema::StoreId;

namespace {

BootTime at(double seconds) {
    return BootTime{static_cast<std::int64_t>(seconds * static_cast<double>(kSecond))};
}

schema::Hello hello(std::uint64_t nonce, const std::string& store) {
    schema::Hello out;
    out.nonce = nonce;
    out.store = store;
    out.role = "publisher";
    return out;
}

/// The calling end of a session that stands.
core::Session session() {
    core::Session caller(hello(1, "store1"), true, false, at(1));
    schema::Welcome welcome;
    welcome.hello_nonce = 1;
    welcome.self = hello(2, "head");
    REQUIRE(caller.welcomed(welcome, "head", {}, at(1)));
    return caller;
}

schema::Block block(std::uint64_t after, std::uint64_t upto) {
    schema::Block one;
    one.store = StoreId{"store1"};
    one.topics = {"stock"};
    one.after = Sequence{after};
    one.upto = Sequence{upto};
    one.end = Sequence{100};
    one.data = "data";
    return one;
}

}  // namespace

TEST_CASE("N5: session: proved is what a ping behind all that was said was answered for") {
    core::Session one = session();
    CHECK_FALSE(one.answered());
    CHECK_FALSE(one.proved());
    CHECK_FALSE(one.ping(at(1.1)));  // Nobody asked for it.
    one.prove();
    const auto first = one.ping(at(1.2));
    REQUIRE(first);
    // One on its way is enough.
    one.prove();
    CHECK_FALSE(one.ping(at(1.3)));
    one.pong(first->nonce, at(1.4));
    CHECK(one.answered());
    CHECK(one.proved());

    one.said();
    CHECK_FALSE(one.proved());
    one.prove();
    const auto second = one.ping(at(1.5));
    REQUIRE(second);
    one.said();  // Behind the ping: its answer proves nothing of this.
    one.pong(second->nonce, at(1.6));
    CHECK_FALSE(one.proved());
    one.prove();
    const auto third = one.ping(at(1.7));
    REQUIRE(third);
    one.pong(third->nonce + 7, at(1.8));  // Not an answer to any of ours.
    CHECK_FALSE(one.proved());
    one.pong(third->nonce, at(1.8));
    CHECK(one.proved());
}

TEST_CASE("N5: receiver: a log that has to wait asks for nothing more, and goes on where it was") {
    core::Receiver receiver;
    const StoreId store{"store1"};
    CHECK_FALSE(receiver.hold(store));
    receiver.begin({store, schema::Epoch{1}, {{"stock", Sequence{0}}}}, at(1));
    CHECK(receiver.judge(block(0, 10), at(2)) == core::Receiver::Step::take);
    const auto held = receiver.hold(store);
    REQUIRE(held);
    CHECK(held->credit == 0);
    CHECK_FALSE(held->restart);
    CHECK(held->after == std::vector<schema::TopicEnd>{{"stock", Sequence{10}}});
    CHECK_FALSE(receiver.hold(store));
    // What was on its way is taken; that nothing more comes is nothing to ask about.
    CHECK(receiver.judge(block(10, 20), at(3)) == core::Receiver::Step::take);
    CHECK(receiver.due(at(100), at(99)).empty());
    const auto again =
        receiver.begin({store, schema::Epoch{1}, {{"stock", Sequence{20}}}}, at(101));
    CHECK(again.restart);
    CHECK(again.credit > 0);
    CHECK(receiver.find(store)->held == false);
}

TEST_CASE("N5: receiver: a log that is wanted later takes no block, and its end is known") {
    core::Receiver receiver;
    const StoreId store{"store1"};
    receiver.begin({store, schema::Epoch{1}, {}}, at(1));
    receiver.learn_end(store, Sequence{50}, at(2));
    CHECK(receiver.judge(block(0, 10), at(2)) == core::Receiver::Step::ignore);
    CHECK(receiver.due(at(100), at(99)).empty());
    CHECK_FALSE(receiver.hold(store));
    receiver.begin({store, schema::Epoch{1}, {{"stock", Sequence{0}}}}, at(3));
    CHECK(receiver.find(store)->end == Sequence{50});
    CHECK(receiver.judge(block(0, 10), at(4)) == core::Receiver::Step::take);
}

TEST_CASE("N5: pace: what goes stays at the rate, whatever the pieces are") {
    for (const std::uint64_t piece :
         {std::uint64_t{100}, std::uint64_t{1'000}, std::uint64_t{9'000}}) {
        CAPTURE(piece);
        core::Pace pace(4'000);
        std::uint64_t sent = 0;
        for (int tick = 0; tick < 100 * 100; ++tick) {  // A hundred seconds of hundredths.
            const BootTime now = at(5 + tick / 100.0);
            while (pace.may(now)) {
                pace.spend(piece, now);
                sent += piece;
            }
        }
        CHECK(sent >= 99 * 4'000);
        CHECK(sent <= 101 * 4'000 + piece);
    }
    core::Pace none(0);
    none.spend(1'000'000'000, at(1));
    CHECK(none.may(at(1)));
}

TEST_CASE("N5: speed: what came in the last whole second, whatever the pieces are") {
    core::Speed speed;
    CHECK(speed.rate() == 0);
    for (int tick = 0; tick <= 100; ++tick) speed.note(40, at(1 + tick / 100.0));
    CHECK(speed.rate() == 4'000);
    for (int tick = 1; tick <= 4; ++tick) speed.note(1'000, at(2 + tick * 0.5));
    CHECK(speed.rate() >= 1'000);
    CHECK(speed.rate() <= 2'100);
}

TEST_CASE("N5: pace: a quiet night saves up a second's worth, no more") {
    core::Pace pace(4'000);
    pace.spend(8'000, at(1));
    CHECK_FALSE(pace.may(at(1.9)));
    CHECK(pace.may(at(10'000)));
    pace.spend(4'000, at(10'000));
    CHECK_FALSE(pace.may(at(10'000)));
}
