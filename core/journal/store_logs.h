#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"

namespace filial::core {

/// The logs of all stores as they arrive: staged during a turn, durable together with one fsync.
/// Checks form and place (dense positions, one incarnation an epoch), not business meaning. What is
/// staged goes on from what is held, so that one store's log can never keep the others' from being
/// written. Of a broker, and of a store that gets its own log back.
class StoreLogs {
  public:
    /// Whether the chain of what comes is counted up and compared with what its sender says: then
    /// what is held before it is proved to be the same, too. It takes decoding every event.
    enum class Chains { trusted, proved };
    /// `journal` must outlive it.
    StoreLogs(Journal& journal, const Clock& clock, Chains chains = Chains::trusted);

    /// Stages `range` behind what is held or staged of its log; what is held already is dropped.
    /// `gap` when it begins above that, or has other events than are held where the two overlap:
    /// its sender shows which log it has when it is asked from the end on. `stale_incarnation` for
    /// an older epoch; `forked` when its log was opened by another machine than the one whose log
    /// is held, or when a new epoch does not begin, with its record, right behind what is held, or
    /// when a chain that has to be proved differs; and what advance refuses. Then nothing of it is
    /// staged, and what was staged before stays.
    schema::Result<void> stage(schema::Range range);

    /// Writes everything staged, and `more`, with one fsync. On `no_space` all of it stays staged.
    schema::Result<void> commit(JournalWrite more);
    bool staged() const { return !staged_.empty(); }
    /// Of which anything is held or staged.
    std::vector<schema::StoreId> logs() const;

    /// End of the log once everything staged is written.
    schema::Sequence staged_end(const schema::StoreId& store) const;

  private:
    LogHead staged_head(const schema::StoreId& store) const;
    static schema::Result<schema::Incarnation> check_life(const LogHead& held,
                                                          const schema::Range& range);
    schema::Result<LogHead> written_at(const schema::StoreId& store, schema::Sequence at) const;
    schema::Result<std::optional<schema::Hash>> chain_at(const LogHead& written,
                                                         const schema::StoreId& store,
                                                         const std::string& topic,
                                                         schema::Sequence at) const;
    schema::Result<void> check_overlap(const LogHead& held, const schema::Range& range) const;
    schema::Result<void> known(const LogHead& held, const schema::Range& range) const;

    Journal& journal_;
    const Clock& clock_;
    Chains chains_;
    JournalWrite staged_write_;
    std::map<schema::StoreId, LogHead> staged_;  ///< Heads as they will be.
};

}  // namespace filial::core
