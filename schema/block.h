#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/segment.h"

namespace filial::schema {

class ColumnMemory;

/// A part of one store's log: all events of `topics` above `after` up to and including `upto`, and
/// nothing about other topics. Read from a journal, carried by a block.
struct Range {
    StoreId store;
    Epoch epoch;
    std::vector<std::string> topics;  ///< As asked; {"*"} for all.
    Sequence after;
    Sequence upto;
    std::vector<Segment> segments;  ///< At most one a topic; none where nothing happened.
    Sequence end;                   ///< The log's last event at its sender: upto < end: more waits.

    std::size_t count() const;
    friend bool operator==(const Range&, const Range&) = default;
};

enum class BlockCodec : std::uint8_t {
    rows = 0,      ///< The segments as they are.
    rows_lz4 = 1,  ///< The same in one lz4 frame with content size and content checksum.
    columns = 2,   ///< By columns, see schema/columns.h; may build on rows before it.
};

/// Rows that a block by columns builds on: all of its topics in (after, upto].
struct Dictionary {
    Sequence after;
    Sequence upto;
    friend bool operator==(const Dictionary&, const Dictionary&) = default;
};
Bytes encode(const Dictionary& dictionary);
Result<Dictionary> decode_dictionary(ByteView bytes);

/// A range as it crosses the wire: compressed, checksummed, with a place for the store's seal.
struct Block {
    StoreId store;
    Epoch epoch;
    std::vector<std::string> topics;
    Sequence after;
    Sequence upto;
    std::uint64_t count = 0;  ///< Events inside.
    BlockCodec codec = BlockCodec::rows;
    Bytes dictionary;            ///< Reference to data that both ends hold; empty for none.
    std::uint64_t raw_size = 0;  ///< Of the segments before compression.
    std::uint64_t checksum =
        0;       ///< Of the range as stated here and the segments before compression.
    Bytes seal;  ///< The store's signature over `upto` and the chain heads; empty
                 ///< until stores sign.
    Sequence end;
    Bytes data;
    friend bool operator==(const Block&, const Block&) = default;
};

/// The first `rows` rows of a range, which then ends at the last of them; all of a smaller one.
Range first_rows(Range range, std::uint64_t rows);

/// Packs a range. Compresses when that makes it smaller; `dear` lines take the time for lz4's best.
Block pack(const Range& range, bool dear = false);

/// Packs a range by columns where that makes it smaller. `memory` is that of the rows of the
/// range's topics in (known_after, range.after], and of these rows, too, when this returns: it
/// serves for the range that follows. Segments lose their chain heads, which follow from the rows.
/// A range that cannot be written by columns is packed as it is, and `memory` is as it was:
/// `learned` tells.
struct PackedColumns {
    Block block;
    bool learned = false;
};
PackedColumns pack_columns(const Range& range, Sequence known_after, ColumnMemory& memory);

/// Unpacks and checks: declared size within kBlockBytesMax before any memory is spent, checksum
/// over [store, epoch, topics, after, upto, count, end] and the rows, every row inside (after,
/// upto], every topic one of `topics` and there once, no position twice, none missing where all
/// topics were asked for, count. `corrupt`, `too_large`, or `schema_too_new` for a codec or a
/// segment that this version does not know. A block by columns that builds on rows before it needs
/// their `memory`, or is `dictionary_missing`; that memory holds the block's rows, too, when this
/// succeeds, and is of no use when it fails.
Result<Range> unpack(const Block& block, ColumnMemory* memory = nullptr);

}  // namespace filial::schema
