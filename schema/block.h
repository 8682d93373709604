#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/segment.h"

namespace filial::schema {

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
};

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

/// Packs a range. Compresses when that makes it smaller.
Block pack(const Range& range);

/// Unpacks and checks: declared size within kBlockBytesMax before any memory is spent, checksum
/// over [store, epoch, topics, after, upto, count, end] and the segments, every row inside (after,
/// upto], every topic one of `topics` and there once, no position twice, none missing where all
/// topics were asked for, count. `corrupt`, `too_large`, or `schema_too_new` for a codec or a
/// segment that this version does not know.
Result<Range> unpack(const Block& block);

}  // namespace filial::schema
