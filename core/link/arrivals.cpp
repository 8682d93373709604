#include "core/link/arrivals.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "core/clock.h"

namespace filial::core {
namespace {

/// 0 if there is no such socket.
std::uint64_t cookie_of(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace

Arrivals::Arrivals(int fd) : fd_(fd), cookie_(fd < 0 ? 0 : cookie_of(fd)) {}

std::optional<std::int64_t> Arrivals::quiet_us() const {
    if (cookie_ == 0) return std::nullopt;
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    // Asked last: the counters are of this socket if it is still this one now.
    if (cookie_of(fd_) != cookie_) return std::nullopt;
    return std::int64_t{info.tcpi_last_data_recv} * kMillisecond;
}

}  // namespace filial::core
