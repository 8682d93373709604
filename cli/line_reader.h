#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace filial::cli {

/// A longer line is reported and skipped, whatever memory there is: no ticket is that long.
constexpr std::size_t kLineBytesMax = 1024 * 1024;

/// Reads a file or a pipe line by line with bounded memory; never waits for a pipe unless told to.
class LineReader {
  public:
    enum class Got {
        line,      ///< `text` is the next line, without its newline.
        too_long,  ///< A line longer than kLineBytesMax; `text` is its first 64 bytes.
        none,      ///< Nothing more for the moment.
        end,
    };

    /// "-" is standard input.
    static schema::Result<LineReader> open(const std::string& path);
    LineReader(LineReader&& other) noexcept;
    LineReader& operator=(LineReader&&) = delete;
    ~LineReader();

    /// The next line. `text` is valid until the next call. Fails with `io`.
    schema::Result<Got> next(std::string_view& text);
    /// Waits until a pipe has something to read, at most so long.
    void wait(std::chrono::milliseconds at_most) const;

    std::uint64_t bytes_read() const { return bytes_read_; }
    std::uint64_t size() const { return size_; }  ///< Of a regular file; 0 where it is not known.
    /// True if the last line had its newline.
    bool last_line_complete() const { return complete_; }

  private:
    LineReader(int fd, std::string path, std::uint64_t size);
    int fd_;
    std::string path_;
    std::uint64_t size_;
    std::uint64_t bytes_read_ = 0;
    std::string buffer_;
    std::size_t at_ = 0;      ///< Of the next line in the buffer.
    std::size_t looked_ = 0;  ///< No newline before here.
    bool skipping_ = false;   ///< Within a line that was too long.
    bool ended_ = false;
    bool complete_ = true;
};

}  // namespace filial::cli
