#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/event.h"

namespace filial::schema {

/// Events of one topic of one store, in order: what the journal keeps of one commit, and what a
/// block carries. Topic, epoch and clients stand once; rows stay encoded, so that a relay never
/// decodes an event.
///
///     [1, topic, epoch, [first seq, then differences...], [client...], [client index...],
///      [row...], chain head or nil]
///
/// The client indices are left empty when there is one client. `rows` and `seqs` have equal size. A
/// client may stand in the list twice.
struct Segment {
    std::string topic;
    Epoch epoch;
    std::vector<Sequence> seqs;
    std::vector<ClientId> clients;
    std::vector<std::uint32_t> who;  ///< For each row, its index in `clients`.
    std::vector<Bytes> rows;         ///< encode_row of each.
    Bytes chain;  ///< The topic's chain head after the last row, 32 bytes; empty where not known.

    bool empty() const { return rows.empty(); }
    Sequence first() const { return seqs.front(); }
    Sequence last() const { return seqs.back(); }
    /// Bytes of the rows.
    std::size_t size() const;

    /// Adds one row at the end; `seq` must be above the last one.
    void add(Sequence seq, const ClientId& client, Bytes row);
    /// Adds the rows of `other`, same topic and epoch, that are above `after`. Takes its chain.
    void append(const Segment& other, Sequence after);
    /// Drops the rows above `upto`; the chain head is not known any more if there were any.
    void cut(Sequence upto);

    /// Decodes row `index` as an event.
    Result<LoggedEvent> event(Parser& parser, std::size_t index) const;
    friend bool operator==(const Segment&, const Segment&) = default;
};

Bytes encode(const Segment& segment);
/// `corrupt` unless positions rise, counts agree and every client index points to a client;
/// `too_large` for a row above kEventBytesMax; `schema_too_new` for another version.
Result<Segment> decode_segment(Parser& parser, ByteView bytes);
/// From a value inside a larger one; the caller calls `finish`. `corrupt` as above.
Result<Segment> read_segment(Fields& fields);
void write_segment(Writer& out, const Segment& segment);

/// The chain head of its topic after the rows of `segment`, from the one right before them.
/// `corrupt` where a row is no event.
Result<Hash> chain_after(const StoreId& store, const Segment& segment, const Hash& before);

/// All events of `segments` in the order of their positions, which is the store's order.
Result<std::vector<LoggedEvent>> events_in_order(const std::vector<Segment>& segments);

}  // namespace filial::schema
