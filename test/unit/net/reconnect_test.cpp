// A dial tries for ever, whatever happens at the other end.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.hpp>

#include "schema/limits.h"
#include "test/unit/net/two_ends.h"

using namespace filial;
using schema::Errc;

namespace {

void comes_and_goes(test::TwoEnds& ends, const std::string& first_endpoint) {
    ends.listen(first_endpoint);
    const std::string endpoint = ends.port->endpoint();
    auto dial = ends.dial();
    ends.hang_up();
    // Nobody is there, or the first connection breaks: both are followed by attempts.
    CHECK(ends.until([&] { return !dial->connected() && dial->next_try_us() > 0; }));
    CHECK_FALSE(dial->send("into the void").value());
    REQUIRE(dial->trouble());
    CHECK(dial->trouble()->code == Errc::unreachable);
    CHECK(dial->trouble()->message.find(endpoint) != std::string::npos);

    std::uint64_t connections = dial->connections();
    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        ends.listen(endpoint);
        REQUIRE(ends.until([&] { return dial->connected(); }));
        CHECK(dial->connections() > connections);
        connections = dial->connections();
        ends.came.clear();
        REQUIRE(dial->send("round " + std::to_string(round)).value());
        REQUIRE(ends.until([&] { return !ends.came.empty(); }));
        CHECK(ends.came[0].bytes == "round " + std::to_string(round));
        CHECK(ends.came.size() == 1);  // Nothing of an earlier connection.
        ends.hang_up();
        REQUIRE(ends.until([&] { return !dial->connected(); }));
    }
}

}  // namespace

TEST_CASE("dial: it connects when the port comes up later, and again after every end of it") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    comes_and_goes(ends, "tcp://127.0.0.1:*");
}

TEST_CASE("dial: the same over a local socket") {
    test::TwoEnds ends;
    comes_and_goes(ends, ends.ipc());
}

TEST_CASE("dial: what was received before the connection broke can still be read") {
    test::TwoEnds ends;
    ends.listen(ends.ipc());
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    REQUIRE(dial->send("hello").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    REQUIRE(ends.port->send(ends.came[0].route, "one").value());
    std::optional<schema::Bytes> first;
    REQUIRE(ends.until([&] { return (first = dial->receive().value()).has_value(); }));
    ends.hang_up();
    REQUIRE(ends.until([&] { return !dial->connected(); }));
    CHECK_FALSE(dial->receive().value().has_value());
}

TEST_CASE("dial: what it says is not connected takes no message") {
    test::TwoEnds ends;
    for (int round = 0; round < 50; ++round) {
        CAPTURE(round);
        ends.listen(ends.ipc());
        auto dial = ends.dial();
        CHECK_FALSE(dial->send("too early").value());
        REQUIRE(ends.until([&] { return dial->connected(); }));
        ends.hang_up();
        while (dial->connected()) {
        }
        CHECK_FALSE(dial->send("too late").value());
        ends.client.poller.remove(*dial);
    }
}

TEST_CASE("poller: an attempt that fails ends the wait") {
    test::TwoEnds ends;
    const auto dial = core::Dial::open(*ends.client.network, ends.ipc(), "", nullptr);
    REQUIRE(dial);
    ends.client.poller.add(**dial);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ends.client.poller.wait(std::chrono::seconds(30)));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
    CHECK((*dial)->trouble()->code == Errc::unreachable);
    CHECK((*dial)->next_try_us() > 0);
}

