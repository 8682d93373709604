#include <algorithm>

#include "core/link/zmq_inside.h"

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::fail;
using schema::Result;

namespace {

/// The first pause; each further one is twice as long.
constexpr std::int64_t kBackoffFirst = 250 * kMillisecond;
/// The longest pause towards another machine: when a line has been down for hours, hundreds of
/// stores must not knock at once, and one minute more is nothing.
constexpr std::int64_t kBackoffAway = 60 * kSecond;
/// The longest pause on this machine: knocking costs nothing, and who restarts a process waits.
constexpr std::int64_t kBackoffHere = 2 * kSecond;
/// A connection that stood this long was a good one: the pauses begin anew.
constexpr std::int64_t kGoodFor = 5 * kSecond;
/// An attempt that has not come about by then is given up: the library says nothing where it
/// cannot look up a name.
constexpr std::int64_t kAttemptMax = 40 * kSecond;
constexpr int kConnectMilliseconds = 10'000;
/// Messages that may wait to be sent: the tickets of an import, several in flight each.
constexpr int kSendMark = static_cast<int>(schema::kAnswersKept);
/// Blocks are bounded by credit; the rest is small. Beyond it TCP holds the sender back.
constexpr int kReceiveMark = 256;

constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                        ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED |
                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

bool is_loopback(const std::string& endpoint) {
    const std::string host = endpoint.substr(6);
    return host.rfind("127.", 0) == 0 || host.rfind("localhost:", 0) == 0 ||
           host.rfind("[::1]", 0) == 0;
}

}  // namespace

