#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/journal/journal.h"
#include "core/link/allow_list.h"
#include "core/link/host.h"
#include "publisher/outbox.h"
#include "schema/mark.h"
#include "schema/messages.h"

namespace filial::publisher {

/// What one receiver of the own log holds durably.
struct Receiver {
    std::string role;
    std::vector<schema::TopicEnd> after;
    schema::Timestamp heard;  ///< When it last said so, by this machine's clock; for people.
    bool by_key = false;      ///< It comes with a key that the allow list has to name.
};

/// Who reads the own log, by full name ("head/broker"), and how far each has come, until it is
/// forgotten. Saved beside the log without an fsync of its own: a receiver's next fetch says it
/// again.
class Receivers {
  public:
    static schema::Result<Receivers> load(const core::Journal& journal);

    /// Sessions without a name of their own (a look from a command line) are not kept, nor those of
    /// a store that has kReceiversPerStoreMax others.
    void reached(const core::Peer& peer, const schema::Fetch& fetch, schema::Timestamp now);

    /// Those that came with a key which `allow` names no longer.
    std::vector<std::string> revoked(const core::AllowList& allow) const;
    /// Keeps nothing of this receiver; the next `save` writes that.
    void forget(const std::string& receiver);

    /// Adds what changed since the last `saved`.
    void save(StateWrites& writes) const;
    void saved() { unsaved_.clear(); }
    bool changed() const { return !unsaved_.empty(); }
    const std::map<std::string, Receiver>& all() const { return receivers_; }

  private:
    std::map<std::string, Receiver> receivers_;
    std::set<std::string> unsaved_;
};

}  // namespace filial::publisher
