#pragma once

#include <cstdint>

#include "core/journal/journal.h"
#include "schema/segment.h"
#include "schema/timestamp.h"

/// How a log lies in the database. Column family `log`, one value for each topic of each commit:
///
///     key:    store 0x00 topic 0x00 upto (u64, big-endian; last position of the commit)
///     value:  [1, events before, bytes before, wall time of the commit in us, segment]
///
/// so that the commits of one topic stand side by side in order, and no other topic's bytes between
/// them. "Before" counts the events and row bytes of this topic in all earlier commits.
namespace filial::core {

/// What all keys of one topic of one store begin with.
schema::Bytes topic_prefix(const schema::StoreId& store, std::string_view topic);

/// The key of the commit that ends at `upto`.
schema::Bytes log_key(const schema::Bytes& topic_prefix, schema::Sequence upto);

/// The `upto` of a key that begins with `topic_prefix`; `corrupt` if nothing or too much follows.
schema::Result<schema::Sequence> upto_of(schema::ByteView key, const schema::Bytes& topic_prefix);

/// The first key behind all that begin with `prefix`; empty if there is none.
schema::Bytes behind(schema::ByteView prefix);

/// One commit of one topic.
struct LogValue {
    std::uint64_t events_before = 0;
    std::uint64_t bytes_before = 0;
    schema::Timestamp at;
    schema::Segment segment;
};

schema::Bytes encode_log_value(std::uint64_t events_before, std::uint64_t bytes_before,
                               schema::Timestamp at, const schema::Segment& segment);
/// `corrupt` on any damage, a segment without rows included.
schema::Result<LogValue> decode_log_value(schema::Parser& parser, schema::ByteView bytes);

/// About what the write brings to the disk, its keys and their tables' share included.
std::size_t bytes_of(const JournalWrite& write);

}  // namespace filial::core
