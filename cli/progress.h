#pragma once

#include <cstdint>
#include <string>

#include "cli/console.h"

namespace filial::cli {

/// How far a long work has come, on stderr: a bar with rate and remaining time at a terminal, one
/// line every 10 seconds elsewhere. Times are microseconds of CLOCK_BOOTTIME.
class Progress {
  public:
    /// `total` is in the unit of `done` below; 0 where it is not known.
    Progress(Console& console, std::string what, std::uint64_t total, std::int64_t now_us);

    /// `done` of the total, and `count` of what people count. Shown at most ten times a second.
    void update(std::uint64_t done, std::uint64_t count, std::int64_t now_us);
    /// A line beside the bar, which is drawn again below it.
    void say(const std::string& text);
    /// Takes the bar away.
    void finish();

    /// The bar's text: "sales.jsonl [#####     ] 51%  17,204  8,102/s  2 s left".
    std::string text(std::uint64_t done, std::uint64_t count, std::int64_t now_us) const;

  private:
    Console& console_;
    std::string what_;
    std::uint64_t total_;
    std::int64_t began_us_;
    std::int64_t shown_us_;
    bool bar_;
    bool drawn_ = false;
};

}  // namespace filial::cli
