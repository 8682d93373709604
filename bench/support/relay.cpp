#include "bench/support/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr int kEthernetSegment = 1'460;
constexpr int kLookEveryMs = 10;
constexpr std::size_t kPassedAtOnce = 64 * 1024;

sockaddr_in here(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void at_once(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Writes all of it; false when the other end is gone.
bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}  // namespace

/// Finds in a stream of ZeroMQ's protocol where its first message ends: 64 bytes of greeting, then
/// frames, of which commands do not count.
class Relay::FirstMessage {
  public:
    void see(std::string_view bytes) {
        held_ += bytes;
        while (!over_) {
            if (!greeted_) {
                if (held_.size() < 64) return;
                held_.erase(0, 64);
                greeted_ = true;
            }
            if (held_.size() < 2) return;
            const auto flags = static_cast<unsigned char>(held_[0]);
            const std::size_t head = (flags & 2) != 0 ? 9 : 2;
            if (held_.size() < head) return;
            std::size_t size = 0;
            for (std::size_t i = 1; i < head; ++i) {
                size = size << 8 | static_cast<unsigned char>(held_[i]);
            }
            if (held_.size() < head + size) return;
            held_.erase(0, head + size);
            over_ = (flags & 4) == 0;
        }
        held_.clear();
    }
    bool over() const { return over_; }

  private:
    std::string held_;
    bool greeted_ = false;
    bool over_ = false;
};

struct Relay::Call {
    int caller = -1;
    int called = -1;
    std::uint64_t bytes = 0;
    FirstMessage up;
    FirstMessage down;
    ~Call() {
        ::close(caller);
        if (called >= 0) ::close(called);
    }
};

Relay::Relay(int listener, int port, int to) : listener_(listener), port_(port), to_(to) {
    thread_ = std::thread([this] { run(); });
}

Relay::~Relay() {
    over_ = true;
    thread_.join();
    ::close(listener_);
}

Result<std::unique_ptr<Relay>> Relay::make(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = here(0);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    ::setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &kEthernetSegment, sizeof kEthernetSegment);
    const bool listens =
        ::bind(fd, any, size) == 0 && ::getsockname(fd, any, &size) == 0 && ::listen(fd, 8) == 0;
    if (!listens) {
        ::close(fd);
        return fail(Errc::io, "no port for a relay");
    }
    return std::unique_ptr<Relay>(new Relay(fd, ntohs(address.sin_port), port));
}

void Relay::open() {
    const std::lock_guard lock(mutex_);
    before_ = now_ = {};
    greeting_.reset();
    open_ = true;
}

void Relay::cut() {
    open_ = false;
    for (;;) {
        const std::lock_guard lock(mutex_);
        if (!call_) return;
    }
}

Traffic Relay::traffic() const {
    const std::lock_guard lock(mutex_);
    return now_;
}

std::optional<Traffic> Relay::greeting() const {
    const std::lock_guard lock(mutex_);
    return greeting_;
}

void Relay::run() {
    while (!over_) {
        pollfd waits[3] = {{listener_, POLLIN, 0},
                           {call_ ? call_->caller : -1, POLLIN, 0},
                           {call_ ? call_->called : -1, POLLIN, 0}};
        ::poll(waits, 3, kLookEveryMs);
        const std::lock_guard lock(mutex_);
        if ((waits[0].revents & POLLIN) != 0) accept();
        if (call_) pass(*call_);
        if (call_) count(*call_);
        const bool broken = call_ && call_->called < 0;
        if (call_ && (broken || !open_)) {
            before_ = now_;
            call_.reset();
        }
    }
}

/// One call at a time; who comes while the line is cut hears nothing but its end.
void Relay::accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    if (!open_ || call_) {
        ::close(fd);
        return;
    }
    auto call = std::make_unique<Call>();
    call->caller = fd;
    call->called = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = here(to_);
    if (::connect(call->called, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
    at_once(call->caller);
    at_once(call->called);
    call_ = std::move(call);
}

void Relay::pass(Call& call) {
    std::string room(kPassedAtOnce, '\0');
    const auto one_way = [&](int from, int to, FirstMessage& first) {
        const ssize_t got = ::recv(from, room.data(), room.size(), MSG_DONTWAIT);
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        const std::string_view bytes(room.data(), static_cast<std::size_t>(got));
        first.see(bytes);
        call.bytes += bytes.size();
        return got > 0 && send_all(to, bytes);
    };
    if (one_way(call.caller, call.called, call.up) &&
        one_way(call.called, call.caller, call.down)) {
        return;
    }
    count(call);
    ::close(call.called);
    call.called = -1;
}

void Relay::count(Call& call) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(call.caller, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return;
    // The kernel does not count its answer to the first segment.
    now_.bytes = before_.bytes + call.bytes;
    now_.segments = before_.segments + info.tcpi_segs_in + info.tcpi_segs_out + 1;
    if (!greeting_ && call.up.over() && call.down.over()) greeting_ = now_;
}

}  // namespace filial::bench
