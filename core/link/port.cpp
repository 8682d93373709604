#include "core/link/zmq_inside.h"
#include "core/log.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// Messages that may wait towards one route, the library's bound at which a send is refused.
/// Blocks are bounded by credit far below it; answers come in bursts of one group commit, so all
/// tickets that a client may have in flight must fit.
constexpr int kPortSendMark = 2 * static_cast<int>(schema::kAnswersKept);
/// Messages of one route that may wait here before TCP holds the sender back: enough to fill one
/// group commit, and bounds what one admitted peer can cost (256 MiB at the very most).
constexpr int kPortReceiveMark = 256;
/// Connections that wait to be accepted: all stores of a large company at once.
constexpr int kBacklog = 512;
/// Dropped messages after which `receive` lets others have their turn.
constexpr int kDropsAtOnce = 64;
/// How long the end of a port waits for the library to give the address back.
constexpr long kCloseMilliseconds = 2'000;

/// What a person has to change when this endpoint cannot be bound.
std::string advice(int error) {
    switch (error) {
        case EADDRINUSE:
            return "another program listens there; choose another port, or stop it";
        case EACCES:
            return "this user may not; choose a port of 1024 or above";
        case EADDRNOTAVAIL:
        case ENODEV:
            return "this machine has no such address; tcp://*:PORT listens on all it has";
        default:
            return std::string(zmq_strerror(error)) + "; expected tcp://ADDRESS:PORT or ipc://PATH";
    }
}

std::string_view property_of(zmq::message_t& message, const char* name) {
    const char* value = zmq_msg_gets(message.handle(), name);
    return value != nullptr ? value : "";
}

/// Takes the rest of a message that has more frames than ours have.
void skip_frames(zmq::socket_t& socket, zmq::message_t& frame) {
    while (frame.more() && receive_frame(socket, frame)) {
    }
}

}  // namespace

