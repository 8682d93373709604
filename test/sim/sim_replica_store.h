#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "subscriber/replica_store.h"
#include "test/sim/fuse.h"
#include "test/sim/random.h"
#include "test/sim/sim_journal.h"

namespace filial::sim {

/// A replica's folder on a simulated disk; outlives the processes that open it.
class ReplicaDisk {
  public:
    ReplicaDisk(Random& random, Fuse& fuse) : random_(random), fuse_(fuse) {}

    using Map = std::map<schema::Bytes, schema::Bytes, std::less<>>;
    struct Data {
        Map state;
        Map received;
    };
    const Data& data() const { return data_; }
    void restore(Data data);
    void set_health(Health health) { health_ = health; }
    Health health() const { return health_; }
    void power_cut();
    /// A row of it is another one, or gone; false: there is none.
    bool damage();
    /// For one process; an error of an earlier one is forgotten.
    std::unique_ptr<subscriber::ReplicaStore> open();
    /// Called when a sync has covered everything.
    std::function<void()> synced;

  private:
    friend class SimReplicaStore;
    struct Step {
        bool received = false;
        schema::Bytes key;
        std::optional<schema::Bytes> value;
    };
    schema::Result<void> write(std::vector<Step> steps, bool sync);

    Random& random_;
    Fuse& fuse_;
    Data data_;
    std::vector<std::vector<Step>> unsynced_;  ///< How to take each write back.
    Health health_ = Health::well;
    bool failed_ = false;
};

}  // namespace filial::sim
