#pragma once

#include <cstddef>

#include "core/clock.h"

namespace filial::publisher {

/// When a group is committed. Clients that were just answered come again within a moment, and a
/// commit of the first few of them costs as much as one of all: a turn that found less than its
/// share looks again while more come. Pure: one thread, times come in.
class Gathering {
  public:
    /// A turn has read what was there, and `waiting` tickets wait in all: whether to read once more
    /// before they are committed. At most kGatherMost from the turn's first question on.
    bool more(std::size_t waiting, core::BootTime now);
    /// The turn is over: so many tickets were answered.
    void over(std::size_t answered);

  private:
    std::size_t expected_ = 0;  ///< Of one turn: what the last one answered.
    std::size_t seen_ = 0;
    bool asked_ = false;
    core::BootTime began_;
    core::BootTime progressed_;
};

/// Fewer clients than this are not waited for: their commits are small whatever happens.
inline constexpr std::size_t kGatherClients = 16;
/// Without a further ticket for this long nobody is on his way: as long as a client on the same
/// machine takes to be woken.
inline constexpr std::int64_t kGatherPause = 60;
/// In all, about what a commit itself takes on a fast disk.
inline constexpr std::int64_t kGatherMost = 400;

}  // namespace filial::publisher
