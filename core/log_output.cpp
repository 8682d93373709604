#include "core/log_output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace filial::core {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Whether all of it was written. A pipe that can be written takes PIPE_BUF bytes without waiting.
bool LogOutput::put(std::string_view bytes, milliseconds at_most) {
    const auto until = steady_clock::now() + at_most;
    while (!bytes.empty()) {
        const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
        pollfd ready{fd_, POLLOUT, 0};
        const int polled =
            ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (polled < 0 && errno == EINTR) continue;
        if (polled == 0) return false;
        const auto written =
            ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) return false;
        if (written < 0) return true;  // Nobody will ever read it.
        torn_ = true;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    torn_ = false;
    return true;
}

void LogOutput::write(std::string_view line) {
    const std::lock_guard lock(mutex_);
    std::string before;
    if (torn_) before = "\n";
    if (dropped_ > 0) before += notice_(dropped_);
    const auto patience = dropped_ > 0 ? milliseconds(0) : patience_;
    if (!before.empty() && !put(before, patience)) {
        ++dropped_;
        return;
    }
    dropped_ = put(line, patience) ? 0 : 1;
}

}  // namespace filial::core
