#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/journal/head_witness.h"
#include "core/journal/journal.h"
#include "test/sim/fuse.h"
#include "test/sim/random.h"
#include "test/sim/rare.h"

namespace filial::sim {

/// How a disk is doing.
enum class Health {
    well,
    full,    ///< Nothing more can be written: `no_space`.
    broken,  ///< The next sync fails with `io`; then the process has to end.
};

/// A journal on a simulated disk: what no sync covered is lost in a power cut, all of it or the
/// later part; a write that was cut is not there at all. It outlives the processes that open it.
class SimJournal : public core::Journal {
  public:
    SimJournal(Random& random, Fuse& fuse) : random_(random), fuse_(fuse) {}

    std::vector<schema::StoreId> logs() const override;
    std::optional<core::LogHead> head(const schema::StoreId& store) const override;
    schema::Sequence end(const schema::StoreId& store) const override;
    schema::Result<void> commit(const core::JournalWrite& write, bool sync) override;
    schema::Result<void> begin(core::MakeWrite make, std::size_t bytes) override;
    schema::Result<void> finish() override;
    bool finishable() const override {
        if (in_hand() && rare(Rare::unfinished)) return false;
        return !done_.empty() || (in_hand() && random_.chance(500));
    }
    schema::Result<void> room() override;
    schema::Result<schema::Range> read(const core::ReadRequest& request) const override;
    /// Without the bytes of its topics.
    schema::Result<core::LogHead> head_at(const schema::StoreId& store,
                                          schema::Sequence at) const override;
    schema::Result<core::Depth> depth(const schema::StoreId& store,
                                      const std::vector<std::string>& topics,
                                      schema::Sequence after) const override;
    schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const override;
    schema::Result<void> scan(
        schema::ByteView prefix, schema::ByteView after,
        const std::function<bool(schema::ByteView, schema::ByteView)>& each) const override;

    void set_health(Health health) { health_ = health; }
    Health health() const { return health_; }
    /// A process opens it: what an earlier one began is over, an error forgotten.
    void open();
    /// A witness beside it says how far this store's log was acknowledged.
    void keep_witness(schema::StoreId store) { witness_of_ = std::move(store); }
    const std::optional<core::WitnessSlot>& witness() const { return witness_; }
    /// `corrupt` where that is not there any more. As the real one says when it is opened.
    schema::Result<void> whole() const;
    /// Something of that log cannot be read any more, or is gone; false: nothing was done.
    bool damage(const schema::StoreId& store);
    /// Nothing of it is damaged.
    bool looks_whole() const;
    bool scrub(std::size_t bytes) override;
    std::vector<core::LogDamage> damages() const override { return damages_; }
    /// Called when it was built again.
    std::function<void()> repaired;
    /// Without power a seeded part of what no sync covered is gone.
    void power_cut();
    /// Last event of the log that a sync covers.
    schema::Sequence synced_end(const schema::StoreId& store) const;
    /// A commit is begun and not finished: nothing may be asked for then.
    bool in_hand() const { return !begun_.empty() || !done_.empty(); }
    /// No event waits for a sync: a copy made now is of a log that stays.
    bool log_synced(const schema::StoreId& store) const {
        return !in_hand() && synced_end(store) == end(store);
    }
    /// Called with each append, once it is part of the log.
    std::function<void(const core::Append&)> appended;
    /// Called when a sync has covered everything.
    std::function<void()> synced;

    struct Commit {
        schema::Epoch epoch;
        schema::Incarnation incarnation;
        schema::Sequence after;
        schema::Sequence upto;
        bool bad = false;  ///< It cannot be read.
        schema::Timestamp at;
        std::vector<schema::Segment> segments;
        std::map<std::string, std::uint64_t> before{};  ///< Events of its topics in earlier ones.
    };
    struct Log {
        core::LogHead head;
        std::vector<Commit> commits;
        schema::Sequence synced;
    };
    using State = std::map<schema::Bytes, schema::Bytes, std::less<>>;
    struct Data {
        std::map<schema::StoreId, Log> logs;
        State state;
    };
    const Data& data() const { return data_; }
    /// Commits that cuts of power took back.
    std::int64_t lost() const { return lost_; }
    /// How often something was trimmed here.
    std::int64_t trims() const { return trims_; }
    /// Another state of the disk, as from a copy.
    void restore(Data data);

  private:
    /// How to take one unsynced write back.
    struct Undo {
        std::vector<std::pair<schema::StoreId, std::optional<core::LogHead>>> heads;
        std::vector<std::pair<schema::Bytes, std::optional<schema::Bytes>>> state;
        std::vector<std::pair<schema::StoreId, std::vector<Commit>>> trimmed;  ///< As they were.
    };
    schema::Result<void> check(const core::JournalWrite& write,
                               std::map<schema::StoreId, core::LogHead>& heads) const;
    schema::Result<void> write(const core::JournalWrite& write, bool sync);
    void apply(const core::JournalWrite& write, std::map<schema::StoreId, core::LogHead> heads,
               bool undoable);
    void trim(const core::Trim& trim);
    void write_begun();
    /// A process ended with it.
    void forget_begun();
    Commit commit_of(const core::Append& append) const;
    void take_back(const Undo& undo);
    void write_witness();

    Random& random_;
    Fuse& fuse_;
    Data data_;
    std::vector<Undo> unsynced_;
    std::deque<core::MakeWrite> begun_;      ///< And not written.
    std::deque<schema::Result<void>> done_;  ///< Of those that were written, and not finished.
    std::optional<schema::Error> behind_;    ///< Why the rest of them is not written.
    std::optional<schema::StoreId> witness_of_;
    std::optional<core::WitnessSlot> witness_;
    std::vector<core::LogDamage> damages_;
    std::int64_t lost_ = 0;
    std::int64_t trims_ = 0;
    Health health_ = Health::well;
    bool failed_ = false;  ///< Until it is opened again.
};

}  // namespace filial::sim
