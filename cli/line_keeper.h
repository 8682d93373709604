#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

#include "cli/file.h"
#include "core/options.h"

namespace filial::cli {

/// The store's one line to the others: who may use it now, and the commands that bring it up and
/// down. A process of its own runs them, so that the line goes down when whoever called is killed;
/// it holds the lock as long as the line may be up. A note on the disk says so meanwhile: a line
/// that was left up by the death of both is taken down by the next call.
class LineKeeper {
  public:
    explicit LineKeeper(const core::Options& options);
    LineKeeper(const LineKeeper&) = delete;
    LineKeeper& operator=(const LineKeeper&) = delete;
    /// As `down`.
    ~LineKeeper();

    /// `locked` while another call is under way. Once it is ours, takes a line down that an earlier
    /// call left up: `left_up` is then true.
    schema::Result<void> take();
    bool left_up() const { return left_up_; }

    /// Runs `link_up`, at most `link_up_within`, or until `stop`. On failure the line is down again
    /// on return. `unreachable` with how it ended. Nothing where no command is configured.
    schema::Result<void> up(const std::function<bool()>& stop = {});
    /// False once the process that keeps the line has ended without being asked.
    bool kept() const;
    /// Runs `link_down`, at most `link_down_within`. `io` where that fails: the note stays, and the
    /// next call tries again. The lock stays ours.
    schema::Result<void> down();

    /// Where notes, the lock and the commands' output are: data/calls.
    static std::filesystem::path folder(const core::Options& options);

  private:
    void keep(int to_caller);
    schema::Result<void> run_down();
    schema::Result<std::string> heard(std::int64_t within_us, const std::function<bool()>& stop);

    const core::Options& options_;
    std::filesystem::path folder_;
    FileLock lock_;
    bool left_up_ = false;
    pid_t keeper_ = -1;
    int line_ = -1;  ///< To the process that keeps the line.
};

}  // namespace filial::cli
