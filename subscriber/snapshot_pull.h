#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/link/host.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// Fetches the snapshots that a replica needs: piece by piece, one on the way at a time from each
/// source, going on where an earlier try stood. What it sends is given out, time comes in.
class SnapshotPull {
  public:
    /// `replica` must outlive it.
    explicit SnapshotPull(Replica& replica) : replica_(replica) {}

    /// `peer` does not keep what was asked of these topics.
    void needed(const std::string& peer, const schema::StoreId& store,
                const std::vector<std::string>& topics);
    /// Whether the topic's events are not to be asked of this peer now.
    bool waits(const std::string& peer, const schema::StoreId& store,
               const std::string& topic) const;
    /// A piece that was asked for before does not come any more.
    void session_began(const std::string& peer);
    bool empty() const { return needs_.empty(); }

    /// A piece came from `peer`. What is wrong with it is said, once in the log, and it is asked
    /// for again. True where the topic is to be fetched from `peer` after all.
    bool came(const std::string& peer, const schema::Chunk& chunk, core::BootTime now);

    /// Takes in what is whole and asks for what is not, by `ask`, which is false where the peer is
    /// not there: it says what it lacks when it is again. True where something changed of what is
    /// to be fetched. Fails as Replica::flush does, and where a snapshot cannot be taken in: that
    /// one is tried again later, each time after twice as long.
    using Ask = std::function<bool(const std::string& peer, schema::SnapshotAsk ask)>;
    schema::Result<bool> turn(core::BootTime now, const Ask& ask);

    std::int64_t taken() const { return taken_; }

  private:
    using Place = std::pair<schema::StoreId, std::string>;
    struct Need {
        std::set<std::string> peers;  ///< Who said that they do not keep it.
        std::string asked;            ///< Of whom a piece is on the way; empty: none is.
        core::BootTime since;
        std::int64_t wait_us = 0;     ///< After the last try to take it in failed,
        core::BootTime not_before{};  ///< which ends then.
    };
    bool is_asked(const std::string& peer, core::BootTime now) const;

    Replica& replica_;
    std::map<Place, Need> needs_;
    std::int64_t taken_ = 0;
};

/// A piece that did not come by then is asked for again: on the slowest line one takes half a
/// minute, and others are on the way before it.
constexpr std::int64_t kPieceWithin = 150 * core::kSecond;

}  // namespace filial::subscriber
