#include "core/link/session.h"

#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/unit/link/one_log.h"

using namespace filial;
using namespace filial::schema;
using core::Session;
using test::at_second;

namespace {

constexpr Timestamp kWall{1'000'000};

Hello hello_of(const std::string& store, std::uint64_t nonce) {
    Hello hello;
    hello.nonce = nonce;
    hello.store = store;
    hello.role = hello.name = "subscriber";
    hello.epoch = Epoch{3};
    hello.offers = {store};
    hello.clock = Timestamp{kWall.value() + 5};
    return hello;
}

Errc refused(const Hello& hello, const std::string& user) {
    Session called(hello_of("head", 2), false, false);
    const auto welcome = called.greet(hello, user, kWall, at_second(1));
    REQUIRE(!welcome);
    CHECK(!called.established());
    return welcome.error().code;
}

}  // namespace

TEST_CASE("session: greeting makes both ends know the other, and the nonces to use") {
    Session caller(hello_of("store1", 11), true, false);
    Session called(hello_of("head", 22), false, false);
    CHECK(!caller.established());
    const auto welcome = called.greet(caller.hello(), "store1", kWall, at_second(1));
    REQUIRE(welcome);
    CHECK(welcome->hello_nonce == 11);
    REQUIRE(caller.welcomed(*welcome, "head", kWall, at_second(1)));
    CHECK(caller.established());
    CHECK(called.established());
    CHECK(caller.to_peer() == 22);
    CHECK(called.to_peer() == 11);
    CHECK(called.peer().name == "store1/subscriber");
    CHECK(called.peer().clock_offset_us == 5);
    CHECK(called.peer().epoch == Epoch{3});
    CHECK(caller.peer().offers == std::vector<std::string>{"head"});
    CHECK(caller.peer().dialled);
    CHECK(!called.peer().dialled);
}

TEST_CASE("session: a tap of any name is another receiver than the programs of its store") {
    for (const char* name : {"subscriber", "publisher", "broker"}) {
        Hello tap = hello_of("store1", 11);
        tap.role = "tap";
        tap.name = name;
        Session called(hello_of("head", 22), false, false);
        REQUIRE(called.greet(tap, "store1", kWall, at_second(1)));
        CHECK(called.peer().name == std::string("store1/tap:") + name);
        tap.role = "cli";
        Session looked_at(hello_of("head", 23), false, false);
        REQUIRE(looked_at.greet(tap, "store1", kWall, at_second(1)));
        CHECK(looked_at.peer().name == std::string("store1/cli:") + name);
    }
}

TEST_CASE("session: a message with another session's nonce is not of this one") {
    Session old(hello_of("store1", 11), true, false);
    Session now(hello_of("store1", 12), true, false);
    CHECK(now.mine(12));
    CHECK(!now.mine(11));
    CHECK(!now.mine(0));
    CHECK(old.mine(11));
}

TEST_CASE("session: an answer to an older hello does not establish this one") {
    Session first(hello_of("store1", 11), true, false);
    Session second(hello_of("store1", 12), true, false);
    Session called(hello_of("head", 22), false, false);
    const auto late = called.greet(first.hello(), "store1", kWall, at_second(1));
    REQUIRE(late);
    CHECK(second.welcomed(*late, "head", kWall, at_second(1)).error().code == Errc::invalid);
    CHECK(!second.established());
}

TEST_CASE("session: a hello without a common protocol version is refused") {
    Hello newer = hello_of("store1", 1);
    newer.version_min = newer.version_max = kProtocolVersion + 1;
    CHECK(refused(newer, "store1") == Errc::schema_too_new);
    Hello older = hello_of("store1", 1);
    older.version_min = older.version_max = kProtocolVersion - 1;
    CHECK(refused(older, "store1") == Errc::schema_too_new);
    Hello both = hello_of("store1", 1);
    both.version_min = 0;
    both.version_max = 9;
    Session called(hello_of("head", 2), false, false);
    CHECK(called.greet(both, "store1", kWall, at_second(1)).has_value());
}

TEST_CASE("session: an answer that chose another protocol version is refused") {
    Session caller(hello_of("store1", 11), true, false);
    Session called(hello_of("head", 22), false, false);
    auto welcome = called.greet(caller.hello(), "store1", kWall, at_second(1));
    REQUIRE(welcome);
    welcome->version = kProtocolVersion + 1;
    CHECK(caller.welcomed(*welcome, "head", kWall, at_second(1)).error().code ==
          Errc::schema_too_new);
    CHECK(!caller.established());
}

