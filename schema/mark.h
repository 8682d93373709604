#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/codec.h"
#include "schema/ids.h"
#include "schema/timestamp.h"

namespace filial::schema {

/// A last position by topic.
struct TopicEnd {
    std::string topic;
    Sequence seq;
    friend bool operator==(const TopicEnd&, const TopicEnd&) = default;
};

/// How far somebody has come in one store's log, by topic.
struct Reached {
    StoreId store;
    Epoch epoch;
    std::vector<TopicEnd> topics;
    friend bool operator==(const Reached&, const Reached&) = default;
};

/// A key of another store that is parked here.
struct ParkedKey {
    StoreId store;
    std::string topic;
    std::string key;
    friend bool operator==(const ParkedKey&, const ParkedKey&) = default;
};

/// "By my clock at T my log ended here": a record beside the log, the only source of as-of. Of each
/// store only the newest, by (epoch, counter), is kept; T is printed and never compared.
///
///     [1, store, epoch, counter, T, end, [[topic, seq]...], applied since, [[store, epoch,
///      [[topic, seq]...]]...], [position...], [[store, topic, key]...]]
struct Mark {
    StoreId store;
    Epoch epoch;
    std::uint64_t counter = 0;        ///< Rises with every mark of an epoch.
    Timestamp at;                     ///< T.
    Sequence end;                     ///< Last event of the log, whatever its topic.
    std::vector<TopicEnd> ends;       ///< Last event of each topic that has any.
    std::uint64_t applied_since = 0;  ///< 0: `applied` is whole; else differences to that counter.
    std::vector<Reached> applied;     ///< What the store's own replica holds of the others.
    std::vector<Position> taken;      ///< How far their notices have been taken.
    std::vector<ParkedKey> parked;    ///< The first kParkedTold.

    /// Last event of that topic; of "*" the log's. 0: none.
    Sequence end_of(std::string_view topic) const;
    friend bool operator==(const Mark&, const Mark&) = default;
};

/// The signed form, relayed byte for byte.
Bytes encode(const Mark& mark);
/// `corrupt` on damage, `schema_too_new` for another version.
Result<Mark> decode_mark(Parser& parser, ByteView bytes);

void write_reached(Writer& out, const Reached& reached);
Reached read_reached(Fields& fields);

}  // namespace filial::schema
