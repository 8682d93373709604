#include "core/journal/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::fail;
using schema::Result;

namespace {

constexpr const char* kLockName = "lock";
constexpr const char* kWhyName = "why";
constexpr std::size_t kWhyBytesMax = 64 * 1024;

}  // namespace

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

std::filesystem::path free_name(const std::filesystem::path& dir, const std::string& name) {
    std::error_code none;
    for (int number = 1;; ++number) {
        const auto path = dir / (name + "-" + std::to_string(number));
        if (!std::filesystem::exists(path, none)) return path;
    }
}

Result<void> note_why(const std::filesystem::path& damaged, const std::string& why) {
    return replace_text(damaged / kWhyName, why + "\n", 0600);
}

std::vector<std::pair<std::filesystem::path, std::string>> put_aside_in(
    const std::filesystem::path& dir) {
    std::vector<std::pair<std::filesystem::path, std::string>> found;
    std::error_code error;
    for (std::filesystem::directory_iterator at(dir, error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (!name.starts_with("damaged-") || !at->is_directory()) continue;
        const auto text = read_text(at->path() / kWhyName, kWhyBytesMax);
        found.emplace_back(at->path(), text ? text->substr(0, text->find('\n')) : std::string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

Result<std::filesystem::path> move_aside(const std::filesystem::path& dir,
                                         const std::vector<std::string>& keep,
                                         const std::string& why) {
    std::error_code error;
    std::vector<std::filesystem::path> moved;
    for (std::filesystem::directory_iterator at(dir, error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        const bool stays = name == kLockName || name.starts_with("damaged-") ||
                           std::find(keep.begin(), keep.end(), name) != keep.end();
        if (!stays) moved.push_back(at->path());
    }
    const auto aside = free_name(dir, "damaged");
    if (!error) std::filesystem::create_directory(aside, error);
    for (const auto& path : moved) {
        if (!error) std::filesystem::rename(path, aside / path.filename(), error);
    }
    if (error) {
        return fail(Errc::io, "move " + dir.string() + " aside to " + aside.string() + ": " +
                                  error.message());
    }
    if (const auto ok = note_why(aside, why); !ok) return tl::unexpected(ok.error());
    for (const auto& folder : {aside, dir}) {
        if (const auto ok = sync_folder(folder); !ok) return tl::unexpected(ok.error());
    }
    return aside;
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
    const auto file = dir / kLockName;
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
