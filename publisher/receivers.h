#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/journal/journal.h"
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
};

/// Who reads the own log, by durable name ("head/broker"), and how far each has come. Saved beside
/// the log without an fsync of its own: a receiver's next fetch says it again.
class Receivers {
  public:
    static schema::Result<Receivers> load(const core::Journal& journal);

    /// Sessions without a name of their own (a look from a command line) are not kept.
    void reached(const core::Peer& peer, const schema::Fetch& fetch, schema::Timestamp now);

    void save(StateWrites& writes);
    bool changed() const { return !unsaved_.empty(); }
    const std::map<std::string, Receiver>& all() const { return receivers_; }

  private:
    std::map<std::string, Receiver> receivers_;
    std::set<std::string> unsaved_;
};

}  // namespace filial::publisher
