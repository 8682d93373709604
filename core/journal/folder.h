#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/disk_text.h"
#include "schema/result.h"

namespace filial::core {

/// Creates `dir` and what is missing above it, readable by its owner only. On return the entries
/// are on the disk. `io`, or `no_space`, with the folder's name.
schema::Result<void> create_folders(const std::filesystem::path& dir);

/// The first of NAME-1, NAME-2 ... that is not in `dir`.
std::filesystem::path free_name(const std::filesystem::path& dir, const std::string& name);
/// Writes into a folder with damaged files why it is put aside, as the file `why`.
schema::Result<void> note_why(const std::filesystem::path& damaged, const std::string& why);
/// Moves everything in `dir` but its lock, what was moved aside before and `keep`, into a folder
/// `damaged-N` in it, which is given, with `why`. Durable on return.
schema::Result<std::filesystem::path> move_aside(const std::filesystem::path& dir,
                                                 const std::vector<std::string>& keep,
                                                 const std::string& why);
/// What was put aside in `dir`: the folders, and why each was.
std::vector<std::pair<std::filesystem::path, std::string>> put_aside_in(
    const std::filesystem::path& dir);

/// Bytes that this user may still write to the file system of `dir`.
schema::Result<std::uint64_t> free_bytes(const std::filesystem::path& dir);

/// Space that a database leaves free in a file system of this size, when nobody chose otherwise: an
/// eighth of it, at most 64 MiB. It is what RocksDB needs to write out what it has in memory, and
/// what the other programs of the machine live from.
constexpr std::uint64_t default_reserve(std::uint64_t file_system_bytes) {
    constexpr std::uint64_t kMost = 64 << 20;
    return file_system_bytes / 8 < kMost ? file_system_bytes / 8 : kMost;
}
/// `chosen`, or the default for the file system of `dir`, which must exist.
schema::Result<std::uint64_t> reserve_in(const std::filesystem::path& dir,
                                         std::optional<std::uint64_t> chosen);

/// A failed system call as an error: "open /x/y: Permission denied". ENOSPC and a full quota are
/// `no_space`, the rest `io`. Reads errno.
schema::Error system_error(const std::string& what);

/// Holds a folder for this process: the lock goes with the process, however it ends.
class FolderLock {
  public:
    FolderLock() = default;
    /// Takes the lock by the file `lock` in `dir`. `locked` if somebody has it, this process
    /// included.
    static schema::Result<FolderLock> take(const std::filesystem::path& dir);
    ~FolderLock();
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&& other) noexcept;

  private:
    explicit FolderLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace filial::core
