#pragma once

#include <cstdint>
#include <string>

#include "schema/codec.h"
#include "schema/hash.h"
#include "schema/ids.h"

namespace filial::schema {

/// How far a base goes, and what the log goes on from there with.
struct BaseInfo {
    Epoch epoch;               ///< Of the event `upto`.
    Sequence upto;             ///< The last event of the topic that is in it; 0: there is no base.
    std::uint64_t events = 0;  ///< Of the topic up to there.
    Hash chain{};              ///< The topic's chain head behind `upto`; zeros: not known.
    friend bool operator==(const BaseInfo&, const BaseInfo&) = default;
};

/// What is left of the events of one topic of one log that are not kept any more: a base. Taken in
/// the order of their keys, its rows come to what those events came to. As key and value:
///
///     a epoch(4) key      [1, events, sum]               a number: stock, a customer's debt
///     h key               [1]                            this key's later events stand as they are
///     n epoch(4) key      [1, seq, client, event row]    the newest of a key
///     x seq(8)            [1, epoch, client, event row]  an event as it was
///
/// Numbers in keys are big-endian. An event is kept as it was where its meaning is not a plain sum
/// or value, or is not known to whoever made the base; then all later ones of its key are, too.
struct BaseRow {
    enum class Kind : char { sum = 'a', held = 'h', newest = 'n', event = 'x' };
    Kind kind = Kind::event;
    Epoch epoch;
    std::string key;           ///< Empty for `event`: it stands in the row.
    std::uint64_t events = 0;  ///< In the sum.
    std::int64_t sum = 0;
    Sequence seq;  ///< Of `newest` and `event`.
    ClientId client{};
    Bytes row;  ///< encode_row.
    friend bool operator==(const BaseRow&, const BaseRow&) = default;
};

Bytes key_of(const BaseRow& row);
Bytes value_of(const BaseRow& row);
/// `corrupt` on damage, `schema_too_new` for another version.
Result<BaseRow> decode_base_row(Parser& parser, ByteView key, ByteView value);

}  // namespace filial::schema
