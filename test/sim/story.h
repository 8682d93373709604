#pragma once

#include <cstdio>
#include <deque>
#include <string>

#include "test/sim/world_time.h"

namespace filial::sim {

/// What a seed tells of itself, line by line: all of it as it happens, or, once something is wrong,
/// what came last before it.
class Story {
  public:
    static constexpr std::size_t kLast = 200;
    explicit Story(bool all) : all_(all) {}

    bool all() const { return all_; }
    void add(Time at, const std::string& what) {
        char time[32];
        std::snprintf(time, sizeof time, "%10.4f  ", static_cast<double>(at) / kSecond);
        if (all_) {
            std::printf("%s%s\n", time, what.c_str());
            return;
        }
        ++lines_;
        last_.push_back(time + what);
        if (last_.size() > kLast) last_.pop_front();
    }
    void print_last() const {
        if (all_) return;
        std::printf("  its story, the last %zu of %zu lines (seconds of simulated time first):\n",
                    last_.size(), lines_);
        for (const std::string& line : last_) std::printf("  %s\n", line.c_str());
    }

  private:
    bool all_;
    std::size_t lines_ = 0;
    std::deque<std::string> last_;
};

}  // namespace filial::sim