TEST_CASE("session: whoever says another store than the key proved is refused") {
    CHECK(refused(hello_of("store2", 1), "store1") == Errc::not_allowed);
    CHECK(refused(hello_of("store2", 1), "") == Errc::not_allowed);
    CHECK(refused(hello_of("", 1), "store1") == Errc::not_allowed);
    Session local(hello_of("head", 2), false, true);
    CHECK(local.greet(hello_of("store2", 1), "", kWall, at_second(1)).has_value());
}

TEST_CASE("session: another store than the one that was dialled is refused") {
    Session caller(hello_of("store1", 11), true, false);
    Session called(hello_of("store7", 22), false, false);
    const auto welcome = called.greet(caller.hello(), "store1", kWall, at_second(1));
    REQUIRE(welcome);
    CHECK(caller.welcomed(*welcome, "head", kWall, at_second(1)).error().code == Errc::not_allowed);
    CHECK(!caller.established());
}

TEST_CASE("session: a nonce of 0 greets nobody") {
    CHECK(refused(hello_of("store1", 0), "store1") == Errc::invalid);
    Session caller(hello_of("store1", 11), true, false);
    Welcome welcome;
    welcome.hello_nonce = 11;
    welcome.self = hello_of("head", 0);
    CHECK(caller.welcomed(welcome, "head", kWall, at_second(1)).error().code == Errc::invalid);
}

TEST_CASE("session: a quiet end speaks every five seconds, and silence ends it after fifteen") {
    Session called(hello_of("head", 22), false, false);
    REQUIRE(called.greet(hello_of("store1", 11), "store1", kWall, at_second(100)));
    CHECK(!called.ping(at_second(104)));
    const auto first = called.ping(at_second(105));
    REQUIRE(first);
    CHECK(first->session == 11);
    CHECK(!called.ping(at_second(109)));
    const auto second = called.ping(at_second(110));
    REQUIRE(second);
    CHECK(second->nonce != first->nonce);
    CHECK(!called.silent(at_second(114)));
    CHECK(called.silent(at_second(115)));
    called.heard(at_second(114));
    CHECK(!called.silent(at_second(128)));
    CHECK(!called.ping(at_second(118)));
    CHECK(called.ping(at_second(119)).has_value());
}

TEST_CASE(
    "session: where blocks keep the line busy a ping goes all the same, and tells its delay") {
    Session called(hello_of("head", 22), false, false);
    REQUIRE(called.greet(hello_of("store1", 11), "store1", kWall, at_second(100)));
    std::optional<Ping> first;
    for (int second = 101; second <= 105; ++second) {
        called.heard(at_second(second));
        called.news_came();
        first = called.ping(at_second(second));
    }
    REQUIRE(first);
    CHECK(called.sent_after(at_second(105), at_second(105)) == at_second(105));
    // A mark that comes before its answer may have stood behind four minutes of blocks.
    CHECK(called.sent_after(at_second(340), at_second(340)) == at_second(100));
    called.pong(first->nonce, at_second(345));
    CHECK(called.sent_after(at_second(346), at_second(346)) == at_second(105));
    const auto second = called.ping(at_second(346));
    REQUIRE(second);
    called.pong(second->nonce, at_second(346));
    CHECK(called.sent_after(at_second(347), at_second(347)) == at_second(347));
}

TEST_CASE("session: what comes behind a welcome that was long on its way may have waited as long") {
    Session caller(hello_of("store1", 11), true, false, at_second(100));
    Session called(hello_of("head", 22), false, false, at_second(100));
    const auto welcome = called.greet(caller.hello(), "store1", kWall, at_second(101));
    REQUIRE(welcome);
    REQUIRE(caller.welcomed(*welcome, "head", kWall, at_second(130)));
    CHECK(caller.sent_after(at_second(130), at_second(130)) == at_second(100));
    CHECK(caller.sent_after(at_second(133), at_second(133)) == at_second(100));
    const auto ping = caller.ping(at_second(135));
    REQUIRE(ping);
    caller.pong(ping->nonce, at_second(135));
    CHECK(caller.sent_after(at_second(136), at_second(136)) == at_second(136));
}
