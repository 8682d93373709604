// Who gets in: CURVE on every tcp port, decided by the allow list, live.
#include <doctest/doctest.h>

#include "core/clock.h"
#include "core/link/arrivals.h"
#include "test/unit/net/two_ends.h"

using namespace filial;
using schema::Errc;

TEST_CASE("port: a key that is not admitted gets nothing through and is told why") {
    test::TwoEnds ends;
    ends.listen();
    auto stranger = ends.dial();
    const auto refused = [&] {
        const auto trouble = stranger->trouble();
        CHECK_FALSE(stranger->send("let me in").value());
        return trouble && trouble->code == Errc::not_allowed;
    };
    CHECK(ends.until(refused));
    CHECK_FALSE(stranger->connected());
    CHECK(stranger->connections() == 0);
    CHECK(ends.came.empty());
    CHECK(stranger->trouble()->message.find("filial admit") != std::string::npos);
}

TEST_CASE("port: with the wrong key of the port nobody connects") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    ends.listen();
    auto dial = ends.dial(ends.client_keys, test::make_keys().curve_public);
    CHECK(ends.until([&] { return dial->next_try_us() > 0; }));  // The first attempt has failed.
    CHECK_FALSE(dial->connected());
    CHECK_FALSE(dial->send("hello").value());
    CHECK(ends.came.empty());
    CHECK(dial->trouble()->message.find("another key than configured") != std::string::npos);
}

TEST_CASE("port: a message of an admitted key says whose it is, and is answered") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    ends.listen();
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    CHECK(dial->connections() == 1);
    CHECK_FALSE(dial->trouble());
    CHECK(dial->next_try_us() == -1);
    REQUIRE(dial->send(std::string("a\0b", 3)).value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].user == "store1");
    CHECK(ends.came[0].bytes == std::string("a\0b", 3));
    CHECK(ends.came[0].address == "127.0.0.1");
    CHECK_FALSE(ends.port->local());

    REQUIRE(ends.port->send(ends.came[0].route, "answer").value());
    std::optional<schema::Bytes> answer;
    CHECK(ends.until([&] { return (answer = dial->receive().value()).has_value(); }));
    CHECK(answer.value_or("") == "answer");
    CHECK(ends.port->strangers() == 0);
}

TEST_CASE("port: a store admitted while it knocks comes in without a restart of anything") {
    test::TwoEnds ends;
    ends.listen();
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->trouble()->code == Errc::not_allowed; }));
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    CHECK(ends.until([&] { return dial->connected(); }));
}

TEST_CASE("port: a revoked key is unknown in the middle of its live connection") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    ends.listen();
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    CHECK(ends.allow.find_store("store1") != nullptr);
    REQUIRE(core::AllowList::revoke(ends.allow_file, "store1"));
    // Nobody calls refresh but the poller.
    CHECK(ends.until([&] { return ends.allow.find_store("store1") == nullptr; }));
    REQUIRE(dial->connected());
    REQUIRE(dial->send("still here").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].user == "store1");  // For whoever answers "not allowed".
    CHECK(ends.allow.find_store(ends.came[0].user) == nullptr);
}

TEST_CASE("port: a connection made with a key that its store no longer has is a stranger's") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    ends.listen();
    auto old = ends.dial();
    REQUIRE(ends.until([&] { return old->connected(); }));
    const core::Keys fresh_keys = test::make_keys();
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", fresh_keys)));
    auto fresh = ends.dial(fresh_keys, ends.server_keys.curve_public);
    REQUIRE(ends.until([&] { return fresh->connected(); }));

    REQUIRE(old->send("with the stolen key").value());
    REQUIRE(ends.until([&] { return ends.port->strangers() == 1; }));
    REQUIRE(fresh->send("with the new key").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].bytes == "with the new key");
    CHECK(ends.came.size() == 1);
}

TEST_CASE("port: a network without an allow list lets nobody in") {
    test::TwoEnds ends;
    test::End closed(nullptr);
    auto port = core::Port::bind(*closed.network, "tcp://127.0.0.1:*", &ends.server_keys);
    REQUIRE(port);
    closed.poller.add(**port);
    auto dial = core::Dial::open(*ends.client.network, (*port)->endpoint(),
                                 ends.server_keys.curve_public, &ends.client_keys);
    REQUIRE(dial);
    ends.client.poller.add(**dial);
    const bool refused = ends.until([&] {
        REQUIRE(closed.poller.wait(std::chrono::milliseconds(2)));
        return (*dial)->trouble()->code == Errc::not_allowed;
    });
    CHECK(refused);
    CHECK_FALSE((*port)->receive().value().has_value());
}

TEST_CASE("port, dial: each end knows how long no byte has come, until the connection ends") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    ends.listen();
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    REQUIRE(dial->send("hello").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    const core::Arrivals arrivals(ends.came[0].socket);
    // It grows while nothing comes, and begins anew with the next byte.
    const auto quiet_for = [](const auto& end, std::int64_t us) {
        return end.quiet_us().value_or(-1) >= us;
    };
    REQUIRE(ends.until([&] {
        return quiet_for(arrivals, core::kSecond / 2) && quiet_for(*dial, core::kSecond / 2);
    }));
    REQUIRE(dial->send("again").value());
    CHECK(ends.until([&] { return !quiet_for(arrivals, core::kSecond / 2); }));
    CHECK(quiet_for(*dial, core::kSecond / 2));

    dial->hang_up();
    CHECK_FALSE(dial->connected());
    CHECK_FALSE(dial->quiet_us());
    CHECK(dial->trouble()->code == Errc::unreachable);
    CHECK(ends.until([&] { return dial->connected(); }));  // It goes on by itself.
    CHECK(dial->connections() == 2);
    CHECK(ends.until([&] { return !arrivals.quiet_us(); }));
}

TEST_CASE("port: over a local socket nothing is known of bytes") {
    test::TwoEnds ends;
    ends.listen(ends.ipc());
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    REQUIRE(dial->send("hello").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK_FALSE(dial->quiet_us());
    CHECK_FALSE(core::Arrivals(ends.came[0].socket).quiet_us());
}