TEST_CASE("poller: a broken connection ends the wait also for who asked the dial before") {
    test::TwoEnds ends;
    ends.listen(ends.ipc());
    auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    ends.hang_up();
    while (dial->connected()) {
    }
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ends.client.poller.wait(std::chrono::seconds(30)));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("port: an oversized message ends its sender's connection, and the port lives") {
    test::TwoEnds ends;
    ends.listen(ends.ipc());
    auto honest = ends.dial();
    REQUIRE(ends.until([&] { return honest->connected(); }));

    zmq::context_t context;
    zmq::socket_t rude(context, zmq::socket_type::dealer);
    rude.set(zmq::sockopt::linger, 0);
    rude.set(zmq::sockopt::reconnect_ivl, -1);
    REQUIRE(zmq_socket_monitor(rude.handle(), "inproc://rude", ZMQ_EVENT_DISCONNECTED) == 0);
    zmq::socket_t events(context, zmq::socket_type::pair);
    events.set(zmq::sockopt::linger, 0);
    events.connect("inproc://rude");
    rude.connect(ends.port->endpoint());
    zmq::message_t message(schema::kMessageBytesMax + 4'096);
    std::fill_n(message.data<char>(), message.size(), 'x');
    REQUIRE(rude.send(message, zmq::send_flags::none).has_value());
    zmq::message_t event;
    const bool cut =
        ends.until([&] { return events.recv(event, zmq::recv_flags::dontwait).has_value(); });
    CHECK(cut);
    CHECK(ends.came.empty());
    zmq_socket_monitor(rude.handle(), nullptr, 0);

    CHECK(honest->connected());
    CHECK(honest->connections() == 1);
    REQUIRE(honest->send("hello").value());
    REQUIRE(ends.until([&] { return !ends.came.empty(); }));
    CHECK(ends.came[0].bytes == "hello");
}

namespace {

/// A port that takes connections and says nothing.
struct PlainPort {
    explicit PlainPort(std::uint16_t number = 0) {
        fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(number);
        const int again = 1;
        REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(fd, 8) == 0);
        REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        endpoint = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }
    ~PlainPort() {
        for (const int each : came) ::close(each);
        ::close(fd);
    }
    std::size_t callers() {
        for (int next = ::accept(fd, nullptr, nullptr); next >= 0;
             next = ::accept(fd, nullptr, nullptr)) {
            came.push_back(next);
        }
        return came.size();
    }
    /// Ends every connection as soon as it is there.
    void cut() {
        callers();
        for (const int each : came) ::close(each);
        came.clear();
    }
    int fd = -1;
    std::string endpoint;
    std::vector<int> came;
};

}  // namespace

TEST_CASE("N5: dial: while it is down nobody is called, and what stood is given up") {
    test::TwoEnds ends;
    PlainPort port;
    auto opened = core::Dial::open(*ends.client.network, port.endpoint,
                                   ends.server_keys.curve_public, &ends.client_keys, true);
    REQUIRE(opened);
    core::Dial& dial = **opened;
    ends.client.poller.add(dial);
    for (std::size_t round = 0; round < 3; ++round) {
        CAPTURE(round);
        ends.idle(std::chrono::milliseconds(100));
        CHECK(port.callers() == round);
        CHECK(dial.next_try_us() == -1);
        CHECK_FALSE(dial.receive().value().has_value());
        CHECK_FALSE(dial.send("nobody").value());
        dial.stay_down(false);
        REQUIRE(ends.until([&] { return port.callers() == round + 1; }));
        dial.stay_down(true);
        char byte = 0;
        // The greeting of the library, then the end.
        REQUIRE(ends.until([&] {
            ssize_t got = 1;
            while (got > 0) got = ::recv(port.came.back(), &byte, 1, MSG_DONTWAIT);
            return got == 0;
        }));
    }
}

TEST_CASE("dial: of a line that is cut in the handshake no more is said than that") {
    test::TwoEnds ends;
    REQUIRE(core::AllowList::admit(ends.allow_file, test::admission("store1", ends.client_keys)));
    PlainPort cut;
    const auto never = core::Dial::open(*ends.client.network, cut.endpoint,
                                        ends.server_keys.curve_public, &ends.client_keys);
    REQUIRE(never);
    ends.client.poller.add(**never);
    const auto says = [](core::Dial& dial, const char* what) {
        const auto trouble = dial.trouble();
        return trouble && trouble->message.find(what) != std::string::npos;
    };
    REQUIRE(ends.until([&] {
        cut.cut();
        return (*never)->next_try_us() > 0;
    }));
    CHECK(says(**never, "the connection ended before the handshake did; if it always does"));

    // Who was connected with these keys knows that they are right.
    ends.listen();
    const auto dial = ends.dial();
    REQUIRE(ends.until([&] { return dial->connected(); }));
    const std::string endpoint = ends.port->endpoint();
    ends.hang_up();
    PlainPort later(
        static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))));
    REQUIRE(ends.until([&] {
        later.cut();
        return says(*dial, "handshake");
    }));
    CHECK_FALSE(says(*dial, "key"));
}
