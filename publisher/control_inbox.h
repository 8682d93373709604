#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/journal/journal.h"
#include "core/link/host.h"
#include "publisher/outbox.h"
#include "schema/block.h"
#include "schema/mark.h"
#include "schema/planted.h"

namespace filial::publisher {

/// The topics `control` and `accounts` of all other stores, as far as they concern this one or all
/// stores (ledger::is_for_everybody). Both are always asked for together, under one position, and
/// their notices are taken in the order of the log. Each notice becomes one own event; a range
/// without any only moves the position on. Two brokers may deliver the same range: what was taken
/// is known by position, in memory and in the ledger's own state.
///
/// Positions are saved beside the log without an fsync: one that is lost is fetched again and its
/// notices are known.
class ControlInbox {
  public:
    /// Reads the saved positions. `journal` must outlive it.
    static schema::Result<ControlInbox> open(const core::Journal& journal, schema::StoreId self);

    /// The next fetch for this store.
    core::Want want(const schema::StoreId& store) const;
    /// `durable` of both topics, as a fetch says it.
    std::vector<schema::TopicEnd> ends(const schema::StoreId& store) const;
    /// Last position of `store` up to which all notices are durable in the own log.
    schema::Sequence durable(const schema::StoreId& store) const;
    /// The same for all stores, for the own mark.
    std::vector<schema::Position> taken() const;

    /// Queues the notices of a range. Drops what is held; `gap` if it begins above that, or if a
    /// new epoch begins at or below it: then that store is fetched from its beginning, and what was
    /// taken is known. `stale_incarnation` for an epoch before the one held; `corrupt` for a
    /// damaged event, a range without one of the topics, or a new epoch that has no record also in
    /// the second try; the position stays.
    schema::Result<void> take(const schema::Range& range);

    bool waiting() const { return !notices_.empty(); }
    /// Decides and stages queued notices until the commit is full or none is left. One that cannot
    /// be decided is taken as such, with a flag and a line in the log. Fails as the journal does
    /// where own state cannot be read.
    schema::Result<void> stage(Outbox& outbox, schema::Timestamp at, const ledger::Inputs& policy);
    bool staged() const { return staged_ > 0; }
    bool all_staged() const { return staged_ == notices_.size(); }
    /// What was staged is durable; also called when there was nothing to stage.
    void committed();
    /// What was staged is queued again.
    void rolled_back() {
        staged_ = 0;
        if (schema::planted(schema::Bug::notice_lost_when_full)) notices_.clear();
    }

    /// Adds the positions that changed since the last `saved`: nobody says them again.
    void save(StateWrites& writes) const;
    void saved() { unsaved_.clear(); }
    bool changed() const { return !unsaved_.empty(); }

    std::int64_t notices_taken() const { return taken_count_; }
    std::int64_t notices_undecided() const { return undecided_count_; }

  private:
    ControlInbox() = default;
    struct Place {
        schema::Epoch epoch;          ///< Of `staged`.
        schema::Sequence staged;      ///< Everything up to here is queued or done.
        schema::Epoch durable_epoch;  ///< Of `durable`: it may lie behind by an epoch's beginning.
        schema::Sequence durable;     ///< Everything up to here is done.
    };
    struct Notice {
        schema::Position origin;
        schema::Event event;
    };

    schema::Result<void> check_epoch(const schema::Range& range, schema::Epoch begun);

    schema::StoreId self_;
    std::map<schema::StoreId, Place> places_;
    std::map<schema::StoreId, schema::Epoch> read_again_;  ///< For which epoch, since the start.
    std::deque<Notice> notices_;
    std::size_t staged_ = 0;  ///< Of the queue's front.
    std::set<schema::StoreId> moved_;
    std::set<schema::StoreId> unsaved_;
    std::int64_t taken_count_ = 0;
    std::int64_t undecided_count_ = 0;
};

}  // namespace filial::publisher
