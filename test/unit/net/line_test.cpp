// What goes over a connection, and what it does when it cannot.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "core/link/line.h"
#include "schema/limits.h"
#include "test/unit/net/two_ends.h"

using namespace filial;
using schema::Errc;

namespace {

/// Over ipc, so without keys, since these tests are about messages.
struct LocalEnds : test::TwoEnds {
    LocalEnds() { listen(ipc()); }
};

}  // namespace

TEST_CASE("port: an endpoint that cannot be listened on says what to change") {
    test::TwoEnds ends;
    ends.listen();
    const auto why = [&](const std::string& endpoint, const core::Keys* keys) {
        const auto port = core::Port::bind(*ends.server.network, endpoint, keys);
        REQUIRE_FALSE(port);
        CHECK(port.error().code == Errc::invalid);
        CHECK(port.error().message.find(endpoint) != std::string::npos);
        return port.error().message;
    };
    const core::Keys* keys = &ends.server_keys;
    CHECK(why(ends.port->endpoint(), keys).find("another program listens") != std::string::npos);
    CHECK(why("tcp://192.0.2.1:5701", keys).find("no such address") != std::string::npos);
    CHECK(why("tcp://127.0.0.1:*", nullptr).find("filial init") != std::string::npos);
    CHECK(why("udp://127.0.0.1:1", keys).find("expected tcp://") != std::string::npos);
    CHECK(why("tcp://127.0.0.1", keys).find("expected tcp://") != std::string::npos);
    CHECK(why("127.0.0.1:1", keys).find("expected tcp://") != std::string::npos);
}

TEST_CASE("dial: an endpoint that cannot be dialled says what to change") {
    test::TwoEnds ends;
    const std::string server = ends.server_keys.curve_public;
    const auto why = [&](const std::string& endpoint, const std::string& key,
                         const core::Keys* keys) {
        const auto dial = core::Dial::open(*ends.client.network, endpoint, key, keys);
        REQUIRE_FALSE(dial);
        CHECK(dial.error().code == Errc::invalid);
        return dial.error().message;
    };
    CHECK(why("head:1", server, &ends.client_keys).find("expected tcp://") != std::string::npos);
    CHECK(why("tcp://head", server, &ends.client_keys).find("tcp://head") != std::string::npos);
    CHECK(why("tcp://head:1", "", &ends.client_keys).find("key") != std::string::npos);
    CHECK(why("tcp://head:1", server, nullptr).find("filial init") != std::string::npos);
}

TEST_CASE("port: messages to a route that is gone are not taken") {
    LocalEnds ends;
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    REQUIRE(dial->send("hello").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].user.empty());
    CHECK(ends.came[0].address == "local");
    const schema::Bytes route = ends.came[0].route;
    CHECK(ends.port->send(route, "hello").value());
    CHECK_FALSE(ends.port->send("nobody", "hello").value());

    ends.client.poller.remove(*dial);
    dial.reset();
    CHECK(ends.until([&] { return !ends.port->send(route, "still there?").value(); }));
}

TEST_CASE("port: a peer that does not read is refused more, and nothing taken is lost") {
    LocalEnds ends;
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    REQUIRE(dial->send("hello").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));

    std::uint64_t taken = 0;
    const std::string filling(16 * 1024, 'x');
    while (ends.port->send(ends.came[0].route, std::to_string(taken) + filling).value()) {
        REQUIRE(++taken < 1'000'000);
    }
    REQUIRE(taken >= schema::kAnswersKept);
    std::uint64_t got = 0;
    const bool all = ends.until([&] {
        while (const auto message = dial->receive().value()) {
            CHECK(message->substr(0, message->size() - filling.size()) == std::to_string(got));
            ++got;
        }
        return got == taken;
    });
    CHECK(all);
    CHECK(ends.port->send(ends.came[0].route, "room again").value());
}

TEST_CASE("dial: a line that is full wakes its poller when it has room again") {
    LocalEnds ends;
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    const std::string filling(16 * 1024, 'x');
    std::uint64_t taken = 0;
    while (dial->send(filling).value()) REQUIRE(++taken < 1'000'000);
    CHECK(ends.until([&] { return ends.came.size() == taken; }));
    CHECK(dial->send("room again").value());
}

TEST_CASE("dial: what is too large for the other end is not sent") {
    LocalEnds ends;
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    const std::string largest(schema::kMessageBytesMax, 'x');
    CHECK(dial->send(largest + "x").error().code == Errc::too_large);
    REQUIRE(dial->send(largest).value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].bytes == largest);
    CHECK(ends.port->send(ends.came[0].route, largest + "x").error().code == Errc::too_large);
}

TEST_CASE("line: a message that is too large is dropped, and what is behind it goes out") {
    LocalEnds ends;
    core::Line line(ends.dial(), core::Remote{"head", ends.ipc(), ""}, "publisher");
    REQUIRE(ends.until([&] { return line.dial()->connected(); }));
    line.send(schema::Bye{1, std::string(schema::kMessageBytesMax, 'x')});
    line.send(schema::Ping{1, 2});
    CHECK(line.idle());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].bytes == schema::encode(schema::Message{schema::Ping{1, 2}}));
}

TEST_CASE("port: the largest message passes encrypted as well") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    ends.listen();
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    REQUIRE(dial->send(std::string(schema::kMessageBytesMax, 'x')).value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].bytes.size() == schema::kMessageBytesMax);
}

TEST_CASE("poller: a descriptor that can be read ends the wait") {
    test::TwoEnds ends;
    int ends_of_pipe[2];
    REQUIRE(::pipe(ends_of_pipe) == 0);
    core::Poller poller(*ends.client.network);
    poller.add_fd(ends_of_pipe[0]);
    REQUIRE(::write(ends_of_pipe[1], "x", 1) == 1);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(poller.wait(std::chrono::seconds(30)));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
    ::close(ends_of_pipe[0]);
    ::close(ends_of_pipe[1]);
}

TEST_CASE("poller: a signal ends the wait and is not an error") {
    test::TwoEnds ends;
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) {};
    REQUIRE(::sigaction(SIGALRM, &action, &before) == 0);
    ::alarm(1);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ends.client.poller.wait(std::chrono::seconds(30)));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
    ::sigaction(SIGALRM, &before, nullptr);
}
