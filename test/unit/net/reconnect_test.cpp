// A dial tries for ever, whatever happens at the other end.
#include <doctest/doctest.h>

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
