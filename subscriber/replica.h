#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/own_log.h"
#include "ledger/freshness.h"
#include "schema/block.h"
#include "schema/digest.h"
#include "subscriber/account_reader.h"
#include "subscriber/applier.h"
#include "subscriber/as_of.h"
#include "subscriber/debt_as_of.h"
#include "subscriber/digest_walk.h"
#include "subscriber/parked_retry.h"
#include "subscriber/pending_debts.h"
#include "subscriber/received_log.h"
#include "subscriber/replica_reader.h"
#include "subscriber/replica_scrub.h"
#include "subscriber/snapshot_shelf.h"

namespace filial::subscriber {

struct ReplicaOptions {
    ReplicaStoreOptions store;
    schema::StoreId own;
    std::vector<std::string> topics;      ///< As schema::copied_topics.
    std::vector<std::string> stores;      ///< {"*"}: every store that is offered.
    std::vector<std::string> hold_kinds;  ///< Parked as if this program did not know them.
};

/// The state made by replaying logs: contributions by log, their sums, positions by (log, topic),
/// and the marks reached. Every event takes effect once, however often and from whomever it comes:
/// effects, positions and parked rows are one write. One thread.
class Replica {
  public:
    /// Opens or creates; drops what an older version wrote, to be received again. Drops, with a log
    /// line, what was replicated of stores and topics that the options do not name any more.
    /// `schema_too_new` for a folder of a newer version; otherwise as ReplicaStore::open.
    static schema::Result<std::unique_ptr<Replica>> open(ReplicaOptions options);
    /// In that store; `options.store` says nothing.
    static schema::Result<std::unique_ptr<Replica>> open(std::unique_ptr<ReplicaStore> store,
                                                         ReplicaOptions options);

    const std::vector<std::string>& topics() const { return topics_; }
    bool wants_topic(std::string_view topic) const;
    bool wants_store(const schema::StoreId& store) const;
    bool wants_all_stores() const;

    /// Stages a range. Rows at or below the position of (log, topic) are dropped; topics that are
    /// not wanted are left out. `gap`: the range begins above what is held, or a new epoch begins
    /// at or below it, so that the log was dropped to be loaded again. `stale_incarnation`: it is
    /// of an older epoch, and reaches beyond what the next one goes on from. `not_allowed`: of a
    /// store that is not wanted. `corrupt`: a row cannot be read; what stands before it is staged,
    /// and the positions say so. Also `corrupt`: a new epoch without its record although the log
    /// was loaded again for it; nothing of it is staged. `forked`, and nothing of it is staged: it
    /// is of another log than the one that is held under this store's name and epoch, by its
    /// `log.opened` or by `offered`, what the store itself greeted with (zeros: it came from
    /// somebody else); or such a log was met, and which one this is cannot be told. `arrived`: now,
    /// by this machine's clock, for people.
    schema::Result<void> take(const schema::Range& range, const schema::Incarnation& offered = {},
                              schema::Timestamp arrived = {});
    /// Writes everything staged in one write and then counts it as held. With `sync`, durable on
    /// return, with what was written before; where nothing is staged, nothing is written or synced.
    /// On failure everything stays staged; after `no_space` it may be tried again.
    schema::Result<void> flush(bool sync = true);

    /// The store itself says which log it has, before any of it is taken. `forked` for another one
    /// than is held in that epoch; then nothing of the store is taken, its as-of stands still and
    /// answers are not fresh, until the store says the held one again. Not kept over a restart: who
    /// greets says it again.
    schema::Result<void> meet(const schema::StoreId& store, schema::Epoch epoch,
                              const schema::Incarnation& offered);
    /// A source has another log than the one held, of which it gives nothing. Answers are not fresh
    /// until the store itself has said the held one, or the source gives what it was asked for.
    void doubt(const schema::StoreId& store, const std::string& source, const std::string& what);
    void trust(const schema::StoreId& store, const std::string& source);
    /// Which log the positions that are held are of; zeros where it is not known.
    schema::Incarnation incarnation(const schema::StoreId& store) const;
    /// Both incarnations and what to do; empty where only one log is known.
    std::string fork_of(const schema::StoreId& store) const;
    std::vector<schema::StoreId> forked() const;
    /// Which log of the own store is held; nothing before its first event. After a flush.
    std::optional<core::OwnLog> own_log() const;

