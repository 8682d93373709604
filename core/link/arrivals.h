#pragma once

#include <cstdint>
#include <optional>

#include "core/link/transport.h"

namespace filial::core {

/// Whether bytes still come over a TCP connection that ZeroMQ owns. The library hands out whole
/// messages only, and on a modem one block takes minutes: until it is complete, this is all that
/// tells a slow line from a dead one. Reads the kernel's counters and touches nothing.
class Arrivals {
  public:
    /// Knows nothing: not TCP, or not connected.
    Arrivals() = default;
    /// `fd` is the library's: it may be closed, and given to another connection, at any moment;
    /// that is noticed.
    explicit Arrivals(int fd);

    /// How long ago the last byte came, in microseconds, to about 10 ms; nullopt if there is no
    /// such connection any more.
    std::optional<std::int64_t> quiet_us() const;
    /// A packet's way there and back, as the kernel has seen it; nullopt as above.
    std::optional<std::int64_t> round_trip_us() const;
    /// What it carried so far, as Dial::carried; nullopt as above.
    std::optional<Carried> carried() const;

  private:
    int fd_ = -1;
    std::uint64_t cookie_ = 0;  ///< The kernel's own name of the socket, never used twice.
};

}  // namespace filial::core
