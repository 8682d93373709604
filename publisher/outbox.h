#pragma once

#include <tsl/robin_map.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/journal/journal.h"
#include "ledger/decide.h"
#include "ledger/state.h"
#include "publisher/group.h"
#include "schema/event.h"

namespace filial::publisher {

/// In the log's state while the log is in quarantine: see log_place.h.
inline constexpr std::string_view kQuarantineKey = "quarantine";

/// State beside the log, for one write: key -> value, nullopt erases.
using StateWrites = std::vector<std::pair<schema::Bytes, std::optional<schema::Bytes>>>;

/// A commit ends at about this many events while more is waiting: the next one is decided while
/// this one goes to the disk, and nobody's answer waits for a queue of any length.
inline constexpr std::uint64_t kGroupEvents = 256;
/// And at this many tickets where as many are left, as soon as one more may be begun.
inline constexpr std::size_t kGroupTickets = GroupSizes().tickets;

/// The store's own log and what is decided from it: the only writer of both. Decisions are staged
/// during a turn and committed together; the ledger's state goes into the same write, once for each
/// key however often it changed. As a ledger::State it shows what is staged too.
class Outbox : public ledger::State {
  public:
    /// A new log gets its first event here, `log.opened` with a random incarnation, durable on
    /// return. `journal` must outlive it; nobody else may append to this store's log.
    static schema::Result<std::unique_ptr<Outbox>> open(core::Journal& journal,
                                                        schema::StoreId self, schema::Timestamp at);

    /// Begins the next life of a log, behind all that it has: `log.opened` with what it continues
    /// from and the chain heads there, and no word of a quarantine any more. Durable on return;
    /// `journal` has no outbox meanwhile.
    static schema::Result<void> open_epoch(core::Journal& journal, const schema::StoreId& self,
                                           schema::Epoch epoch,
                                           const schema::Incarnation& incarnation,
                                           schema::Timestamp at);

    const schema::StoreId& store() const { return self_; }
    schema::Epoch epoch() const { return epoch_; }
    const schema::Incarnation& incarnation() const { return incarnation_; }
    /// Last durable event.
    schema::Sequence end() const { return end_; }
    /// Where the next staged event will stand.
    schema::Position next() const;

    bool staged() const { return next_.value() > begun_.value() + 1; }
    /// Whether one more decision with rows of `bytes` belongs into this commit: into an empty one
    /// any; into others as long as they have less than kGroupEvents.
    bool room_for(std::size_t bytes) const;
    /// Adds a decision made at `next()` from this state.
    void stage(ledger::Decision decision);
    /// Writes what is staged and `more` with one fsync: durable on return. After a failure nothing
    /// of it is there, in memory neither, and the same can be decided and staged anew; the journal
    /// says which failures can be tried again.
    schema::Result<void> commit(schema::Timestamp at, StateWrites more);
    /// The same in two steps: between them the next commits are staged while this one's events are
    /// hashed, encoded and written; kBegunMost of them may be in hand, in their order. If the first
    /// step fails, nothing is staged any more, and what is in hand has still to be finished. If the
    /// second fails, nothing is staged or in hand any more: what was begun behind it is not there
    /// either. `alone`: there is nothing to do meanwhile, and nothing in hand, so the first step
    /// writes all of it; waking another thread for it, and being woken by it, takes as long as a
    /// fast disk does.
    schema::Result<void> begin(schema::Timestamp at, StateWrites more, bool alone = false);
    /// Of the oldest one in hand.
    schema::Result<void> finish();
    /// Commits between the two steps.
    std::size_t in_hand() const { return in_hand_.size(); }
    bool may_begin() const { return in_hand_.size() < core::kBegunMost; }
    /// Whether `finish` would return at once.
    bool finishable() const {
        return !in_hand_.empty() && (in_hand_.front().done || journal_.finishable());
    }

