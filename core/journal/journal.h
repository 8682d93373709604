#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/journal/log_damage.h"
#include "schema/block.h"
#include "schema/hash.h"
#include "schema/mark.h"
#include "schema/result.h"

namespace filial::core {

/// Where one topic of a log ends.
struct TopicHead {
    std::string topic;
    schema::Sequence last;  ///< Last event of this topic.
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;  ///< Of all its rows ever.
    schema::Hash chain{};     ///< Chain head after `last`; zeros where it is not known.
    /// The last event that is not kept for readers any more: see Trim. 0: all are.
    schema::Sequence kept_after{};
};

/// Where a log ends.
struct LogHead {
    schema::StoreId store;
    schema::Epoch epoch;
    schema::Incarnation incarnation{};
    schema::Sequence end;  ///< Last event; 0 for an empty log.
    std::vector<TopicHead> topics;

    const TopicHead* find(std::string_view topic) const;
};

/// One commit of one log: all events above the log's end up to and including `upto`.
struct Append {
    schema::StoreId store;
    schema::Epoch epoch;
    schema::Incarnation incarnation{};  ///< Zeros leave the head's as it is.
    schema::Sequence after;             ///< Must be the log's end.
    schema::Sequence upto;
    std::vector<schema::Segment> segments;  ///< At most one a topic, each with its chain head.
    schema::Timestamp at;                   ///< Wall time of the commit, for the age of what waits.
    /// Of a log that was trimmed elsewhere: topics that begin here with this commit, as they stood
    /// before it (events, bytes, and the chain where it is known). The log has nothing of them so
    /// far, and the commit has a segment of each.
    std::vector<TopicHead> begun{};
};

/// The events of one topic of one log up to and including `upto` are not kept any more: a read from
/// below it is refused with `snapshot_needed`. What they come to stands in the state of the same
/// write (topic_base.h). The commit that holds `upto` stays, as the proof of what goes on behind
/// it; counts and chain heads of the log stay as they are.
struct Trim {
    schema::StoreId store;
    std::string topic;
    schema::Sequence upto;  ///< An event of the topic, above what is trimmed already.
};

/// What is written together: all of it is there after a crash, or nothing.
struct JournalWrite {
    std::vector<Append> appends;
    /// State that belongs to the appends (folds of the log, registries): key -> value, nullopt
    /// erases. Keys are the owner's; later entries of the same key win.
    std::vector<std::pair<schema::Bytes, std::optional<schema::Bytes>>> state;
    std::vector<Trim> trims{};
    bool empty() const { return appends.empty() && state.empty() && trims.empty(); }
};

/// Makes a write from what it owns.
using MakeWrite = std::function<schema::Result<JournalWrite>()>;

/// Commits that may be begun and not finished: while one is on its way to the disk the next one
/// waits for it, made or not, so that the disk never waits for its owner.
inline constexpr std::size_t kBegunMost = 2;

/// What is asked of a log.
struct ReadRequest {
    schema::StoreId store;
    std::vector<std::string> topics;  ///< {"*"} for all.
    schema::Sequence after;
    std::size_t bytes_goal = 0;  ///< Ends with the commit that reaches it.
};

/// What a receiver at a position has not got yet.
struct Depth {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;                  ///< Of the rows.
    std::optional<schema::Timestamp> oldest;  ///< When the oldest of them was committed here.
};

/// Ordered logs, one a store, kept as groups of events by topic, and the owner's state beside them
/// in the same writes. One process at a time has a journal open; one thread uses it.
class Journal {
  public:
    virtual ~Journal() = default;

    virtual std::vector<schema::StoreId> logs() const = 0;
    /// nullopt: no such log here. From memory.
    virtual std::optional<LogHead> head(const schema::StoreId& store) const = 0;
    /// The log's last event, 0 if there is none. From memory; asked in every turn of the loop.
    virtual schema::Sequence end(const schema::StoreId& store) const = 0;