Dial::Dial(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Dial::~Dial() = default;

Result<std::unique_ptr<Dial>> Dial::open(Network& network, const std::string& endpoint,
                                         const std::string& server_key, const Keys* keys,
                                         bool down) try {
    const bool tcp = endpoint.rfind("tcp://", 0) == 0;
    const bool ipc = endpoint.rfind("ipc://", 0) == 0;
    const auto refuse = [&](const std::string& why) {
        return fail(Errc::invalid, "connect to \"" + endpoint + "\": " + why);
    };
    if (!tcp && !ipc) return refuse("expected tcp://HOST:PORT or ipc://PATH");
    if (tcp && keys == nullptr) return refuse("tcp needs keys of our own; run `filial init`");
    if (tcp && !is_curve_key(server_key)) {
        return refuse("the key of the other end is missing or not 40 characters of Z85");
    }
    auto inside = std::make_unique<Inside>(network.inside());
    inside->endpoint = endpoint;
    inside->backoff_max_us = ipc || is_loopback(endpoint) ? kBackoffHere : kBackoffAway;
    if (tcp) {
        inside->server_key = server_key;
        inside->public_key = keys->curve_public;
        inside->secret_key = keys->curve_secret;
    }
    const BootTime now = network.inside().clock.boot();
    if (down) {
        inside->take_down(now);
    } else {
        inside->begin(now);
    }
    return std::unique_ptr<Dial>(new Dial(std::move(inside)));
} catch (const zmq::error_t& e) {
    if (e.num() == EINVAL || e.num() == EPROTONOSUPPORT || e.num() == ENAMETOOLONG) {
        return fail(Errc::invalid, "connect to \"" + endpoint + "\": " + zmq_strerror(e.num()) +
                                       "; expected tcp://HOST:PORT or ipc://PATH");
    }
    return tl::unexpected(from_zmq("connect to " + endpoint, e.num()));
}

/// Every attempt is a new socket: the library's own way of trying again stops for ever after a
/// refused key, and all stores would try in the same rhythm.
void Dial::Inside::begin(BootTime now) {
    monitor.stop();
    socket = zmq::socket_t(network.context, zmq::socket_type::dealer);
    set_common_options(socket);
    const bool away = backoff_max_us == kBackoffAway;
    socket.set(zmq::sockopt::affinity, away ? kAffinityAway : kAffinityLocal);
    socket.set(zmq::sockopt::immediate, true);  // Nothing is queued to a peer that is not there.
    socket.set(zmq::sockopt::reconnect_ivl, -1);
    socket.set(zmq::sockopt::connect_timeout, kConnectMilliseconds);
    socket.set(zmq::sockopt::sndhwm, kSendMark);
    socket.set(zmq::sockopt::rcvhwm, kReceiveMark);
    if (!server_key.empty()) {
        socket.set(zmq::sockopt::ipv6, endpoint.find('[') != std::string::npos);
        socket.set(zmq::sockopt::curve_serverkey, server_key);
        socket.set(zmq::sockopt::curve_publickey, public_key);
        socket.set(zmq::sockopt::curve_secretkey, secret_key);
    }
    monitor = Monitor(network, socket, kEvents);
    socket.connect(endpoint);
    state = State::trying;
    since = now;
    due = BootTime{now.value() + kAttemptMax};
}

/// The pause grows, and is drawn between a half and one and a half of itself.
void Dial::Inside::lost(BootTime now, Error because) {
    const bool was_good = state == State::connected && now.value() - since.value() >= kGoodFor;
    backoff_us =
        backoff_us == 0 || was_good ? kBackoffFirst : std::min(backoff_us * 2, backoff_max_us);
    std::uniform_int_distribution<std::int64_t> spread(backoff_us / 2, backoff_us * 3 / 2);
    why = std::move(because);
    state = State::waiting;
    wants_room = false;
    count_past();
    news = true;
    since = now;
    due = BootTime{now.value() + spread(network.random)};
}

/// Without a socket nothing can leave.
void Dial::Inside::take_down(BootTime now) {
    count_past();
    monitor.stop();
    socket.close();
    why = {Errc::unreachable, "down until it is called"};
    state = State::down;
    backoff_us = 0;
    wants_room = false;
    news = true;
    since = now;
    due = BootTime{INT64_MAX};
}

void Dial::Inside::on_event(int event, int value, BootTime now) {
    if (event == ZMQ_EVENT_CONNECTED) {
        if (state == State::trying) arrivals = Arrivals(value);
        return;
    }
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        state = State::connected;
        news = true;
        since = now;
        ++connections;
        return;
    }
    if (state == State::waiting) {
        // The reason may come after the fact that it explains.
        if (event != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return;
    }
    switch (event) {
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            return lost(now, {Errc::not_allowed, "the other end does not admit our key (" +
                                                     std::to_string(value) +
                                                     "); it has to `filial admit` this store"});
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            return lost(now, {Errc::unreachable,
                              "the handshake failed: another key than configured, or no filial"});
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            // An end that cannot read what we say hangs up without a word, as a line that is cut.
            return lost(now, {Errc::unreachable,
                              connections > 0 ? "the connection ended before the handshake did"
                                              : "the connection ended before the handshake did; if "
                                                "it always does: another key than configured, or "
                                                "no filial"});
        case ZMQ_EVENT_DISCONNECTED:
            return lost(now, {Errc::unreachable, "the connection broke"});
        default:
            return lost(now, {Errc::unreachable, "nobody answers"});
    }
}

void Dial::Inside::tend() {
    const BootTime now = network.clock.boot();
    int value = 0;
    while (const int event = monitor.next(value)) on_event(event, value, now);

    if (state == State::trying && now >= due) {
        lost(now, {Errc::unreachable, "no answer in time"});
    } else if (state == State::waiting && now >= due) {
        try {
            begin(now);
        } catch (const zmq::error_t& e) {
            lost(now, from_zmq("connect to " + endpoint, e.num()));
        }
    }
}

Result<std::optional<schema::Bytes>> Dial::receive() try {
    if (inside_->state == Inside::State::down) return std::nullopt;
    zmq::message_t body;
    for (;;) {
        if (!receive_frame(inside_->socket, body)) return std::nullopt;
        if (!body.more()) return body.to_string();
        while (body.more() && receive_frame(inside_->socket, body)) {
        }
    }
} catch (const zmq::error_t& e) {
    return tl::unexpected(from_zmq("receive from " + inside_->endpoint, e.num()));
}

Result<bool> Dial::send(schema::ByteView bytes) try {
    if (bytes.size() > schema::kMessageBytesMax) {
        return fail(Errc::too_large, "send: a message of " + std::to_string(bytes.size()) +
                                         " bytes, more than kMessageBytesMax");
    }
    // A connection that broke is reported a moment before the library takes its queue away: what is
    // put there in between would be lost.
    if (inside_->state != Inside::State::connected) return false;
    zmq::message_t body(bytes.data(), bytes.size());
    // Asking for the events makes the library take notice of what its threads did, which a send
    // alone does once a millisecond.
    const bool sent = send_frame(inside_->socket, body, zmq::send_flags::none) ||
                      ((inside_->socket.get(zmq::sockopt::events) & ZMQ_POLLOUT) != 0 &&
                       send_frame(inside_->socket, body, zmq::send_flags::none));
    inside_->wants_room = !sent;
    return sent;
} catch (const zmq::error_t& e) {
    return tl::unexpected(from_zmq("send to " + inside_->endpoint, e.num()));
}

bool Dial::connected() {
    inside_->tend();
    return inside_->state == Inside::State::connected;
}

std::uint64_t Dial::connections() {
    inside_->tend();
    return inside_->connections;
}

std::int64_t Dial::next_try_us() {
    if (inside_->state == Inside::State::connected) return -1;
    if (inside_->state == Inside::State::trying) return 0;
    if (inside_->state == Inside::State::down) return -1;
    const BootTime now = inside_->network.clock.boot();
    return std::max<std::int64_t>(0, inside_->due.value() - now.value());
}

void Dial::Inside::count() { present = arrivals.carried().value_or(present); }

/// The connection is over.
void Dial::Inside::count_past() {
    count();
    past = {past.in + present.in, past.out + present.out};
    present = {};
    arrivals = {};
}

std::optional<Carried> Dial::carried() {
    if (inside_->server_key.empty()) return std::nullopt;
    inside_->count();
    return Carried{inside_->past.in + inside_->present.in,
                   inside_->past.out + inside_->present.out};
}

std::optional<std::int64_t> Dial::quiet_us() const { return inside_->arrivals.quiet_us(); }

std::optional<std::int64_t> Dial::round_trip_us() const {
    return inside_->arrivals.round_trip_us();
}

void Dial::hang_up() {
    const bool none =
        inside_->state == Inside::State::waiting || inside_->state == Inside::State::down;
    if (none) return;
    inside_->lost(inside_->network.clock.boot(),
                  {Errc::unreachable, "nothing came over the connection any more"});
}

void Dial::stay_down(bool down) {
    const bool is_down = inside_->state == Inside::State::down;
    if (down == is_down) return;
    const BootTime now = inside_->network.clock.boot();
    if (down) return inside_->take_down(now);
    inside_->state = Inside::State::waiting;  // Due at once.
    inside_->due = now;
    inside_->tend();
}

std::optional<Error> Dial::trouble() {
    if (inside_->state == Inside::State::connected) return std::nullopt;
    return Error{inside_->why.code, inside_->endpoint + ": " + inside_->why.message};
}

}  // namespace filial::core
