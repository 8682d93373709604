#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace filial::core {

/// A descriptor that lines go to, and that may be a pipe which nobody drains. The loop of a daemon
/// writes its log through this: it waits once, for `patience`; after that lines are dropped and
/// counted at once, until the descriptor takes bytes again. Then the first line says how many were
/// dropped. Any thread.
class LogOutput {
  public:
    /// The line, with its end, that says so.
    using Notice = std::string (*)(std::uint64_t dropped);
    LogOutput(int fd, std::chrono::milliseconds patience, Notice notice)
        : fd_(fd), patience_(patience), notice_(notice) {}

    /// `line` with its end. Lost where the descriptor is closed or its reader gone.
    void write(std::string_view line);

  private:
    bool put(std::string_view bytes, std::chrono::milliseconds at_most);

    std::mutex mutex_;
    int fd_;
    std::chrono::milliseconds patience_;
    Notice notice_;
    std::uint64_t dropped_ = 0;
    bool torn_ = false;  ///< A line was begun and not ended.
};

}  // namespace filial::core
