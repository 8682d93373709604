#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/tap_positions.h"
#include "schema/result.h"

namespace filial::cli {

/// Where a tap writes. Into regular files it is exact: what a killed tap wrote beyond its saved
/// positions is read back, also where the output is another file now and the earlier one is still
/// there, and a last line that was torn is cut off. Into a pipe or a terminal, the lines between
/// the last write and the last save may come again after a kill, also into a file that follows.
class TapOutput {
  public:
    /// `path` is opened for appending and made if missing; empty: standard output.
    static schema::Result<TapOutput> open(const std::string& path);
    TapOutput(TapOutput&& other) noexcept;
    TapOutput& operator=(TapOutput&&) = delete;
    ~TapOutput();

    /// Brings `state` up to what the file really holds, and notes which file it is.
    schema::Result<void> recover(TapState& state);
    /// Whole lines in one write; then notes the file's size in `state`.
    schema::Result<void> write(std::string_view lines, TapState& state);
    /// Durable, where it is a file.
    schema::Result<void> sync();
    bool is_file() const { return is_file_; }

  private:
    explicit TapOutput(int fd) : fd_(fd) {}
    schema::Result<void> read_back(int fd, bool same, TapState& state);
    schema::Result<void> read_earlier(TapState& state);
    int fd_;
    bool is_file_ = false;
};

/// Moves the positions of `state` past the events of these whole lines; others are skipped.
void pass_lines(std::string_view lines, TapState& state);

}  // namespace filial::cli
