#include "cli/import_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/file.h"

namespace filial::cli {

using schema::Bytes;
using schema::Errc;
using schema::Result;

namespace {

constexpr std::string_view kMagic = "filimp1\n";
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kBufferBytes = 64 * 1024;

off_t offset_of(std::uint64_t number) {
    return static_cast<off_t>(kHeaderBytes + (number - 1) * 8);
}

void put8(Bytes& bytes, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
}

std::uint64_t get8(schema::ByteView bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

}  // namespace

std::optional<std::uint64_t> parse_import_header(schema::ByteView bytes) {
    if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
    return get8(bytes.substr(kMagic.size()));
}

std::uint64_t first8(schema::ByteView hash) { return get8(hash); }

Result<ImportJournal> ImportJournal::open(const std::filesystem::path& folder,
                                          const schema::ClientId& client) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const auto path = folder / (schema::to_hex(schema::view(client)) + ".lines");
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return tl::unexpected(system_failed("open " + path.string()).error());
    ImportJournal journal(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return schema::fail(Errc::locked, "another import of this source runs (" + path.string() +
                                              " is locked); wait for its end");
    }
    Bytes header(kHeaderBytes, '\0');
    const ssize_t got = ::pread(fd, header.data(), header.size(), 0);
    header.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (const auto settled = parse_import_header(header)) {
        journal.settled_ = *settled;
        return journal;
    }
    if (::ftruncate(fd, 0) != 0) {
        return tl::unexpected(system_failed("cut " + path.string()).error());
    }
    // At once: what a killed run has kept of its lines counts for the next one.
    if (const auto begun = journal.settle(0); !begun) return tl::unexpected(begun.error());
    return journal;
}

ImportJournal::ImportJournal(ImportJournal&& other) noexcept
    : fd_(other.fd_),
      settled_(other.settled_),
      write_from_(other.write_from_),
      write_(std::move(other.write_)),
      read_from_(other.read_from_),
      read_(std::move(other.read_)) {
    other.fd_ = -1;
}

ImportJournal::~ImportJournal() {
    if (fd_ >= 0) ::close(fd_);
}

bool ImportJournal::find(std::uint64_t number, std::uint64_t& hash) {
    const bool buffered = number >= read_from_ && number < read_from_ + read_.size() / 8;
    if (!buffered) {
        read_.resize(kBufferBytes);
        const ssize_t got = ::pread(fd_, read_.data(), read_.size(), offset_of(number));
        read_.resize(got > 0 ? static_cast<std::size_t>(got) / 8 * 8 : 0);
        read_from_ = number;
        if (read_.empty()) return false;
    }
    hash = get8(schema::ByteView(read_).substr((number - read_from_) * 8));
    return hash != 0;  // A hole in the file reads as zeros.
}

Result<void> ImportJournal::set(std::uint64_t number, std::uint64_t hash) {
    const bool follows = !write_.empty() && number == write_from_ + write_.size() / 8;
    if (!follows || write_.size() >= kBufferBytes) {
        if (const auto flushed = flush(); !flushed) return flushed;
        write_from_ = number;
    }
    put8(write_, hash);
    return {};
}

Result<void> ImportJournal::flush() {
    if (write_.empty()) return {};
    const ssize_t wrote = ::pwrite(fd_, write_.data(), write_.size(), offset_of(write_from_));
    if (wrote != static_cast<ssize_t>(write_.size()))
        return system_failed("write the import's lines");
    write_.clear();
    return {};
}

Result<void> ImportJournal::settle(std::uint64_t number) {
    Bytes header(kMagic);
    put8(header, number);
    if (::pwrite(fd_, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) {
        return system_failed("write the import's header");
    }
    settled_ = number;
    return {};
}

}  // namespace filial::cli
