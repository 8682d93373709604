#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "schema/base_row.h"

namespace filial::schema {

/// Bytes of rows in one piece at most: on a line that is dear, about half a minute of a bad modem.
constexpr std::size_t kPieceBytesDear = 8 * 1024;
constexpr std::size_t kPieceBytesMost = 128 * 1024;

/// "Give me what the events of this topic come to that you do not keep any more", one piece of it,
/// to whoever answered a fetch with `snapshot_needed`. The answer is Chunk. Asked again from any
/// row, so that a transfer goes on where it stood.
struct SnapshotAsk {
    std::uint64_t session = 0;
    StoreId store;
    std::string topic;
    /// The base that the pieces so far are of; another one is answered from its beginning. 0: none.
    Sequence upto;
    Bytes after;             ///< Key of the last row that is here; empty: from the first.
    std::uint64_t most = 0;  ///< Bytes of rows; 0: as the giver likes.
    friend bool operator==(const SnapshotAsk&, const SnapshotAsk&) = default;
};

/// A piece of a base: its rows behind `after`. `info.upto` 0: nothing is missing here.
struct Chunk {
    std::uint64_t session = 0;
    StoreId store;
    std::string topic;
    BaseInfo info;
    Bytes after;
    bool last = false;           ///< No row stands behind these.
    std::uint64_t checksum = 0;  ///< Of `rows`: checksum_of.
    Bytes rows;                  ///< encode_rows.
    friend bool operator==(const Chunk&, const Chunk&) = default;
};

void write_snapshot_ask(Writer& out, const SnapshotAsk& ask);
SnapshotAsk read_snapshot_ask(Fields& fields);
void write_chunk(Writer& out, const Chunk& chunk);
Chunk read_chunk(Fields& fields);

/// Keys and values of a base's rows, by turns: [key, value, key, value...].
using EncodedRows = std::vector<std::pair<Bytes, Bytes>>;
Bytes encode_rows(const EncodedRows& rows);
/// `corrupt` unless keys rise and each row can be read; `schema_too_new` as decode_base_row.
Result<std::vector<BaseRow>> decode_rows(ByteView bytes);

}  // namespace filial::schema
