#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "schema/event.h"
#include "schema/segment.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// The events that a replica was made of, as they came and when: what stands behind a value
/// (`why`), a closed day and the flags is read from here, with every line down. They are kept by
/// the segment, not by the event or by key: one put for each range that came, behind the last one
/// of its log, so that a replay pays for their bytes alone. A question walks through the log of a
/// topic and looks into the rows that have its key's bytes in them.
///
///     topic 0 store 0 last seq(8)  ->  [1, arrived, segment]
class ReceivedLog {
  public:
    /// `store` must outlive it.
    explicit ReceivedLog(const ReplicaStore& store) : store_(store) {}

    /// Keeps the rows of `segment` above `after`, up to `through`, in the next write.
    void add(const schema::StoreId& store, const schema::Segment& segment, schema::Sequence after,
             schema::Sequence through, schema::Timestamp arrived);
    /// What is staged stays where it is until `written`: the write refers to it.
    void write_into(ReplicaWrite& write) const;
    void written() { staged_.clear(); }
    static void forget(ReplicaWrite& write, const schema::StoreId& store, std::string_view topic);

    /// One event and when it came here.
    struct Received {
        schema::LoggedEvent logged;
        schema::Timestamp arrived;  ///< By this machine's clock; 0: not known.
    };
    /// False ends the reading behind this event.
    using Visit = std::function<bool(const Received&)>;

    /// What of one log to look at. Only rows that hold the bytes of `containing` are decoded.
    struct Reading {
        schema::StoreId store;
        std::string topic;
        schema::Sequence after;
        schema::Sequence upto;
        std::string containing;
        std::size_t rows_max = 0;  ///< Ends at the first segment's end behind so many rows.
    };
    /// In the log's order. Returns how far it came: `upto` where all of it was read. `corrupt`
    /// where a record cannot be read.
    schema::Result<schema::Sequence> read(const Reading& reading, const Visit& visit) const;

    /// False ends the reading behind this piece.
    using PieceVisit = std::function<bool(schema::Segment&&)>;
    /// The pieces of one topic that have an event above `after`, whole, in the log's order, with
    /// the chain head that came with them. `corrupt` where a record cannot be read.
    schema::Result<void> each_piece(const schema::StoreId& store, std::string_view topic,
                                    schema::Sequence after, const PieceVisit& visit) const;

    /// The rows of one topic above `after`, up to `upto`, in the pieces that they came in: an epoch
    /// is the same all through one. Without chain heads.
    schema::Result<std::vector<schema::Segment>> pieces(const schema::StoreId& store,
                                                        const std::string& topic,
                                                        schema::Sequence after,
                                                        schema::Sequence upto) const;
    /// The same, put together.
    schema::Result<schema::Segment> rows(const schema::StoreId& store, const std::string& topic,
                                         schema::Sequence after, schema::Sequence upto) const;

  private:
    const ReplicaStore& store_;
    std::vector<std::pair<schema::Bytes, schema::Bytes>> staged_;
};

}  // namespace filial::subscriber