    /// Goes on with a look at every row, about `bytes` of them, or begins one: true when that step
    /// ended it. Behind the rows every topic of every log is made a second time and compared
    /// (DigestWalk). A log with a damaged row, or that comes to something else, is dropped, to be
    /// loaded again from its sources; then `damages` says what it was. `corrupt` where the store
    /// itself cannot be read: then all of the replica has to be loaded again.
    schema::Result<bool> scrub(std::size_t bytes);
    /// Whether one is under way.
    bool scrubbing() const { return walking_ || scrub_.has_value(); }
    const std::vector<core::LogDamage>& damages() const { return damages_; }
    /// What each topic of each log came to when it was last looked at, those that were damaged too.
    using Digests = std::map<std::pair<schema::StoreId, std::string>, LogDigest>;
    const Digests& digests() const { return digests_; }
    /// The chain of a topic up to `at`, by the events that are kept; nullopt where it was not
    /// looked at, or not up to there.
    schema::Result<std::optional<schema::ChainAt>> chain_at(const schema::StoreId& store,
                                                            const std::string& topic,
                                                            schema::Sequence at) const;
    /// `not_found` where no log of `store` or no `topic` is copied here, with those that are; an
    /// empty name is none.
    schema::Result<void> copies(const schema::StoreId& store, const std::string& topic) const;
    /// Drops a log or, where `topic` is not empty, that topic of it, to be loaded again from its
    /// sources; `store` empty: of every log. Until it is here again up to a mark, nothing is known
    /// of how current the log is. `not_found` where nothing of that is copied here, `invalid` for
    /// `control` alone, which the other topics rest on; fails as a flush does.
    schema::Result<void> reload(const schema::StoreId& store, const std::string& topic);

    /// Keeps a piece of a snapshot in the next flush; false where it does not go on behind what is
    /// here. `corrupt` where it cannot be read.
    schema::Result<bool> add_piece(const schema::Chunk& chunk);
    /// Lets the topic of that log go on from the snapshot that came, in one write: its state,
    /// position and chain are the snapshot's then, and the events that it stands for are gone.
    /// False where that cannot be yet: it is not whole, or `control` is not here up to there. True
    /// and nothing changed where the topic has come further by itself. Fails as a flush does, or
    /// with `corrupt`: then it has to come again.
    schema::Result<bool> switch_to_snapshot(const schema::StoreId& store, const std::string& topic);
    const Shelved* coming(const schema::StoreId& store, const std::string& topic) const {
        return shelf_.coming(store, topic);
    }
    /// The events of the topic are here from behind this position on; 0: all of them.
    schema::Sequence kept_after(const schema::StoreId& store, const std::string& topic) const {
        const Shelved* base = shelf_.held(store, topic);
        return base == nullptr ? schema::Sequence{} : base->info.upto;
    }

    /// Positions count once they are written.
    schema::Epoch epoch(const schema::StoreId& store) const;
    schema::Sequence position(const schema::StoreId& store, const std::string& topic) const;
    std::vector<schema::Reached> reached() const;
    /// Rises with every flush that moved a position or parked something.
    std::uint64_t generation() const { return generation_; }

    /// A store that exists, though nothing of it may have come yet: answers that sum over stores
    /// say that it is missing.
    void know(const schema::StoreId& store);
    std::vector<schema::StoreId> stores() const;

    /// Whether the store's log has gone on in a later epoch from before what is held here, by its
    /// mark: then all of the log is dropped, to be loaded again. What it loses is of a log that is
    /// lost. Fails as a flush does.
    schema::Result<bool> overtaken(const schema::Mark& mark);
    /// Rises when what was read before was changed, as where a log was dropped.
    std::uint64_t upsets() const { return upsets_; }
    /// A newer mark came; `source` brought it.
    void marked(const core::HeldMark& held, const std::string& source);
    /// As AsOfBook.
    const AsOfMark* newest_mark(const schema::StoreId& store) const { return as_of_.newest(store); }
    /// What is known of the age of one topic of one log.
    ledger::Heard heard(const schema::StoreId& store, const std::string& topic,
                        const core::Clock& clock) const;

    /// Of what `home`'s customers owe, as DebtAsOf; nullopt where no mark of it since the start is
    /// covered. Then the oldest of all logs is the age.
    std::optional<ledger::Heard> heard_by_home(const schema::StoreId& home,
                                               const core::Clock& clock) const;

    std::int64_t pending_cents(const std::string& customer, const std::string& home) const {
        return pending_.of(customer, home);
    }
    const ParkedKeys& parked() const { return parked_; }
    /// Begins to apply what is parked in the scope, as ParkedRetry; one that was under way ends
    /// where it is. `not_found` where the scope names a key that is not parked.
    schema::Result<void> begin_retry(ParkedScope scope, std::optional<Waiver> waiver = {});
    /// Goes on with it through about `bytes`; true when it is over, and durable. What it came to
    /// `retried` says. Fails as a flush does; after `no_space` it may go on.
    schema::Result<bool> retry_parked(std::size_t bytes);
    const ParkedOutcome& retried() const { return retried_; }
    /// Since which position a key of a log's topic is parked, and why; empty where it is not.
    std::string why_behind(const schema::StoreId& store, const std::string& topic,
                           const std::string& key) const;
    /// A sentence for each event of the key that was given up here, at most four.
    std::vector<std::string> waivers_of(const schema::StoreId& store, const std::string& topic,
                                        const std::string& key) const;
    std::map<std::string, std::int64_t> counters() const;

