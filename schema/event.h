#pragma once

#include <cstdint>
#include <string>

#include "schema/bytes.h"
#include "schema/codec.h"
#include "schema/hash.h"
#include "schema/ids.h"
#include "schema/timestamp.h"

namespace filial::schema {

/// What changed at one store, in one topic, at one key. Its identity is its position; who asked for
/// it is its operation id. The payload is opaque here: payloads.h knows the product's kinds, and a
/// kind that this version does not know travels untouched.
struct Event {
    std::string topic;
    std::string kind;           ///< "stock.moved", "transfer.sent", ...
    std::uint32_t version = 1;  ///< Of the kind; a reader parks what is newer than it knows.
    Timestamp at;               ///< The store's clock. Orders nothing: the position does.
    std::string key;            ///< SKU, customer or transfer.
    std::string addressee;      ///< The store that has to take this notice; empty for none.
    ClientId client{};          ///< With `number`: the ticket that this event came from.
    std::uint64_t number = 0;
    std::uint32_t index = 0;  ///< Of this event within its ticket's events, from 0.
    std::uint32_t count = 1;  ///< Events of the ticket.
    Bytes payload;
    Bytes extra;  ///< Trailing fields of a newer version, kept byte for byte; whole values.
    friend bool operator==(const Event&, const Event&) = default;
};

/// An event at its place in a store's log.
struct LoggedEvent {
    Epoch epoch;
    Sequence seq;
    Event event;
    friend bool operator==(const LoggedEvent&, const LoggedEvent&) = default;
};

/// The stored form without topic and client, which its segment holds once:
/// [kind, version, at, key, addressee or nil, number, index, count, payload, extra...].
Bytes encode_row(const Event& event);

/// Fills everything of `event` but topic and client. `corrupt` on any damage, `too_large` for a row
/// above kEventBytesMax or a key or kind above its limit.
Result<void> decode_row(Parser& parser, ByteView row, Event& event);

/// BLAKE2b-256 over the canonical header [store, epoch, seq, topic, client, kind, version, at, key,
/// addressee, number, index, count, hash of the payload, extra...]: with only the payload's hash in
/// it, a payload can be redacted without breaking the chain.
Hash event_hash(const StoreId& store, const LoggedEvent& logged);

}  // namespace filial::schema
