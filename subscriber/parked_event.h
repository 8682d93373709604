#pragma once

#include <optional>
#include <string>

#include "schema/codec.h"
#include "schema/error.h"
#include "schema/ids.h"
#include "schema/timestamp.h"

namespace filial::subscriber {

/// Why an event cannot be applied here.
struct Obstacle {
    /// `unknown_kind`, `schema_too_new`, a rule that failed (`overflow`, `too_large`, `corrupt`);
    /// nothing: an earlier event of its key is in its way.
    std::optional<schema::Errc> code;
    std::string reason;  ///< For people.

    static Obstacle behind() { return {std::nullopt, "an earlier event of its key is parked"}; }
    friend bool operator==(const Obstacle&, const Obstacle&) = default;
};

/// Who gave an event up, when and why.
struct Waiver {
    std::string who;
    schema::Timestamp at;
    std::string reason;
    friend bool operator==(const Waiver&, const Waiver&) = default;
};

/// An event that is not applied, as it came.
///
///     [1, key, reason, epoch, client, row, since, code], and of a waived one [..., who, when, why]
struct ParkedEvent {
    std::string key;
    Obstacle obstacle;  ///< When it was parked.
    schema::Epoch epoch;
    schema::ClientId client{};
    schema::Bytes row;
    schema::Timestamp since;  ///< By this machine's clock; 0: an older version parked it.
    std::optional<Waiver> waiver;
    friend bool operator==(const ParkedEvent&, const ParkedEvent&) = default;
};

schema::Bytes encode(const ParkedEvent& event);
/// `corrupt` on damage.
schema::Result<ParkedEvent> decode_parked_event(schema::Parser& parser, schema::ByteView bytes);

/// What is parked of one key of a log's topic.
///
///     [1, events, epoch, first, last, reason, since, code, tried]
struct ParkedState {
    std::uint64_t events = 0;
    schema::Epoch epoch;      ///< Of the first.
    schema::Sequence first;   ///< No event of the key below it is parked.
    schema::Sequence last;    ///< Nor one above this.
    Obstacle obstacle;        ///< Of the first, when it was last tried.
    schema::Timestamp since;  ///< When the first one was parked.
    std::uint64_t tried = 0;  ///< The last retry that did not get past `first`.
    friend bool operator==(const ParkedState&, const ParkedState&) = default;
};

schema::Bytes encode(const ParkedState& state);
/// `corrupt` on damage.
schema::Result<ParkedState> decode_parked_state(schema::Parser& parser, schema::ByteView bytes);

}  // namespace filial::subscriber