Port::Port(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Port::~Port() = default;

/// The library closes a listener at a time of its own. Waiting for its word makes the endpoint
/// free on return; the file of an ipc socket is ours and simply goes.
Port::Inside::~Inside() {
    if (!socket) return;
    if (monitor.socket()) {
        zmq_unbind(socket.handle(), endpoint.c_str());
        zmq_pollitem_t item{monitor.socket().handle(), 0, ZMQ_POLLIN, 0};
        while (zmq_poll(&item, 1, kCloseMilliseconds) < 0 && zmq_errno() == EINTR) {
        }
    }
    monitor.stop();
    socket.close();
}

Result<std::unique_ptr<Port>> Port::bind(Network& network, const std::string& endpoint,
                                         const Keys* keys) try {
    const bool tcp = endpoint.rfind("tcp://", 0) == 0;
    const bool ipc = endpoint.rfind("ipc://", 0) == 0;
    if (!tcp && !ipc) {
        return fail(Errc::invalid,
                    "listen on \"" + endpoint + "\": expected tcp://ADDRESS:PORT or ipc://PATH");
    }
    if (tcp && keys == nullptr) {
        return fail(Errc::invalid, "listen on " + endpoint + ": tcp needs keys; run `filial init`");
    }
    auto inside = std::make_unique<Inside>(network.inside());
    inside->local = ipc;
    inside->endpoint = endpoint;
    inside->socket = zmq::socket_t(network.inside().context, zmq::socket_type::router);
    zmq::socket_t& socket = inside->socket;
    set_common_options(socket);
    socket.set(zmq::sockopt::affinity, kAffinityLocal);
    socket.set(zmq::sockopt::router_mandatory, true);
    socket.set(zmq::sockopt::sndhwm, kPortSendMark);
    socket.set(zmq::sockopt::rcvhwm, kPortReceiveMark);
    socket.set(zmq::sockopt::backlog, kBacklog);
    if (tcp) {
        socket.set(zmq::sockopt::ipv6, endpoint.find('[') != std::string::npos);
        socket.set(zmq::sockopt::curve_server, true);
        socket.set(zmq::sockopt::curve_secretkey, keys->curve_secret);
        socket.set(zmq::sockopt::zap_domain, "filial");
        inside->monitor = Monitor(network.inside(), socket, ZMQ_EVENT_CLOSED);
    } else {
        auto file = SocketFile::claim(endpoint.substr(6));
        if (!file) return fail("listen", file.error());
        inside->file = std::move(*file);
        const int fd = inside->file->take_listener();
        if (zmq_setsockopt(socket.handle(), ZMQ_USE_FD, &fd, sizeof fd) != 0) throw zmq::error_t();
    }
    if (zmq_bind(socket.handle(), endpoint.c_str()) != 0) {
        const int error = zmq_errno();
        inside->monitor.stop();
        return fail(Errc::invalid, "listen on " + endpoint + ": " + advice(error));
    }
    inside->endpoint = socket.get(zmq::sockopt::last_endpoint);
    return std::unique_ptr<Port>(new Port(std::move(inside)));
} catch (const zmq::error_t& e) {
    return tl::unexpected(from_zmq("listen on " + endpoint, e.num()));
}

/// False: nobody whom we admitted sent it. The handler decided at the handshake; since then the
/// store may have been given another key.
bool Port::Inside::let_in(zmq::message_t& body, Incoming& incoming) {
    if (local) {
        incoming.address = "local";
        return true;
    }
    incoming.user = property_of(body, "User-Id");
    incoming.address = property_of(body, "Peer-Address");
    incoming.socket = zmq_msg_get(body.handle(), ZMQ_SRCFD);
    if (!incoming.user.empty()) {
        const Admission* now = network.allow->find_store(incoming.user);
        // A store that was removed altogether is left to the caller, who can tell the peer so.
        if (now == nullptr || now->key == property_of(body, "Filial-Key")) return true;
    }
    ++strangers;
    if (network.may_log("message " + incoming.address)) {
        log(Level::error, "dropped a message of somebody not admitted",
            {{"endpoint", endpoint}, {"address", incoming.address}, {"store", incoming.user}});
    }
    return false;
}

Result<std::optional<Incoming>> Port::receive() try {
    for (int dropped = 0; dropped < kDropsAtOnce; ++dropped) {
        zmq::message_t route, body;
        if (!receive_frame(inside_->socket, route)) return std::nullopt;
        if (!route.more() || !receive_frame(inside_->socket, body)) continue;
        if (body.more()) {  // Ours have one frame; whoever this is speaks something else.
            skip_frames(inside_->socket, body);
            continue;
        }
        Incoming incoming;
        if (!inside_->let_in(body, incoming)) continue;
        incoming.route = route.to_string();
        incoming.bytes = body.to_string();
        return incoming;
    }
    return std::nullopt;
} catch (const zmq::error_t& e) {
    return tl::unexpected(from_zmq("receive on " + inside_->endpoint, e.num()));
}

Result<bool> Port::send(const schema::Bytes& route, schema::ByteView bytes) try {
    if (bytes.size() > schema::kMessageBytesMax) {
        return fail(Errc::too_large, "send: a message of " + std::to_string(bytes.size()) +
                                         " bytes, more than kMessageBytesMax");
    }
    zmq::message_t head(route.data(), route.size());
    zmq::message_t body(bytes.data(), bytes.size());
    if (!send_frame(inside_->socket, head, zmq::send_flags::sndmore)) return false;
    return send_frame(inside_->socket, body, zmq::send_flags::none);
} catch (const zmq::error_t& e) {
    if (e.num() == EHOSTUNREACH) return false;
    return tl::unexpected(from_zmq("send from " + inside_->endpoint, e.num()));
}

QuietOf Port::quiet_of(const Incoming& incoming) const {
    return [arrivals = Arrivals(incoming.socket)] { return arrivals.quiet_us(); };
}

RoundTripOf Port::round_trip_of(const Incoming& incoming) const {
    return [arrivals = Arrivals(incoming.socket)] { return arrivals.round_trip_us(); };
}

const std::string& Port::endpoint() const { return inside_->endpoint; }
bool Port::local() const { return inside_->local; }
std::uint64_t Port::strangers() const { return inside_->strangers; }

}  // namespace filial::core
