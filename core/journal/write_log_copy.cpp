#include "core/journal/write_log_copy.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>

#include "core/journal/folder.h"
#include "schema/bytes.h"

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

namespace {

constexpr std::size_t kLogBlock = 32 * 1024;
constexpr std::size_t kRecordHead = 7;
constexpr std::uint32_t kMaskDelta = 0xa282ead8;

enum RecordType : unsigned char { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0u);
        table[i] = crc;
    }
    return table;
}

std::uint32_t masked_crc(ByteView bytes) {
    static constexpr auto table = crc_table();
    std::uint32_t crc = ~0u;
    for (const char byte : bytes) {
        crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ crc >> 8;
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + kMaskDelta;
}

std::uint32_t little(ByteView bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

/// Puts records together and gives the whole ones.
class Records {
  public:
    explicit Records(std::function<void(ByteView)> each) : each_(std::move(each)) {}
    void part(RecordType type, ByteView data) {
        if (type == kWhole || type == kFirst) {
            lost_ = lost_ || open_;
            record_.clear();
        } else if (!open_) {
            lost_ = true;
            return;
        }
        record_ += data;
        open_ = type == kFirst || type == kMiddle;
        if (!open_) each_(record_);
    }
    /// Something here cannot be read: a record that is open is not whole.
    void hole() {
        lost_ = true;
        open_ = false;
    }
    bool lost() const { return lost_; }

  private:
    std::function<void(ByteView)> each_;
    Bytes record_;
    bool open_ = false;
    bool lost_ = false;
};

/// Writes records again, in blocks of their own.
class Copier {
  public:
    void write(ByteView left) {
        bool first = true;
        do {
            const std::size_t used = out_.size() % kLogBlock;
            if (kLogBlock - used < kRecordHead) out_.append(kLogBlock - used, '\0');
            const std::size_t room = kLogBlock - out_.size() % kLogBlock - kRecordHead;
            const ByteView now = left.substr(0, room);
            left.remove_prefix(now.size());
            const RecordType type =
                first ? (left.empty() ? kWhole : kFirst) : (left.empty() ? kLast : kMiddle);
            Bytes checked(1, static_cast<char>(type));
            checked += now;
            put(masked_crc(checked), 4);
            put(static_cast<std::uint32_t>(now.size()), 2);
            out_ += checked;
            first = false;
        } while (!left.empty());
    }
    const Bytes& bytes() const { return out_; }

  private:
    void put(std::uint32_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> 8 * i & 0xff);
    }

    Bytes out_;
};

/// The bytes of a record that stands at `at` and is whole; 0 if none does.
std::size_t record_at(ByteView block, std::size_t at) {
    if (block.size() - at < kRecordHead) return 0;
    const auto type = static_cast<unsigned char>(block[at + 6]);
    const std::size_t length = little(block.substr(at + 4, 2));
    if (type < kWhole || type > kLast || length > block.size() - at - kRecordHead) return 0;
    const bool right = masked_crc(block.substr(at + 6, 1 + length)) == little(block.substr(at, 4));
    return right ? kRecordHead + length : 0;
}

void read_block(ByteView block, Records& to) {
    std::size_t at = 0;
    while (block.size() - at >= kRecordHead) {
        const std::size_t size = record_at(block, at);
        if (size > 0) {
            to.part(static_cast<RecordType>(block[at + 6]),
                    block.substr(at + kRecordHead, size - kRecordHead));
            at += size;
            continue;
        }
        to.hole();
        // The length may be what is wrong: the next record is where one proves to be.
        while (block.size() - at >= kRecordHead && record_at(block, at) == 0) ++at;
    }
}

Result<void> read_file(const std::filesystem::path& from, Records& to) {
    std::ifstream in(from, std::ios::binary);
    if (!in) return tl::unexpected(system_error("read " + from.string()));
    const Bytes all{std::istreambuf_iterator<char>(in), {}};
    for (std::size_t at = 0; at < all.size(); at += kLogBlock) {
        read_block(ByteView(all).substr(at, kLogBlock), to);
    }
    return {};
}

}  // namespace

Result<bool> copy_write_log(const std::filesystem::path& from, const std::filesystem::path& to) {
    Copier copier;
    Records records([&](ByteView record) { copier.write(record); });
    if (const auto read = read_file(from, records); !read) return tl::unexpected(read.error());
    if (!records.lost()) return false;
    std::ofstream out(to, std::ios::binary | std::ios::trunc);
    out.write(copier.bytes().data(), static_cast<std::streamsize>(copier.bytes().size()));
    if (!out.flush()) return tl::unexpected(system_error("write " + to.string()));
    return true;
}

Result<void> read_write_log(const std::filesystem::path& from,
                            const std::function<void(ByteView)>& each) {
    Records records(each);
    return read_file(from, records);
}

}  // namespace filial::core
