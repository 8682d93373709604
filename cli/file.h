#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace filial::cli {

/// What errno says of the call that has just failed: `no_space` or `io`, after `what` was tried.
schema::Result<void> system_failed(const std::string& what);

/// Writes beside `path`, syncs, renames: after a crash there is the old file or the new one, whole.
schema::Result<void> write_file(const std::filesystem::path& path, std::string_view content);

/// Writes a file that must not be there yet, synced. `invalid` if it is there.
schema::Result<void> create_file(const std::filesystem::path& path, std::string_view content);

/// The whole file, or standard input for "-". `not_found` if it is missing, `too_large` above
/// `bytes_max`.
schema::Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);

/// Keeps other processes from taking the same file as long as it lives; the file stays.
class FileLock {
  public:
    FileLock() = default;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock();
    /// `locked` if another process has it; may be tried again.
    schema::Result<void> take(const std::filesystem::path& path);
    /// A child that keeps it open keeps the lock.
    int fd() const { return fd_; }

  private:
    int fd_ = -1;
};

}  // namespace filial::cli
