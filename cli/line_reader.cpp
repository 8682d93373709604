#include "cli/line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
/// What is handed over of a line that is too long.
constexpr std::size_t kBeginning = 64;

}  // namespace

Result<LineReader> LineReader::open(const std::string& path) {
    const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd < 0 || ::fstat(fd, &info) != 0) {
        const Errc code = errno == ENOENT ? Errc::not_found : Errc::io;
        return schema::fail(code, "open " + path + ": " + std::strerror(errno));
    }
    if (S_ISDIR(info.st_mode)) {
        ::close(fd);
        return schema::fail(Errc::invalid, "open " + path + ": it is a folder");
    }
    const bool regular = S_ISREG(info.st_mode);
    return LineReader(fd, path, regular ? static_cast<std::uint64_t>(info.st_size) : 0);
}

LineReader::LineReader(int fd, std::string path, std::uint64_t size)
    : fd_(fd), path_(std::move(path)), size_(size) {}

LineReader::LineReader(LineReader&& other) noexcept
    : fd_(other.fd_),
      path_(std::move(other.path_)),
      size_(other.size_),
      bytes_read_(other.bytes_read_),
      buffer_(std::move(other.buffer_)),
      at_(other.at_),
      looked_(other.looked_),
      skipping_(other.skipping_),
      ended_(other.ended_),
      complete_(other.complete_) {
    other.fd_ = -1;
}

LineReader::~LineReader() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
}

void LineReader::wait(std::chrono::milliseconds at_most) const {
    pollfd ready{fd_, POLLIN, 0};
    ::poll(&ready, 1, static_cast<int>(at_most.count()));
}

Result<LineReader::Got> LineReader::next(std::string_view& text) {
    while (true) {
        const std::size_t newline = buffer_.find('\n', looked_);
        const bool whole = newline != std::string::npos;
        looked_ = whole ? newline : buffer_.size();
        const std::size_t length = looked_ - at_;
        if (whole || (ended_ && length > 0)) {
            text = std::string_view(buffer_).substr(at_, length);
            at_ = looked_ = looked_ + (whole ? 1 : 0);
            complete_ = whole;
            if (skipping_) {  // The rest of a line that was reported already.
                skipping_ = false;
                continue;
            }
            if (length <= kLineBytesMax) return Got::line;
            text = text.substr(0, kBeginning);
            return Got::too_long;
        }
        if (ended_) return Got::end;
        if (length > kLineBytesMax) {
            const bool reported = skipping_;
            skipping_ = true;
            text = std::string_view(buffer_).substr(at_, kBeginning);
            at_ = looked_;
            if (!reported) return Got::too_long;
        }
        buffer_.erase(0, at_);
        looked_ -= at_;
        at_ = 0;

        pollfd ready{fd_, POLLIN, 0};
        if (size_ == 0 && ::poll(&ready, 1, 0) == 0) return Got::none;
        const std::size_t before = buffer_.size();
        buffer_.resize(before + kReadBytes);
        const ssize_t got = ::read(fd_, buffer_.data() + before, kReadBytes);
        const int why = errno;
        buffer_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got < 0 && why == EINTR) return Got::none;
        if (got < 0) {
            return schema::fail(Errc::io, "read " + path_ + ": " + std::strerror(why));
        }
        if (got == 0) ended_ = true;
        bytes_read_ += static_cast<std::uint64_t>(got);
    }
}

}  // namespace filial::cli
