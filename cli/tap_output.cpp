#include "cli/tap_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/console.h"
#include "cli/file.h"
#include "cli/json.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

constexpr std::size_t kTapReadBytes = 1024 * 1024;

/// Where an open file is; empty where it has no name any more.
std::string path_of(int fd) {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
    return error ? "" : path.string();
}

bool is_file_of(const struct stat& info, const TapState& state) {
    return state.inode == info.st_ino && state.device == info.st_dev;
}

}  // namespace

Result<TapOutput> TapOutput::open(const std::string& path) {
    const int fd = path.empty()
                       ? STDOUT_FILENO
                       : ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return tl::unexpected(system_failed("open " + path).error());
    TapOutput output(fd);
    struct stat info {};
    output.is_file_ = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    return output;
}

TapOutput::TapOutput(TapOutput&& other) noexcept : fd_(other.fd_), is_file_(other.is_file_) {
    other.fd_ = -1;
}

TapOutput::~TapOutput() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
}

Result<void> TapOutput::recover(TapState& state) {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return system_failed("look at the output");
    const auto size = static_cast<std::uint64_t>(info.st_size);
    const bool same = is_file_ && is_file_of(info, state);
    if (same && size > state.bytes) {
        // A descriptor of the shell may be for writing only; the file is opened again to be read.
        const std::string self = "/proc/self/fd/" + std::to_string(fd_);
        const int fd = ::open(self.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return system_failed("read the output back");
        const auto read = read_back(fd, true, state);
        ::close(fd);
        if (!read) return read;
    }
    if (!same) {
        if (const auto read = read_earlier(state); !read) return read;
    }
    state.device = is_file_ ? info.st_dev : 0;
    state.inode = is_file_ ? info.st_ino : 0;
    state.path = is_file_ ? path_of(fd_) : "";
    if (::fstat(fd_, &info) != 0) return system_failed("look at the output");
    state.bytes = is_file_ ? static_cast<std::uint64_t>(info.st_size) : 0;
    return {};
}

/// The file that was written before, if it is still there under its name: what it holds beyond the
/// saved positions is not written again into another one.
Result<void> TapOutput::read_earlier(TapState& state) {
    if (state.inode == 0 || state.path.empty()) return {};
    const int fd = ::open(state.path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return {};  // Taken away or handed over: what was in it cannot be known.
    struct stat info {};
    const bool there = ::fstat(fd, &info) == 0 && is_file_of(info, state) &&
                       static_cast<std::uint64_t>(info.st_size) > state.bytes;
    const auto read = there ? read_back(fd, false, state) : Result<void>();
    ::close(fd);
    return read;
}

Result<void> TapOutput::read_back(int fd, bool same, TapState& state) {
    auto at = static_cast<off_t>(state.bytes);
    std::string text;
    while (true) {
        const std::size_t before = text.size();
        text.resize(before + kTapReadBytes);
        const ssize_t got = ::pread(fd, text.data() + before, kTapReadBytes, at);
        text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0) return system_failed("read the output back");
        at += got;
        const std::size_t whole = text.rfind('\n') + 1;  // 0 where there is no line's end.
        pass_lines(std::string_view(text).substr(0, whole), state);
        text.erase(0, whole);
        if (got == 0) break;
    }
    const off_t end = at - static_cast<off_t>(text.size());
    if (!text.empty() && ::ftruncate(same ? fd_ : fd, end) != 0) {
        return system_failed("cut the torn last line");
    }
    if (!same) return {};
    // The shell's descriptor may stand anywhere in a file that it did not open for appending.
    if (::lseek(fd_, 0, SEEK_END) < 0) return system_failed("go to the output's end");
    return {};
}

Result<void> TapOutput::write(std::string_view lines, TapState& state) {
    if (lines.empty()) return {};
    if (const auto written = write_all(fd_, lines); !written) {
        return schema::fail("write", written.error());
    }
    if (!is_file_) return {};
    state.bytes += lines.size();
    state.path = path_of(fd_);  // Renamed while it grew, it is still the same file.
    return {};
}

Result<void> TapOutput::sync() {
    if (is_file_ && ::fdatasync(fd_) != 0) return system_failed("sync the output");
    return {};
}

void pass_lines(std::string_view lines, TapState& state) {
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size() - 1);
        const Json event = Json::parse(lines.substr(0, end), nullptr, false);
        lines.remove_prefix(end + 1);
        if (!event.is_object()) continue;
        const auto store = event.find("store");
        const auto epoch = event.find("epoch");
        const auto seq = event.find("seq");
        const bool complete = store != event.end() && epoch != event.end() && seq != event.end();
        if (!complete || !store->is_string() || !epoch->is_number_unsigned() ||
            !seq->is_number_unsigned()) {
            continue;
        }
        TapPosition& position = state.positions[schema::StoreId{store->get<std::string>()}];
        const schema::Sequence after{seq->get<std::uint64_t>()};
        if (after <= position.after) continue;
        position.after = after;
        position.epoch = schema::Epoch{epoch->get<std::uint32_t>()};
    }
}

}  // namespace filial::cli
