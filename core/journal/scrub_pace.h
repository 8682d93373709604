#pragma once

#include <cstddef>
#include <cstdint>

#include "core/clock.h"

namespace filial::core {

/// When a process looks through all that it keeps, and how fast: each time all of it, so slowly
/// that nobody who trades meanwhile notices; at once and faster where somebody asked.
class ScrubPace {
  public:
    /// `every_us` from the end of one look to the beginning of the next.
    explicit ScrubPace(std::int64_t every_us) : every_us_(every_us) {}

    /// How much to read in this turn; 0: nothing now. The first look begins kScrubFirstAfter the
    /// first call.
    std::size_t bytes(BootTime now);
    /// The look is done.
    void ended(BootTime now);
    /// Somebody waits for a look that begins now or later.
    void at_once();

    /// Looks that were ended since the start.
    std::int64_t looks() const { return looks_; }
    /// Nobody waits for a look any more.
    bool answered() const { return !asked_; }

  private:
    std::int64_t every_us_;
    bool begun_ = false;
    bool asked_ = false;
    bool again_ = false;  ///< Asked while a look was under way, which may have passed the place.
    bool first_ = true;
    BootTime next_;   ///< The next look begins.
    BootTime slice_;  ///< The last slice of the one under way.
    std::int64_t looks_ = 0;
};

/// A start has other things to do first.
constexpr std::int64_t kScrubFirstAfter = 60 * kSecond;
/// A MiB a second: a year's log of a shop in a few minutes, a percent of one core.
constexpr std::size_t kScrubSlice = 32 << 10;
constexpr std::int64_t kScrubSliceEvery = 32 * kMillisecond;
/// Somebody waits: a turn is a few ms longer.
constexpr std::size_t kScrubSliceAsked = 512 << 10;

}  // namespace filial::core