    /// The last event that the state beside the log knows of; below `end` only on a machine that
    /// got its log from elsewhere. See rebuild.h.
    schema::Result<schema::Sequence> folded() const;
    /// Writes the state as it is after the events up to `upto`, and `more`; nothing is staged.
    schema::Result<void> commit_folded(schema::Sequence upto, schema::Timestamp at,
                                       StateWrites more);

    /// Why own state could not be read since the last commit: what was decided then must not be
    /// committed. `get` has no other way to say so.
    const std::optional<schema::Error>& trouble() const { return trouble_; }

    /// Keys of the state that begin with `prefix` and are above `after`, in their order, `at_most`
    /// of them; those of staged values too. Fails as the journal does.
    schema::Result<std::vector<schema::Bytes>> keys(schema::ByteView prefix, schema::ByteView after,
                                                    std::size_t at_most) const;

    std::optional<schema::Bytes> get(schema::ByteView key) const override;
    /// nullptr where it cannot be read.
    const ledger::Row* row(schema::ByteView key) const override;
    void put(schema::ByteView key, schema::Bytes value) override;
    void erase(schema::ByteView key) override;
    void put_new(schema::ByteView key, schema::Bytes value) override;
    schema::Result<void> scan(schema::ByteView prefix, const Visit& visit) const override;

  private:
    struct InHand;
    Outbox(core::Journal& journal, schema::StoreId self);
    schema::Result<void> load(schema::Timestamp at);
    void append(schema::LoggedEvent logged);
    Group take_group(schema::Timestamp at);
    core::MakeWrite take_staged(schema::Timestamp at, StateWrites more, InHand& into,
                                std::size_t& bytes);
    void set(schema::ByteView key, std::optional<schema::Bytes> value);
    void roll_back();
    void age() const;

    struct Value : ledger::Row {
        schema::Bytes key;
        bool dirty = false;  ///< Staged.
    };
    /// By their own keys. Values stay where they are; the table beside them is small, since what is
    /// looked for is mostly in no near memory.
    using Values =
        tsl::robin_map<schema::ByteView, std::unique_ptr<Value>, ledger::KeyHash, std::equal_to<>>;
    Value& add_young(schema::ByteView key) const;
    /// Where the journal has it.
    static constexpr std::string_view kOwnPrefix = "own/";
    static schema::Bytes journal_key(schema::ByteView key);

    /// Written and not kept: gone as soon as the journal has them.
    using NewValues =
        std::unordered_map<schema::Bytes, schema::Bytes, ledger::KeyHash, std::equal_to<>>;

    core::Journal& journal_;
    schema::StoreId self_;
    schema::Epoch epoch_{1};
    schema::Incarnation incarnation_{};
    schema::Sequence end_;
    schema::Sequence begun_;  ///< Last event of the last commit in hand, or of the last one.
    schema::Sequence next_{1};
    std::vector<schema::LoggedEvent> events_;  ///< Staged.
    std::size_t bytes_ = 0;                    ///< Of the staged rows, about.
    /// Behind the last commit that was made. Of the thread that writes while any is in hand.
    std::shared_ptr<Chains> chains_;

    /// Two generations of values read or written lately; what was not touched for one generation is
    /// forgotten, so that memory does not grow with the number of keys.
    mutable Values young_;
    mutable Values old_;
    mutable std::size_t young_bytes_ = 0;  ///< Read into or written to `young_`, about.
    mutable std::vector<Value*> dirty_;    ///< Staged.
    mutable NewValues new_staged_;
    struct InHand {
        schema::Sequence upto;
        std::vector<Value*> values;
        NewValues new_values;
        std::optional<schema::Result<void>> done;  ///< Where it is known already.
    };
    std::deque<InHand> in_hand_;
    /// Of what is staged and in hand, the newest first.
    std::vector<const std::vector<Value*>*> changed() const;
    std::vector<const NewValues*> added() const;
    const schema::Bytes* in_hand(schema::ByteView key) const;  ///< Put as new; null: it is not.
    mutable std::optional<schema::Error> trouble_;
};

}  // namespace filial::publisher
