#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/journal/journal.h"

namespace filial::core {

/// Its name in a journal's folder.
inline constexpr const char* kWitnessFile = "witness";

/// How far a log had been acknowledged when this was written.
struct WitnessSlot {
    schema::StoreId store;
    schema::Epoch epoch;
    schema::Incarnation incarnation{};
    schema::Sequence seq;
    schema::Hash chains{};      ///< chains_of the log's head at `seq`.
    std::uint64_t counter = 0;  ///< Rises with every write; the greater one of two is the newer.
    friend bool operator==(const WitnessSlot&, const WitnessSlot&) = default;
};

/// A slot never crosses a sector of any disk: it is written whole or not at all, or it is torn and
/// its checksum says so.
constexpr std::size_t kWitnessSlotBytes = 512;

/// Numbers big-endian:
///
///     0 "FILWIT01"  8 counter u64  16 seq u64  24 epoch u32  28 incarnation 16
///     44 chains 32  76 length of the store's name u8  77 name 32, padded with zeros
///     109 zeros  504 checksum_of bytes 0 to 503
schema::Bytes encode_witness_slot(const WitnessSlot& slot);
/// `corrupt` unless every byte is as written; `schema_too_new` for another version's slot.
schema::Result<WitnessSlot> decode_witness_slot(schema::ByteView bytes);

/// The head witness: a file of two slots beside the database, which alone would take a log that
/// lost its tail for a shorter one. Slots are written in turn, so that a torn write leaves the one
/// before. Written after the log's own sync: what it says is never ahead of the log.
class HeadWitness {
  public:
    /// Reads `file`; creates nothing. A missing or never written file has no `last`. `corrupt` if
    /// both slots are damaged.
    static schema::Result<HeadWitness> read(std::filesystem::path file);
    ~HeadWitness();
    HeadWitness(HeadWitness&& other) noexcept;
    HeadWitness& operator=(HeadWitness&& other) noexcept;

    const std::optional<WitnessSlot>& last() const { return last_; }

    /// Writes `head` as the newest slot, durable on return: one write and one fdatasync; the first
    /// time the file is created too. Fails with `io` or `no_space`; the slot before is then intact.
    schema::Result<void> write(const LogHead& head);

  private:
    explicit HeadWitness(std::filesystem::path file) : file_(std::move(file)) {}
    schema::Result<void> create();
    std::filesystem::path file_;
    int fd_ = -1;
    std::optional<WitnessSlot> last_;
};

}  // namespace filial::core
