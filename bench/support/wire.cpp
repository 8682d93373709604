#include "bench/support/wire.h"

#include <array>
#include <functional>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "bench/support/stopwatch.h"
#include "schema/messages.h"

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr std::size_t kKeyText = 41;
constexpr std::size_t kTripBytes = 150;
constexpr int kGiveUpMs = 30'000;

/// Two sockets of one connection.
class Pair {
  public:
    Pair() : server_(context_, zmq::socket_type::pair), client_(context_, zmq::socket_type::pair) {
        std::array<char, kKeyText> server_public{}, server_secret{}, public_key{}, secret_key{};
        zmq_curve_keypair(server_public.data(), server_secret.data());
        zmq_curve_keypair(public_key.data(), secret_key.data());
        server_.set(zmq::sockopt::curve_server, true);
        server_.set(zmq::sockopt::curve_secretkey, server_secret.data());
        client_.set(zmq::sockopt::curve_serverkey, server_public.data());
        client_.set(zmq::sockopt::curve_publickey, public_key.data());
        client_.set(zmq::sockopt::curve_secretkey, secret_key.data());
        for (zmq::socket_t* socket : {&server_, &client_}) {
            socket->set(zmq::sockopt::linger, 0);
            socket->set(zmq::sockopt::rcvtimeo, kGiveUpMs);
        }
        server_.bind("tcp://127.0.0.1:*");
        client_.connect(server_.get(zmq::sockopt::last_endpoint));
    }

    /// Runs `other` with the server's socket beside `here` with the client's. Each gives false when
    /// it gave up.
    bool run(const std::function<bool(zmq::socket_t&)>& here,
             const std::function<bool(zmq::socket_t&)>& other) {
        bool other_done = false;
        std::thread thread([&] { other_done = other(server_); });
        const bool done = here(client_);
        thread.join();
        return done && other_done;
    }

  private:
    zmq::context_t context_{2};
    zmq::socket_t server_;
    zmq::socket_t client_;
};

bool send(zmq::socket_t& to, std::string_view bytes) {
    zmq::message_t frame(bytes.data(), bytes.size());
    return to.send(frame, zmq::send_flags::none).has_value();
}

bool echo(zmq::socket_t& socket, std::size_t times) {
    zmq::message_t frame;
    for (std::size_t i = 0; i < times; ++i) {
        if (!socket.recv(frame) || !send(socket, frame.to_string_view())) return false;
    }
    return true;
}

bool trip(zmq::socket_t& socket, const std::string& text) {
    zmq::message_t frame;
    return send(socket, text) && socket.recv(frame).has_value();
}

bool unpack_all(zmq::socket_t& socket, std::size_t events) {
    zmq::message_t frame;
    schema::Parser parser;
    for (std::size_t got = 0; got < events;) {
        if (!socket.recv(frame)) return false;
        const auto message = schema::decode_message(parser, frame.to_string_view());
        if (!message) return false;
        const auto* block = std::get_if<schema::BlockMessage>(&*message);
        const auto range =
            block == nullptr ? schema::Result<schema::Range>() : unpack(block->block);
        if (!range || range->count() == 0) return false;
        got += range->count();
    }
    return send(socket, "done");
}

}  // namespace

Result<double> send_blocks(const Logs& logs) {
    std::vector<schema::Bytes> messages;
    for (const schema::Range& range : logs.blocks) {
        schema::BlockMessage message;
        message.block = schema::pack(range);
        messages.push_back(schema::encode(schema::Message(std::move(message))));
    }
    double seconds = 0;
    const auto here = [&](zmq::socket_t& socket) {
        if (!trip(socket, "ready")) return false;
        const Stopwatch watch;
        for (const schema::Bytes& bytes : messages) {
            if (!send(socket, bytes)) return false;
        }
        zmq::message_t frame;
        const bool done = socket.recv(frame).has_value();
        seconds = watch.seconds();
        return done;
    };
    const auto other = [&](zmq::socket_t& socket) {
        return echo(socket, 1) && unpack_all(socket, logs.events);
    };
    if (!Pair().run(here, other)) return fail(Errc::timeout, "blocks did not cross the wire");
    return seconds;
}

Result<std::vector<double>> round_trips(std::size_t trips) {
    std::vector<double> seconds;
    const std::string text(kTripBytes, 'x');
    const auto here = [&](zmq::socket_t& socket) {
        if (!trip(socket, text)) return false;
        for (std::size_t i = 0; i < trips; ++i) {
            const Stopwatch watch;
            if (!trip(socket, text)) return false;
            seconds.push_back(watch.seconds());
        }
        return true;
    };
    const auto other = [&](zmq::socket_t& socket) { return echo(socket, trips + 1); };
    if (!Pair().run(here, other)) return fail(Errc::timeout, "nothing came back over the wire");
    return seconds;
}

}  // namespace filial::bench
