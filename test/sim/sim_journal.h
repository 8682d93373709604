#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/journal/journal.h"
#include "test/sim/fuse.h"
#include "test/sim/random.h"

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
    bool finishable() const override { return random_.chance(500); }
    schema::Result<void> room() override;
    schema::Result<schema::Range> read(const core::ReadRequest& request) const override;
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
    /// Without power a seeded part of what no sync covered is gone.
    void power_cut();
    /// Last event of the log that a sync covers.
    schema::Sequence synced_end(const schema::StoreId& store) const;
    /// Called with each append, once it is part of the log.
    std::function<void(const core::Append&)> appended;
    /// Called when a sync has covered everything.
    std::function<void()> synced;

    struct Commit {
        schema::Sequence upto;
        schema::Timestamp at;
        std::vector<schema::Segment> segments;
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
    /// Another state of the disk, as from a copy.
    void restore(Data data);

  private:
    /// How to take one unsynced write back.
    struct Undo {
        std::vector<std::pair<schema::StoreId, std::optional<core::LogHead>>> heads;
        std::vector<std::pair<schema::Bytes, std::optional<schema::Bytes>>> state;
    };
    schema::Result<void> check(const core::JournalWrite& write,
                               std::map<schema::StoreId, core::LogHead>& heads) const;
    schema::Result<void> write(const core::JournalWrite& write, bool sync);
    void apply(const core::JournalWrite& write, std::map<schema::StoreId, core::LogHead> heads,
               bool undoable);
    void take_back(const Undo& undo);

    Random& random_;
    Fuse& fuse_;
    Data data_;
    std::vector<Undo> unsynced_;
    std::optional<core::JournalWrite> begun_;
    Health health_ = Health::well;
    bool failed_ = false;  ///< Until it is opened again.
};

}  // namespace filial::sim
