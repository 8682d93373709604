#include "core/link/socket_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/options.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// Connections that wait until we accept them: all tills and programs of a shop at once.
constexpr int kFileBacklog = 128;

std::string reason() { return std::strerror(errno); }

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}

bool somebody_answers(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    const sockaddr_un address = address_of(path);
    const bool connected =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
        errno == EAGAIN;  // Its queue is full: it lives.
    ::close(fd);
    return connected;
}

Result<void> ready_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (!std::filesystem::exists(folder, error)) {
        std::filesystem::create_directories(folder.parent_path(), error);
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
            return fail(Errc::io, "make the folder " + folder.string() + ": " + reason());
        }
    }
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) {
        return fail(Errc::io, "look at the folder " + folder.string() + ": " + reason());
    }
    if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0) {
        return fail(Errc::not_allowed, "everybody may write in " + folder.string() +
                                           ", where our local sockets would be: chmod 700 it");
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<SocketFile>> SocketFile::claim(const std::filesystem::path& path) {
    if (path.empty() || path.native().size() > kSocketPathMax) {
        return fail(Errc::invalid, "local socket " + path.string() + ": a socket's path has 1 to " +
                                       std::to_string(kSocketPathMax) + " bytes, this one " +
                                       std::to_string(path.native().size()) +
                                       "; set `sockets` to a folder with a shorter name");
    }
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    if (auto ready = ready_folder(folder); !ready) return fail("local socket", ready.error());

    std::unique_ptr<SocketFile> file(new SocketFile(path));
    if (auto locked = file->lock(); !locked) return fail("local socket", locked.error());
    if (auto cleared = file->clear(); !cleared) return fail("local socket", cleared.error());
    if (auto listens = file->listen(); !listens) return fail("local socket", listens.error());
    return file;
}

SocketFile::~SocketFile() {
    if (made_) ::unlink(path_.c_str());  // Before the lock goes: nobody else's file can be there.
    if (listener_ >= 0) ::close(listener_);
    if (lock_ >= 0) ::close(lock_);
}

int SocketFile::take_listener() { return std::exchange(listener_, -1); }

/// The lock stands beside, in a file that stays: two processes that start together cannot both
/// find the socket's file free.
Result<void> SocketFile::lock() {
    const std::string name = path_.string() + ".lock";
    lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) return fail(Errc::io, "open " + name + ": " + reason());
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK) return fail(Errc::io, "lock " + name + ": " + reason());
    return fail(Errc::locked, "another process serves " + path_.string() +
                                  ": stop it, or give this one a folder of its own");
}

/// Nothing may be there, or a socket that nobody listens on.
Result<void> SocketFile::clear() {
    struct stat info {};
    if (::lstat(path_.c_str(), &info) != 0) return {};
    if (!S_ISSOCK(info.st_mode)) {
        return fail(Errc::invalid, path_.string() + " is there and is no socket: move it away");
    }
    if (somebody_answers(path_.string())) {
        return fail(Errc::locked, "another program listens on " + path_.string());
    }
    if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
        return fail(Errc::io, "remove the old socket " + path_.string() + ": " + reason());
    }
    return {};
}

Result<void> SocketFile::listen() {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener_ < 0) return fail(Errc::io, "make a socket: " + reason());

    const sockaddr_un address = address_of(path_.string());
    const mode_t before = ::umask(0177);  // So that nobody can connect before the mode is set.
    const int bound =
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(before);
    errno = error;
    if (bound != 0) return fail(Errc::io, "bind " + path_.string() + ": " + reason());
    made_ = true;
    if (::listen(listener_, kFileBacklog) != 0) {
        return fail(Errc::io, "listen on " + path_.string() + ": " + reason());
    }
    return {};
}

}  // namespace filial::core
