#include "bench/support/zmtp_line.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace filial::bench {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr std::size_t kGreetingBytes = 64;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kGreetingMs = 2'000;

constexpr unsigned char kMore = 1;
constexpr unsigned char kLong = 2;
constexpr unsigned char kCommand = 4;

/// Signature, version 3.0, mechanism NULL, no server, filler.
Bytes greeting() {
    Bytes bytes(kGreetingBytes, '\0');
    bytes[0] = '\xff';
    bytes[9] = '\x7f';
    bytes[10] = '\x03';
    std::memcpy(&bytes[12], "NULL", 4);
    return bytes;
}

/// READY with the one property that it must have.
Bytes ready() {
    using namespace std::string_literals;
    return "\x05READY\x0bSocket-Type\x00\x00\x00\x06"s + "DEALER";
}

Result<void> broken(const char* what) {
    return fail(Errc::io, std::string("a till's connection: ") + what + ": " +
                              std::strerror(errno == 0 ? EPIPE : errno));
}

}  // namespace

Result<ZmtpLine> ZmtpLine::connect(const std::string& endpoint) {
    const std::string scheme = "ipc://";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (endpoint.rfind(scheme, 0) != 0 ||
        endpoint.size() - scheme.size() >= sizeof address.sun_path) {
        return fail(Errc::invalid, endpoint + ": no local socket");
    }
    std::strcpy(address.sun_path, endpoint.c_str() + scheme.size());
    ZmtpLine line(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (line.fd_ < 0 || ::connect(line.fd_, where, sizeof address) != 0) {
        return tl::unexpected(broken("connect").error());
    }
    if (const auto ok = line.greet(); !ok) return tl::unexpected(ok.error());
    return line;
}

ZmtpLine::~ZmtpLine() {
    if (fd_ >= 0) ::close(fd_);
}

ZmtpLine::ZmtpLine(ZmtpLine&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      out_(std::move(other.out_)),
      sent_(other.sent_),
      in_(std::move(other.in_)),
      taken_(other.taken_) {}

Result<void> ZmtpLine::greet() {
    out_ = greeting();
    if (const auto ok = send(); !ok) return ok;
    if (const auto ok = read_at_least(kGreetingBytes); !ok) return ok;
    if (in_[0] != '\xff' || in_.compare(12, 4, "NULL") != 0) {
        return fail(Errc::io, "a till's connection: no greeting of ZMTP with NULL");
    }
    taken_ = kGreetingBytes;
    put_frame(kCommand, ready());
    if (const auto ok = send(); !ok) return ok;
    for (;;) {
        const auto theirs = frame();
        const bool is = theirs && theirs->flags == kCommand && theirs->body.substr(1, 5) == "READY";
        if (is) return {};
        if (theirs) return fail(Errc::io, "a till's connection: another answer than READY");
        const auto ok = read_at_least(in_.size() - taken_ + 1);
        if (!ok) return ok;
    }
}

Result<void> ZmtpLine::read_at_least(std::size_t bytes) {
    while (in_.size() - taken_ < bytes) {
        pollfd readable{fd_, POLLIN, 0};
        if (::poll(&readable, 1, kGreetingMs) != 1) {
            return fail(Errc::timeout, "a till's connection: no greeting");
        }
        if (const auto ok = read(); !ok) return ok;
    }
    return {};
}

void ZmtpLine::put_frame(unsigned char flags, ByteView body) {
    const bool is_long = body.size() > 255;
    out_ += static_cast<char>(flags | (is_long ? kLong : 0));
    for (std::size_t i = is_long ? 8 : 1; i-- > 0;) {
        out_ += static_cast<char>(body.size() >> (8 * i) & 0xff);
    }
    out_ += body;
}

void ZmtpLine::put(ByteView message) { put_frame(0, message); }

Result<void> ZmtpLine::send() {
    while (sent_ < out_.size()) {
        const ssize_t count =
            ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) return {};
        if (count <= 0) return broken("send");
        sent_ += static_cast<std::size_t>(count);
    }
    out_.clear();
    sent_ = 0;
    return {};
}

Result<void> ZmtpLine::read() {
    static thread_local std::array<char, kReadBytes> room;  // A string would be filled with zeros.
    in_.erase(0, std::exchange(taken_, 0));
    errno = 0;
    const ssize_t count = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    if (count > 0) in_.append(room.data(), static_cast<std::size_t>(count));
    if (count > 0 || (count < 0 && errno == EAGAIN)) return {};
    return broken("read");
}

std::optional<ZmtpLine::Frame> ZmtpLine::frame() {
    const ByteView left = ByteView(in_).substr(taken_);
    if (left.empty()) return std::nullopt;
    const auto flags = static_cast<unsigned char>(left[0]);
    const std::size_t size_bytes = (flags & kLong) != 0 ? 8 : 1;
    if (left.size() < 1 + size_bytes) return std::nullopt;
    std::size_t size = 0;
    for (std::size_t i = 0; i < size_bytes; ++i) {
        size = size << 8 | static_cast<unsigned char>(left[1 + i]);
    }
    if (left.size() - 1 - size_bytes < size) return std::nullopt;
    taken_ += 1 + size_bytes + size;
    return Frame{static_cast<unsigned char>(flags & ~kLong), left.substr(1 + size_bytes, size)};
}

Result<std::optional<ByteView>> ZmtpLine::next() {
    while (const auto found = frame()) {
        if ((found->flags & kMore) != 0) {
            return fail(Errc::io, "a till's connection: an answer of several frames");
        }
        if (found->flags == 0) return std::optional<ByteView>(found->body);
        if (found->body.substr(1, 4) == "PING" && found->body.size() >= 7) {
            put_frame(kCommand, "\x04PONG" + Bytes(found->body.substr(7)));
        }
    }
    return std::optional<ByteView>();
}

}  // namespace filial::bench
