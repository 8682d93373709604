#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/journal/log_damage.h"
#include "schema/hash.h"
#include "schema/snapshot.h"
#include "subscriber/applier.h"
#include "subscriber/parked_keys.h"
#include "subscriber/shadow_store.h"

namespace filial::subscriber {

/// What a replica's copy of a topic of a log comes to at one position.
struct LogDigest {
    schema::StoreId store;
    std::string topic;
    schema::Epoch epoch;
    schema::Sequence position;  ///< Everything of the topic up to here is in it.
    schema::Sequence last;      ///< Its last event.
    schema::Sequence from;      ///< The walk began with a snapshot of what stood up to here; or 0.
    std::uint64_t events = 0;
    schema::Hash chain{};  ///< Over these events, as the store's own chain.
    /// Whether this program knows all that was applied: an older one than the one that applied it
    /// may not. Then there is no `content`.
    bool known = true;
    schema::Hash content{};  ///< Over the state that they made, row by row, in the order of keys.
    std::uint64_t parked = 0;
    std::uint64_t waived = 0;
    std::optional<core::LogDamage> damage;  ///< What is wrong by itself: nobody has to be asked.
    /// Chain heads on the way, some thousand events apart: a walk to any position is short.
    std::map<schema::Sequence, schema::Hash> waypoints;

    /// The walk begins with a snapshot: its chain is behind that, not from the first event on.
    void begin_with(const schema::BaseInfo& base) {
        from = last = base.upto;
        events = base.events;
        chain = waypoints[base.upto] = base.chain;
    }
};

/// Makes one topic of one log a second time, out of the events that the replica keeps, and holds
/// the state that comes out against the one that the replica has: a value that was changed by
/// nobody's event shows, though the database takes it for whole. On the way the events are held
/// against the chain heads that came with them. In steps that bound the time of each; memory grows
/// with the topic's state, not with its events.
class DigestWalk {
  public:
    /// Both must outlive it. `own`: the replica's own store.
    DigestWalk(const ReplicaStore& kept, const ParkedKeys& parked, schema::StoreId store,
               std::string topic, schema::StoreId own);

    /// Reads about `bytes` further, up to `position`; false when it is there, and compared. Between
    /// the last step and the caller's next change the result stands. Fails with what the database
    /// says; damage is a result.
    schema::Result<bool> step(schema::Epoch epoch, schema::Sequence position, std::size_t bytes);

    const LogDigest& digest() const { return digest_; }
    const ShadowStore& shadow() const { return shadow_; }

  private:
    schema::Result<void> take_base();
    schema::Result<void> take(const schema::Segment& segment);
    schema::Result<void> apply(const schema::Segment& segment, schema::Sequence before);
    /// The replica may not have applied all rows: applied_of says which.
    bool leaves_out() const;
    schema::Result<schema::Segment> applied_of(const schema::Segment& segment);
    schema::Result<void> flush();
    schema::Result<void> compare();
    void damaged(schema::Sequence after, schema::Sequence upto, std::string why);

    const ReplicaStore& kept_;
    const ParkedKeys& parked_;
    LogDigest digest_;
    ShadowStore shadow_;
    Numbers numbers_;
    Records records_;
    ParkedKeys parks_;  ///< Of the shadow: what parks there did not in the replica.
    Applier applier_;
    bool begun_ = false;
    schema::Bytes at_;  ///< Of the events as they came: read up to here.
    std::uint64_t since_waypoint_ = 0;
};

/// Calls `each` for the rows of the replica's state that a topic of a log has a part in, in the
/// order of their keys; false ends it.
schema::Result<void> each_contribution(const ReplicaStore& kept, const schema::StoreId& store,
                                       const std::string& topic, const ReplicaStore::Visit& each);

/// The chain of a topic up to `at`, by the events that are kept, from the nearest waypoint on.
/// nullopt where `at` is beyond the digest's position, or before what its events begin behind.
schema::Result<std::optional<std::pair<schema::Sequence, schema::Hash>>> chain_at(
    const ReplicaStore& kept, const LogDigest& digest, schema::Sequence at);

}  // namespace filial::subscriber
