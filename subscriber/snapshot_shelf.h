#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "schema/snapshot.h"
#include "subscriber/records.h"

namespace filial::subscriber {

/// A base that stands, or comes, here in pieces.
struct Shelved {
    schema::BaseInfo info;
    schema::Bytes after;       ///< Key of the last row that is here.
    std::uint32_t pieces = 0;  ///< Numbered from 0.
    bool whole = false;
    friend bool operator==(const Shelved&, const Shelved&) = default;
};

///     [1, epoch, upto, events, chain, after, pieces, whole]
schema::Bytes encode(const Shelved& shelved);
/// `corrupt` on damage, `schema_too_new` for another version.
schema::Result<Shelved> decode_shelved(schema::Parser& parser, schema::ByteView bytes);

/// The bases that a replica was given in place of events: of each topic of a log the one that its
/// state began with, which stays so that the state can be made again, and the one that is coming.
/// Pieces are kept as they came; a transfer that breaks off goes on behind the last one.
class SnapshotShelf {
  public:
    explicit SnapshotShelf(Records& records) : records_(records) {}
    schema::Result<void> load(const ReplicaStore& store);

    /// nullptr: the topic's state was made from its first event on.
    const Shelved* held(const schema::StoreId& store, const std::string& topic) const;
    const Shelved* coming(const schema::StoreId& store, const std::string& topic) const;

    /// Keeps a piece in the next write of `records`. False, and nothing changed, where it does not
    /// go on behind what is here. `corrupt` where its rows cannot be read.
    schema::Result<bool> add(const schema::Chunk& chunk);
    /// Drops what is coming.
    void give_up(const schema::StoreId& store, const std::string& topic);

    /// Adds to `write` that what is coming is the one that is held.
    void adopt(ReplicaWrite& write, const schema::StoreId& store, const std::string& topic) const;
    /// That write was made.
    void adopted(const schema::StoreId& store, const std::string& topic);
    /// The topic was dropped, and this with it.
    void forget(const schema::StoreId& store, const std::string& topic);

  private:
    using Place = std::pair<schema::StoreId, std::string>;
    using Bases = std::map<Place, Shelved>;
    Records& records_;
    Bases held_, coming_;
};

/// As SnapshotShelf::held, from the database.
schema::Result<std::optional<Shelved>> held_base(const ReplicaStore& store,
                                                 const schema::StoreId& origin,
                                                 const std::string& topic);

/// Calls `each` for every row of a base that is whole, in order, until it fails.
using BaseVisit = std::function<schema::Result<void>(const schema::BaseRow&)>;
schema::Result<void> each_base_row(const ReplicaStore& store, const schema::StoreId& origin,
                                   const std::string& topic, const Shelved& base,
                                   const BaseVisit& each);

/// The event of a row of kind `newest` or `event`, as it came.
schema::Segment segment_of(const std::string& topic, const schema::BaseRow& row);

}  // namespace filial::subscriber
