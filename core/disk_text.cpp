#include "core/disk_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// An open file, closed at the end of its scope.
class Descriptor {
  public:
    Descriptor(const std::filesystem::path& file, int flags, unsigned mode = 0)
        : fd_(::open(file.c_str(), flags | O_CLOEXEC, mode)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int value() const { return fd_; }
    bool ok() const { return fd_ >= 0; }

  private:
    int fd_;
};

/// What errno says about doing this.
tl::unexpected<schema::Error> failed(const char* doing, const std::filesystem::path& file) {
    const int error = errno;
    const auto code = error == ENOENT                      ? Errc::not_found
                      : error == ENOSPC || error == EDQUOT ? Errc::no_space
                                                           : Errc::io;
    return fail(code, std::string(doing) + " " + file.string() + ": " + std::strerror(error));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

Result<void> write_with(const std::filesystem::path& file, std::string_view text, unsigned mode,
                        int flags) {
    const Descriptor out(file, O_WRONLY | O_CREAT | flags, mode);
    if (!out.ok()) return failed("write", file);
    const bool written = ::fchmod(out.value(), mode) == 0 && write_all(out.value(), text) &&
                         ::fsync(out.value()) == 0;
    if (!written) return failed("write", file);
    return {};
}

}  // namespace

Result<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max) {
    const Descriptor in(file, O_RDONLY);
    if (!in.ok()) return failed("read", file);
    std::string text;
    char part[16 * 1024];
    for (;;) {
        const ssize_t got = ::read(in.value(), part, sizeof part);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("read", file);
        if (got == 0) return text;
        text.append(part, static_cast<std::size_t>(got));
        if (text.size() > bytes_max) {
            return fail(Errc::too_large, "read " + file.string() + ": more than " +
                                             std::to_string(bytes_max) + " bytes");
        }
    }
}

Result<void> write_new(const std::filesystem::path& file, std::string_view text, unsigned mode) {
    return write_with(file, text, mode, O_EXCL);
}

Result<void> replace_text(const std::filesystem::path& file, std::string_view text, unsigned mode) {
    const std::filesystem::path beside = file.string() + ".new";
    if (auto written = write_with(beside, text, mode, O_TRUNC); !written) return written;
    if (::rename(beside.c_str(), file.c_str()) != 0) return failed("replace", file);
    return sync_folder(file.has_parent_path() ? file.parent_path() : ".");
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const Descriptor open(folder, O_RDONLY | O_DIRECTORY);
    if (!open.ok() || ::fsync(open.value()) != 0) return failed("sync the folder", folder);
    return {};
}

}  // namespace filial::core
