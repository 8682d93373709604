#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"
#include "core/link/allow_list.h"
#include "core/link/host.h"
#include "schema/messages.h"

namespace filial::broker {

/// What one receiver holds durably of one log.
struct Held {
    schema::Epoch epoch;
    std::vector<schema::TopicEnd> after;
    schema::Timestamp heard;  ///< When it last said so, by this machine's clock; for people.
    bool by_key = false;      ///< It comes with a key that the allow list has to name.
};

/// Who receives from this broker and how far each has come, until it is forgotten. Durable: written
/// beside the logs within a second, without an fsync of its own, since a receiver's next fetch says
/// it again.
class ReceiverRegistry {
  public:
    /// Reads what was saved. `corrupt` if it cannot be read.
    static schema::Result<ReceiverRegistry> load(const core::Journal& journal);

    /// What `peer` says that it holds. False: its store has kReceiversPerStoreMax others, so that
    /// it is served and not remembered.
    bool reached(const core::Peer& peer, const schema::Fetch& fetch, schema::Timestamp now);

    /// Those that came with a key which `allow` names no longer.
    std::set<std::string> revoked(const core::AllowList& allow) const;
    bool knows(const std::string& receiver) const;
    /// Adds to `write` that nothing of this receiver is kept.
    void forgotten(const std::string& receiver, core::JournalWrite& write) const;
    /// Such a write was made.
    void forget(const std::string& receiver);

    /// Moves what changed since the last call into `write`.
    void save(core::JournalWrite& write);
    bool changed() const { return !changed_.empty(); }

    using Key = std::pair<std::string, schema::StoreId>;  ///< Receiver, origin.
    const std::map<Key, Held>& all() const { return held_; }

  private:
    std::map<Key, Held> held_;
    std::set<Key> changed_;
};

}  // namespace filial::broker
