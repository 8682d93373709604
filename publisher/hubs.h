#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"
#include "core/known_hubs.h"
#include "core/link/host.h"
#include "publisher/outbox.h"

namespace filial::publisher {

/// Whether a broker that this store talks to is still the one that it knows. One that comes back
/// without its memory no longer knows which epochs it granted and whom it readmitted: it gets this
/// store's log as ever, but what only the old one could know is not taken from it before a person
/// has accepted it here. Lives of zeros are of brokers that say none, and are trusted.
///
/// What the file `hubs` says stands in the log's state too, under `hubs`, a second later. Lines
/// that a file lacks are put in front of it from there, so that nobody comes to be met for the
/// first time who was met before, whatever is gone, cut or flipped. One that cannot be read is left
/// as it is.
class Hubs {
  public:
    /// Nothing is read before the first broker is met. `journal` and `clock` must outlive it.
    Hubs(std::filesystem::path data, const core::Journal& journal, const core::Clock& clock)
        : data_(std::move(data)), journal_(journal), clock_(clock) {}

    /// A broker that was never met is noted, durably where there is room, and trusted.
    bool trusts(const core::Peer& broker);
    /// Which brokers are not, and what to do, for people; empty where all are.
    std::string changed() const;
    /// A person accepts the life of that broker that begins with `digits`, for `reason`. Durable on
    /// return. `not_found` where no such broker has greeted; `refused` where it is known already;
    /// `invalid` for fewer digits than are shown, 8, or without a reason; else `io`.
    schema::Result<void> accept(const schema::StoreId& hub, const std::string& digits,
                                const std::string& reason);
    /// A sentence for each life that counts or did, and for each that does not yet.
    std::vector<std::string> sentences();
    /// `accept`, where it names a life, of a program of this machine (else `not_allowed`), answered
    /// with `sentences`.
    schema::Result<std::vector<std::string>> asked(const core::Requester& from,
                                                   const schema::Readmit& hub);

    /// Whether the log's state does not say yet what `hubs` does, and what it takes.
    bool unsaved() const { return loaded_ && unread_.empty() && known_.text() != noted_; }
    void save(StateWrites& writes) const;
    /// That is in the journal.
    void saved() { noted_ = known_.text(); }

  private:
    bool load();
    schema::Result<core::KnownHubs> read();

    std::filesystem::path data_;
    const core::Journal& journal_;
    const core::Clock& clock_;
    bool loaded_ = false;
    std::string unread_;  ///< Why `hubs` cannot be read: then no broker is trusted.
    core::KnownHubs known_;
    std::string noted_;                                       ///< What the log's state says.
    std::map<schema::StoreId, schema::Incarnation> offered_;  ///< Lives not accepted.
};

}  // namespace filial::publisher
