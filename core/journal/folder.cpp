#include "core/journal/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::fail;
using schema::Result;

Error system_error(const std::string& what) {
    const int number = errno;
    const bool full = number == ENOSPC || number == EDQUOT;
    return {full ? Errc::no_space : Errc::io, what + ": " + std::strerror(number)};
}

Result<void> create_folders(const std::filesystem::path& dir) {
    if (::access(dir.c_str(), F_OK) == 0) return {};
    auto parent = dir.parent_path();
    if (dir.filename().empty()) return create_folders(parent);  // "a/b/" names what "a/b" names.
    if (parent.empty()) parent = ".";
    if (const auto ok = create_folders(parent); !ok) return ok;
    if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return tl::unexpected(system_error("create folder " + dir.string()));
    }
    return sync_folder(parent);
}

Result<std::uint64_t> free_bytes(const std::filesystem::path& dir) {
    struct statvfs info {};
    if (::statvfs(dir.c_str(), &info) != 0) {
        return tl::unexpected(system_error("free space of " + dir.string()));
    }
    return std::uint64_t{info.f_bavail} * info.f_frsize;
}

Result<std::uint64_t> reserve_in(const std::filesystem::path& dir,
                                 std::optional<std::uint64_t> chosen) {
    if (chosen) return *chosen;
    struct statvfs info {};
    if (::statvfs(dir.c_str(), &info) != 0) {
        return tl::unexpected(system_error("size of the file system of " + dir.string()));
    }
    return default_reserve(std::uint64_t{info.f_blocks} * info.f_frsize);
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& dir) {
    const auto file = dir / "lock";
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return tl::unexpected(system_error("open " + file.string()));
    FolderLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EWOULDBLOCK) {
        return fail(Errc::locked, dir.string() + ": another process has it open");
    }
    return tl::unexpected(system_error("lock " + file.string()));
}

FolderLock::~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

}  // namespace filial::core
