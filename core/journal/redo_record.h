#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "schema/codec.h"

/// What a commit changed of the owner's state, as one value instead of a row for each key. In the
/// database's default column family, under the record's number as 8 bytes big-endian:
///
///     [1, key, value or nil, key, value or nil ...]
///
/// nil erases; a later entry of the same key wins, also over an earlier record's.
namespace filial::core {

/// A record ends at about this many bytes, so that a reader, who takes no value of more than 1 MiB,
/// always can.
inline constexpr std::size_t kRedoBytesGoal = 256 * 1024;
/// Entries of a record, two elements each: half of what an array may have.
inline constexpr std::size_t kRedoEntriesMax = 16 * 1024;
/// Key and value of one entry together: what a reader takes, behind a record that was almost full.
inline constexpr std::size_t kStateEntryBytesMax = 512 * 1024;

/// One change, in bytes that somebody else keeps.
struct StateChange {
    schema::ByteView key;
    std::optional<schema::ByteView> value;  ///< nullopt erases.
    friend bool operator==(const StateChange&, const StateChange&) = default;
};

/// A record and what it says. Stays where it was made: the changes are views of its bytes.
struct RedoRecord {
    schema::Bytes bytes;
    std::vector<StateChange> changes;
};
using RedoPtr = std::unique_ptr<RedoRecord>;

/// As in JournalWrite: key -> value, nullopt erases.
using StateEntry = std::pair<schema::Bytes, std::optional<schema::Bytes>>;

/// How many of the first `entries` belong into one record: at least 1 if there are any.
std::size_t redo_entries(std::span<const StateEntry> entries);
RedoPtr make_redo(std::span<const StateEntry> entries);

/// The changes of a record, views of `bytes`. `corrupt` on any damage.
schema::Result<std::vector<StateChange>> decode_redo(schema::Parser& parser,
                                                     schema::ByteView bytes);
/// The same as a record that keeps its bytes.
schema::Result<RedoPtr> read_redo(schema::Parser& parser, schema::ByteView bytes);

schema::Bytes redo_key(std::uint64_t number);
/// `corrupt` if it is none.
schema::Result<std::uint64_t> redo_number(schema::ByteView key);

}  // namespace filial::core
