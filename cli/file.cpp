#include "cli/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "cli/console.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

struct Fd {
    int number = -1;
    ~Fd() {
        if (number > STDERR_FILENO) ::close(number);
    }
};

Result<void> write_failed(const std::filesystem::path& path) {
    return system_failed("write " + path.string());
}

Result<void> fill(const std::filesystem::path& path, int fd, std::string_view content) {
    if (const auto written = write_all(fd, content); !written) return write_failed(path);
    if (::fsync(fd) != 0) return write_failed(path);
    return {};
}

Result<void> sync_folder(const std::filesystem::path& path) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Fd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (fd.number < 0 || ::fsync(fd.number) != 0) return write_failed(folder);
    return {};
}

}  // namespace

Result<void> system_failed(const std::string& what) {
    const Errc code = errno == ENOSPC ? Errc::no_space : Errc::io;
    return schema::fail(code, what + ": " + std::strerror(errno));
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content) {
    auto beside = path;
    beside += ".new";
    {
        const Fd fd{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
        if (fd.number < 0) return write_failed(beside);
        if (const auto filled = fill(beside, fd.number, content); !filled) return filled;
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return write_failed(path);
    return sync_folder(path);
}

Result<void> create_file(const std::filesystem::path& path, std::string_view content) {
    const Fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)};
    if (fd.number < 0 && errno == EEXIST) {
        return schema::fail(Errc::invalid,
                            path.string() + " is there already; it is left as it is");
    }
    if (fd.number < 0) return write_failed(path);
    if (const auto filled = fill(path, fd.number, content); !filled) return filled;
    return sync_folder(path);
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
    const bool standard = path == "-";
    const Fd fd{standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (fd.number < 0) {
        const Errc code = errno == ENOENT ? Errc::not_found : Errc::io;
        return schema::fail(code, "read " + path.string() + ": " + std::strerror(errno));
    }
    std::string content;
    std::array<char, 65'536> buffer{};
    while (true) {
        const ssize_t got = ::read(fd.number, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            return schema::fail(Errc::io, "read " + path.string() + ": " + std::strerror(errno));
        }
        if (got == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(got));
        if (content.size() > bytes_max) {
            return schema::fail(Errc::too_large, "read " + path.string() + ": larger than " +
                                                     std::to_string(bytes_max) + " bytes");
        }
    }
}

FileLock::~FileLock() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> FileLock::take(const std::filesystem::path& path) {
    if (fd_ < 0) fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) return write_failed(path);
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return {};
    return schema::fail(Errc::locked, "another process uses it now (" + path.string() + ")");
}

}  // namespace filial::cli
