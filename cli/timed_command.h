#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

namespace filial::cli {

/// How a command for sh ended.
struct CommandEnd {
    enum class How {
        done,     ///< With exit code 0.
        failed,   ///< With another one, or by a signal.
        late,     ///< It took longer than it may, and was killed with all that it started.
        stopped,  ///< Nobody waits for it any more; killed likewise.
    };
    How how = How::failed;
    int code = 0;  ///< Of `failed`; 128 and the signal's number where one ended it.
};

/// Runs it in a process group of its own, with nothing to read and its output behind `log`, for at
/// most `most_us`. `stop` is asked 50 times a second. A process that it left behind in a group of
/// its own, as pppd does, goes on.
CommandEnd run_timed(const std::string& command, std::int64_t most_us, const std::string& log,
                     const std::function<bool()>& stop = {});

}  // namespace filial::cli
