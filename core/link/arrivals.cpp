#include "core/link/arrivals.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/clock.h"

namespace filial::core {
namespace {

/// Around each segment: the heads of IP and TCP without options.
constexpr std::uint64_t kHeads = 40;

/// 0 if there is no such socket.
std::uint64_t cookie_of(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

/// The kernel's counters of that connection.
std::optional<tcp_info> info_of(int fd, std::uint64_t cookie) {
    if (cookie == 0) return std::nullopt;
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    // Asked last: the counters are of this socket if it is still this one now.
    if (cookie_of(fd) != cookie) return std::nullopt;
    return info;
}

}  // namespace

Arrivals::Arrivals(int fd) : fd_(fd), cookie_(fd < 0 ? 0 : cookie_of(fd)) {}

std::optional<std::int64_t> Arrivals::quiet_us() const {
    const auto info = info_of(fd_, cookie_);
    if (!info) return std::nullopt;
    return std::int64_t{info->tcpi_last_data_recv} * kMillisecond;
}

std::optional<std::int64_t> Arrivals::round_trip_us() const {
    const auto info = info_of(fd_, cookie_);
    if (!info || info->tcpi_rtt == 0) return std::nullopt;
    return std::int64_t{info->tcpi_rtt};
}

std::optional<Carried> Arrivals::carried() const {
    const auto info = info_of(fd_, cookie_);
    if (!info) return std::nullopt;
    return Carried{info->tcpi_bytes_received + kHeads * info->tcpi_segs_in,
                   info->tcpi_bytes_sent + kHeads * info->tcpi_segs_out};
}

}  // namespace filial::core