    /// Writes all of it or nothing. With `sync`, durable on return (one fsync for everything);
    /// without, durable with the next sync, and in order with it. Fails with `gap` when an append
    /// does not begin at its log's end, `no_space` (nothing written; may be tried again), `io` or
    /// `corrupt`, after which every further commit fails until the journal is opened again. What is
    /// no commit of its log is refused, and the next one is taken: `stale_incarnation` (an earlier
    /// epoch), `forked` (another incarnation in the log's epoch), `invalid` (a topic twice,
    /// positions outside, another epoch; a trim of what is not there), `too_large` (no block could
    /// carry it).
    virtual schema::Result<void> commit(const JournalWrite& write, bool sync) = 0;

    /// A synced commit in two steps, so that its owner can prepare the next ones while this one is
    /// made and written. `make` is called once, maybe by another thread and beside whatever the
    /// owner does until `finish`: what is only computed (rows, hashes) belongs into it. `bytes`: of
    /// the write, about. `begin` fails with `no_space` and as a stopped journal does; then there is
    /// nothing to finish of it. kBegunMost may be begun: they are made and written in their order,
    /// each after the one before it. Between the two steps of any only `get` and `scan` may be
    /// called, and show all of each or nothing, and none without those before it.
    virtual schema::Result<void> begin(MakeWrite make, std::size_t bytes) = 0;
    /// Of the oldest that was begun: durable on return, or fails as `commit` or `make` does. Must
    /// follow each `begin`, once. Where one fails, those that were begun behind it fail with its
    /// code: their `make` is not called, and nothing of them is written.
    virtual schema::Result<void> finish() = 0;
    /// Whether `finish` would return at once.
    virtual bool finishable() const = 0;

    /// Of what is committed nothing stands in the log of writes alone any more: it is there also
    /// where that log is lost without a trace. Takes long; for what is seldom written and decides.
    /// Fails as a commit does; then it may be asked for again.
    virtual schema::Result<void> settle() { return {}; }

    /// Whether a small commit would find room now: `no_space`, or why the journal takes no more
    /// writes. For whoever was refused and has nothing to write meanwhile; asks the disk.
    virtual schema::Result<void> room() = 0;

    /// The events of the asked topics in (after, upto], at most one segment a topic, merged over
    /// commits; never touches a payload of another topic. `upto` is the log's end if everything
    /// fits, else the end of the commit that reached `bytes_goal`, counted over the asked topics;
    /// earlier at the end of an epoch, and before a commit that would not fit into the same block.
    /// `after` may lie inside a commit. `not_found` if there is no such log, `gap` if `after` is
    /// beyond its end, `snapshot_needed` if events of an asked topic behind it are not kept any
    /// more.
    virtual schema::Result<schema::Range> read(const ReadRequest& request) const = 0;

    /// Where the log ended after its event `at`: topics, last positions and chains; epoch and
    /// incarnation are today's. `not_found` if there is no such log, `gap` if `at` is beyond its
    /// end. A topic that is not kept back to `at` is not known there: its chain is zeros. Here by
    /// reading all of it; RocksDB knows the way.
    virtual schema::Result<LogHead> head_at(const schema::StoreId& store,
                                            schema::Sequence at) const;

    /// What stands above `after` in these topics. Cheap: two lookups a topic.
    virtual schema::Result<Depth> depth(const schema::StoreId& store,
                                        const std::vector<std::string>& topics,
                                        schema::Sequence after) const = 0;

    /// One value of the state; nullopt if there is none.
    virtual schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const = 0;
    /// Calls `each(key, value)` for every key that begins with `prefix` and is above `after`, in
    /// bytewise order, until it returns false.
    virtual schema::Result<void> scan(
        schema::ByteView prefix, schema::ByteView after,
        const std::function<bool(schema::ByteView, schema::ByteView)>& each) const = 0;

    /// Goes on with a look at everything that is kept here, about `bytes` of it, or begins one:
    /// true when that step ended it. Between `begin` and `finish` it does nothing.
    virtual bool scrub(std::size_t) { return false; }
    /// What the last look that ended found damaged.
    virtual std::vector<LogDamage> damages() const { return {}; }
};

}  // namespace filial::core
