#include "core/journal/head_witness.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/journal/folder.h"
#include "core/journal/log_head.h"
#include "schema/limits.h"

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr ByteView kMagic = "FILWIT01";
constexpr std::size_t kChecksumAt = kWitnessSlotBytes - 8;
constexpr std::size_t kSlots = 2;
static_assert(8 + 8 + 8 + 4 + 16 + 32 + 1 + schema::kStoreIdBytesMax <= kChecksumAt);

void put(Bytes& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xff);
    }
}

std::uint64_t number_at(ByteView bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (const char byte : bytes.substr(at, size)) {
        value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
}

/// Reads all of the file, at most its two slots; a shorter one ends in zeros.
Result<Bytes> read_slots(int fd, const std::string& name) {
    Bytes bytes(kSlots * kWitnessSlotBytes, '\0');
    std::size_t at = 0;
    while (at < bytes.size()) {
        const auto got = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return tl::unexpected(system_error("read " + name));
        if (got == 0) break;
        at += static_cast<std::size_t>(got);
    }
    return bytes;
}

Result<void> write_at(int fd, ByteView bytes, std::size_t at, const std::string& name) {
    while (!bytes.empty()) {
        const auto put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return tl::unexpected(system_error("write " + name));
        bytes.remove_prefix(static_cast<std::size_t>(put));
        at += static_cast<std::size_t>(put);
    }
    return {};
}

}  // namespace

Bytes encode_witness_slot(const WitnessSlot& slot) {
    const std::string& name = slot.store.value();
    schema::check(name.size() <= schema::kStoreIdBytesMax, "a store's name is within its limit");
    Bytes out(kMagic);
    put(out, slot.counter, 8);
    put(out, slot.seq.value(), 8);
    put(out, slot.epoch.value(), 4);
    out += schema::view(slot.incarnation);
    out += schema::view(slot.chains);
    put(out, name.size(), 1);
    out += name;
    out.resize(kChecksumAt, '\0');
    put(out, schema::checksum_of(out), 8);
    return out;
}

Result<WitnessSlot> decode_witness_slot(ByteView bytes) {
    if (bytes.size() != kWitnessSlotBytes ||
        number_at(bytes, kChecksumAt, 8) != schema::checksum_of(bytes.substr(0, kChecksumAt))) {
        return fail(Errc::corrupt, "witness: checksum differs");
    }
    if (bytes.substr(0, kMagic.size()) != kMagic) {
        return fail(Errc::schema_too_new, "witness: written by a version that is not known here");
    }
    WitnessSlot slot;
    slot.counter = number_at(bytes, 8, 8);
    slot.seq = schema::Sequence{number_at(bytes, 16, 8)};
    slot.epoch = schema::Epoch{static_cast<std::uint32_t>(number_at(bytes, 24, 4))};
    slot.incarnation = schema::id16_from(bytes.substr(28, 16));
    slot.chains = schema::hash_from(bytes.substr(44, 32));
    const std::size_t length = number_at(bytes, 76, 1);
    if (length > schema::kStoreIdBytesMax) return fail(Errc::corrupt, "witness: store's name");
    slot.store = schema::StoreId{std::string(bytes.substr(77, length))};
    if (encode_witness_slot(slot) != bytes) return fail(Errc::corrupt, "witness: unknown bytes");
    return slot;
}

Result<HeadWitness> HeadWitness::read(std::filesystem::path file) {
    HeadWitness witness(std::move(file));
    const std::string name = witness.file_.string();
    witness.fd_ = ::open(witness.file_.c_str(), O_RDWR | O_CLOEXEC);
    if (witness.fd_ < 0 && errno == ENOENT) return witness;
    if (witness.fd_ < 0) return tl::unexpected(system_error("open " + name));
    const auto bytes = read_slots(witness.fd_, name);
    if (!bytes) return tl::unexpected(bytes.error());

    std::size_t damaged = 0;
    for (std::size_t i = 0; i < kSlots; ++i) {
        const auto one = ByteView(*bytes).substr(i * kWitnessSlotBytes, kWitnessSlotBytes);
        if (one.find_first_not_of('\0') == ByteView::npos) continue;
        const auto slot = decode_witness_slot(one);
        if (!slot && slot.error().code == Errc::schema_too_new) {
            return fail(name, slot.error());
        }
        if (!slot) {
            ++damaged;
        } else if (!witness.last_ || slot->counter > witness.last_->counter) {
            witness.last_ = *slot;
        }
    }
    if (damaged == kSlots) return fail(Errc::corrupt, name + ": both slots are damaged");
    return witness;
}

Result<void> HeadWitness::create() {
    const std::string name = file_.string();
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) return tl::unexpected(system_error("create " + name));
    // Its blocks are there from now on: a full disk cannot refuse a later slot.
    const Bytes zeros(kSlots * kWitnessSlotBytes, '\0');
    auto ok = write_at(fd_, zeros, 0, name);
    if (ok && ::fsync(fd_) != 0) ok = tl::unexpected(system_error("sync " + name));
    if (ok) ok = sync_folder(file_.parent_path());
    if (!ok) {
        ::close(std::exchange(fd_, -1));
        return ok;
    }
    return {};
}

Result<void> HeadWitness::write(const LogHead& head) {
    if (fd_ < 0) {
        if (const auto ok = create(); !ok) return ok;
    }
    WitnessSlot slot{head.store, head.epoch,      head.incarnation,
                     head.end,   chains_of(head), (last_ ? last_->counter : 0) + 1};
    const std::size_t at = slot.counter % kSlots * kWitnessSlotBytes;
    if (const auto ok = write_at(fd_, encode_witness_slot(slot), at, file_.string()); !ok) {
        return ok;
    }
    if (::fdatasync(fd_) != 0) return tl::unexpected(system_error("sync " + file_.string()));
    last_ = std::move(slot);
    return {};
}

HeadWitness::~HeadWitness() {
    if (fd_ >= 0) ::close(fd_);
}

HeadWitness::HeadWitness(HeadWitness&& other) noexcept
    : file_(std::move(other.file_)),
      fd_(std::exchange(other.fd_, -1)),
      last_(std::move(other.last_)) {}

HeadWitness& HeadWitness::operator=(HeadWitness&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(fd_, other.fd_);
    std::swap(last_, other.last_);
    return *this;
}

}  // namespace filial::core
