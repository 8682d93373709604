#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "core/link/zmq_inside.h"
#include "core/log.h"
#include "schema/hash.h"

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::fail;
using schema::Result;

namespace {

/// How late a change of the allow list may be noticed; a stat(2) costs microseconds.
constexpr std::int64_t kRefreshEvery = 100 * kMillisecond;
/// The same refusal is logged at most this often.
constexpr std::int64_t kLogEvery = 60 * kSecond;
/// Different strangers that are told apart in the log; beyond, all are forgotten and told again.
constexpr std::size_t kLoggedMax = 1'000;

/// One property of a message's metadata, as ZMTP writes it (RFC 23).
std::string property(std::string_view name, std::string_view value) {
    std::string text(1, static_cast<char>(name.size()));
    text += name;
    text += std::string(3, '\0') + static_cast<char>(value.size());
    return text.append(value);
}

/// The frames of one ZAP request (RFC 27): version, request id, domain, address, routing id,
/// mechanism, credentials.
enum ZapFrame { kVersion, kRequest, kDomain, kAddress, kRoutingId, kMechanism, kKey, kFrames };

/// Reads one whole request. False if none waits.
bool receive_request(zmq::socket_t& socket, std::vector<std::string>& frames) {
    frames.clear();
    zmq::message_t frame;
    while (receive_frame(socket, frame)) {
        frames.push_back(frame.to_string());
        if (!frame.more()) return true;
    }
    return false;
}

std::string key_text(const std::string& raw) {
    char text[41] = "";
    if (raw.size() == 32) {
        zmq_z85_encode(text, reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
    }
    return text;
}

}  // namespace

Error from_zmq(const std::string& doing, int error) {
    const auto code = error == EMFILE || error == ENFILE ? Errc::busy : Errc::io;
    std::string text = doing + ": " + zmq_strerror(error);
    if (code == Errc::busy) text += " (raise the limit of open files, LimitNOFILE=65536)";
    return {code, text};
}

bool receive_frame(zmq::socket_t& socket, zmq::message_t& frame) {
    for (;;) {
        try {
            return socket.recv(frame, zmq::recv_flags::dontwait).has_value();
        } catch (const zmq::error_t& e) {
            if (e.num() != EINTR) throw;
        }
    }
}

bool send_frame(zmq::socket_t& socket, zmq::message_t& frame, zmq::send_flags flags) {
    for (;;) {
        try {
            return socket.send(frame, flags | zmq::send_flags::dontwait).has_value();
        } catch (const zmq::error_t& e) {
            if (e.num() != EINTR) throw;
        }
    }
}

void set_common_options(zmq::socket_t& socket) {
    // At once, not before the end: a socket that lingers holds the process's end up, and whatever
    // must not be lost is on disk.
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::maxmsgsize, kZmqMessageMax);
    // The library's own heartbeats give a line up when no whole message came, and on a modem one
    // block takes minutes. Sessions look at the bytes (Arrivals); for everything else the kernel
    // finds a line that was cut without a word: a quiet one by its probes, one with bytes on the
    // way when they are not acknowledged, though the answers may stand behind minutes of others'
    // bytes.
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    socket.set(zmq::sockopt::tcp_keepalive_idle, 30);
    socket.set(zmq::sockopt::tcp_keepalive_intvl, 15);
    socket.set(zmq::sockopt::tcp_keepalive_cnt, 4);
    socket.set(zmq::sockopt::tcp_maxrt, 300'000);
    // Connections that say nothing hold a descriptor this long; the library's 30 s starve others,
    // and CURVE's greeting takes 7 s at 2.4 kbit/s.
    socket.set(zmq::sockopt::handshake_ivl, 15'000);
}

Monitor::Monitor(Network::Inside& network, zmq::socket_t& of, int events) : of_(&of) {
    const std::string name = network.unique_name("monitor");
    if (zmq_socket_monitor(of.handle(), name.c_str(), events) != 0) throw zmq::error_t();
    socket_ = zmq::socket_t(network.context, zmq::socket_type::pair);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(name);
}

Monitor::~Monitor() { stop(); }

/// The library's end stops first: it would wait for ever for a reader of its events.
void Monitor::stop() {
    if (!socket_) return;
    zmq_socket_monitor(of_->handle(), nullptr, 0);
    socket_.close();
}

int Monitor::next(int& value) {
    zmq::message_t event, address;
    if (!socket_ || !receive_frame(socket_, event) || event.size() < 6) return 0;
    if (event.more() && !receive_frame(socket_, address)) return 0;
    std::uint16_t number = 0;
    std::uint32_t detail = 0;
    std::memcpy(&number, event.data<char>(), sizeof number);
    std::memcpy(&detail, event.data<char>() + sizeof number, sizeof detail);
    value = static_cast<int>(detail);
    return number;
}

bool batch_threads_allowed() {
    if (sched_getscheduler(0) != SCHED_OTHER) return false;
    int refused = 0;
    std::thread([&refused] {
        const sched_param none{};
        refused = pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
    }).join();
    return refused == 0;
}

Network::Network(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Network::~Network() = default;

Result<std::unique_ptr<Network>> Network::open(AllowList* allow) try {
    auto inside = std::make_unique<Inside>(allow);
    const schema::Bytes seed = schema::random_bytes(sizeof(std::uint32_t));
    std::uint32_t number = 0;
    std::memcpy(&number, seed.data(), sizeof number);
    inside->random.seed(number);
    inside->zap = zmq::socket_t(inside->context, zmq::socket_type::rep);
    inside->zap.set(zmq::sockopt::linger, 0);
    inside->zap.bind("inproc://zeromq.zap.01");
    inside->refresh();
    return std::unique_ptr<Network>(new Network(std::move(inside)));
} catch (const zmq::error_t& e) {
    return tl::unexpected(from_zmq("open the network", e.num()));
}

std::string Network::Inside::unique_name(const char* what) {
    return std::string("inproc://") + what + "-" + std::to_string(++names);
}

bool Network::Inside::may_log(const std::string& what) {
    const BootTime now = clock.boot();
    const auto [entry, fresh] = logged_at.try_emplace(what, now);
    if (!fresh && now.value() - entry->second.value() < kLogEvery) return false;
    entry->second = now;
    if (logged_at.size() > kLoggedMax) logged_at.clear();
    return true;
}

void Network::Inside::refresh_if_due() {
    if (clock.boot().value() - refreshed_at.value() >= kRefreshEvery) refresh();
}

void Network::Inside::refresh() {
    if (allow == nullptr) return;
    refreshed_at = clock.boot();
    const auto read = allow->refresh();
    const std::string error = read ? "" : read.error().message;
    if (error != refresh_error && !error.empty()) {
        log(Level::error, "allow list is damaged; the last good one stays", {{"reason", error}});
    }
    refresh_error = error;
}

void Network::Inside::answer_handshakes() {
    std::vector<std::string> request;
    while (receive_request(zap, request)) {
        request.resize(kFrames);
        const std::string key = key_text(request[kKey]);
        const bool well_formed = request[kVersion] == "1.0" && request[kMechanism] == "CURVE";
        refresh();
        const Admission* admission =
            allow != nullptr && well_formed && !key.empty() ? allow->find_key(key) : nullptr;
        if (admission == nullptr && may_log("key " + key)) {
            log(Level::warn, "refused a key that is not admitted",
                {{"key", key}, {"address", request[kAddress]}});
        }
        const std::string user = admission != nullptr ? admission->store : "";
        const std::string metadata = admission != nullptr ? property("Filial-Key", key) : "";
        const std::string answer[] = {"1.0",
                                      request[kRequest],
                                      admission != nullptr ? "200" : "400",
                                      admission != nullptr ? "OK" : "key is not admitted",
                                      user,
                                      metadata};
        for (std::size_t i = 0; i < std::size(answer); ++i) {
            zmq::message_t frame(answer[i]);
            const bool last = i + 1 == std::size(answer);
            send_frame(zap, frame, last ? zmq::send_flags::none : zmq::send_flags::sndmore);
        }
    }
}

}  // namespace filial::core