    /// What is written; nothing of what is only staged.
    const ReplicaReader& read() const { return reader_; }
    /// Limits, grants and rounds, of what is written.
    AccountReader accounts() const { return AccountReader(*store_); }
    /// The events behind what is written.
    const ReceivedLog& received() const { return received_; }
    /// What is written, as it is kept.
    const ReplicaStore& kept() const { return *store_; }
    const schema::StoreId& own() const { return options_.own; }
    bool is_pending(schema::Sequence own) const { return pending_.contains(own); }
    /// A copy of what is written, to be opened as a replica; see ReplicaStore::copy_to.
    schema::Result<void> copy_to(const std::filesystem::path& folder) const {
        return store_->copy_to(folder);
    }
    /// Rebuilds all sums from the contributions and compares. `corrupt`, naming the first key that
    /// differs. Reads everything; for tests and support.
    schema::Result<void> check_sums() const;

  private:
    struct Log {
        schema::Epoch epoch;  ///< Staged.
        schema::Epoch written_epoch;
        schema::Epoch later;  ///< The latest that the store, or a mark of it, speaks of.
        schema::Incarnation incarnation{};          ///< Of that epoch; zeros: not known yet.
        std::optional<schema::Incarnation> rival;   ///< Another one that was offered since.
        std::map<std::string, std::string> doubts;  ///< By source: what it said of another log.
        bool met = false;                           ///< The store itself said the held one.
        std::map<std::string, schema::Sequence> staged;
        std::map<std::string, schema::Sequence> written;
        std::map<schema::Epoch, schema::Sequence> begins;  ///< What each later epoch goes on from.

        bool forked() const { return rival || !doubts.empty(); }
    };
    Replica(std::unique_ptr<ReplicaStore> store, ReplicaOptions options);
    schema::Result<void> load();
    schema::Result<void> load_logs();
    schema::Result<void> drop_unwanted();
    schema::Result<void> drop_everything();
    schema::Epoch epoch_of(const schema::Range& range) const;
    schema::Result<void> check_over(const schema::Range& range);
    schema::Result<bool> goes_on(const schema::StoreId& store, const schema::LogOpened& opened);
    schema::Result<void> check_epoch(const schema::Range& range, schema::Epoch begun);
    /// Once for each epoch, which `done` remembers.
    schema::Result<void> reload(const schema::Range& range, schema::Epoch begun,
                                const std::string& what,
                                std::map<schema::StoreId, schema::Epoch>& done);
    schema::Result<void> drop_log(const schema::StoreId& store);
    schema::Result<void> drop_topics(const schema::StoreId& store,
                                     const std::vector<std::string>& topics);
    schema::Result<void> drop_damaged(std::size_t from);
    static schema::Bytes position_row(const Log& log, schema::Sequence seq);
    schema::Result<void> make_from(const schema::StoreId& store, const std::string& topic,
                                   const schema::BaseRow& row, Applier& applier) const;
    schema::Result<void> replace_topic(const schema::StoreId& store, const std::string& topic,
                                       const ShadowStore& made, const schema::BaseInfo& info);
    void begin_walks();
    /// True when the last one is at its end.
    schema::Result<bool> walk(std::size_t bytes);
    schema::Result<void> compare(const schema::StoreId& store, schema::Epoch epoch,
                                 const schema::Incarnation& offered);
    /// What is known of the log that `range` is of; zeros for nothing.
    schema::Result<schema::Incarnation> judge_incarnation(const schema::Range& range,
                                                          const schema::Incarnation& offered);
    schema::Result<void> stage_pending();
    std::string home_of(const std::string& customer) const;
    void advance_marks(const schema::StoreId& store);

    std::unique_ptr<ReplicaStore> store_;
    ReplicaOptions options_;
    std::vector<std::string> topics_;
    Numbers numbers_;
    Records records_;
    ParkedKeys parked_;
    SnapshotShelf shelf_;
    PendingDebts pending_;
    Applier applier_;
    ReplicaReader reader_;
    ReceivedLog received_;
    AsOfBook as_of_;
    DebtAsOf debt_as_of_;
    std::map<schema::StoreId, Log> logs_;
    /// For which epoch, since the start: its record asked for it, what it goes on from showed it.
    std::map<schema::StoreId, schema::Epoch> reloaded_, left_out_;
    struct Overtaking {
        schema::Epoch epoch;
        schema::Timestamp at;       ///< Of the mark.
        std::int64_t pause_us = 0;  ///< Before the next one of this epoch.
    };
    std::map<schema::StoreId, Overtaking> overtakings_;  ///< The last one of each log.
    std::set<schema::StoreId> moved_;                    ///< Logs with staged positions.
    std::uint64_t generation_ = 0;
    std::optional<ParkedRetry> retry_;      ///< Under way.
    ParkedOutcome retried_;                 ///< Of the last one.
    bool unparked_ = false;                 ///< What is staged changes what is parked.
    std::optional<ReplicaScrub> scrub_;     ///< The look under way.
    std::vector<core::LogDamage> damages_;  ///< Of the last one.
    std::size_t dropped_ = 0;               ///< So many of them are answered already.
    Digests digests_;
    std::unique_ptr<DigestWalk> walk_;  ///< Under way, of the last of:
    std::vector<std::pair<schema::StoreId, std::string>> walks_;
    bool walking_ = false;
    std::uint64_t upsets_ = 0;  ///< Times that what was read before was changed.
    std::uint64_t walk_began_ = 0;
};

}  // namespace filial::subscriber
