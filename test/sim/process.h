#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "core/link/asker.h"
#include "core/link/exchange.h"
#include "core/options.h"
#include "publisher/publisher.h"
#include "subscriber/replica.h"
#include "subscriber/subscriber.h"
#include "test/sim/network.h"
#include "test/sim/sim_journal.h"
#include "test/sim/sim_replica_store.h"

namespace filial::sim {

/// One machine of a store or of head office: its clocks, its configuration, its disks.
struct Machine {
    Machine(const Time& now, Random& random, const std::string& of, const std::string& called)
        : store{of},
          name(called),
          clock(now, called),
          publisher_disk(random, publisher_fuse),
          broker_disk(random, broker_fuse),
          replica_disk(random, subscriber_fuse),
          publisher_repair(random, publisher_fuse),
          broker_repair(random, broker_fuse) {}

    schema::StoreId store;
    std::string name;  ///< Of its place in the network: a clone has its store's name and another.
    MachineClock clock;
    core::Options options;
    publisher::GroupSizes groups;
    bool relays = false;  ///< Its broker dials the hubs of its options.
    Fuse publisher_fuse, broker_fuse, subscriber_fuse;
    SimJournal publisher_disk;
    SimJournal broker_disk;
    ReplicaDisk replica_disk;
    SimJournal publisher_repair;  ///< Where a damaged one is built again.
    SimJournal broker_repair;
    std::map<std::string, SimJournal::Data> aside;  ///< Logs that are kept beside its own.
    /// Nothing may be booked there: it is in quarantine, or its log is being repaired.
    bool quarantined = false;
};

enum class Role { publisher, broker, subscriber };
const char* name_of(Role role);

/// Looks at everything that goes between an exchange and its host: `see` for each of its kind.
class Watch {
  public:
    virtual ~Watch() = default;
    /// `peer` says what it holds durably of a log that this process serves.
    virtual void reached(int process, const core::Peer& peer, const schema::Fetch& fetch) = 0;
    /// A range is about to be taken, of what `peer` sent.
    virtual void taking(int process, const core::Peer& peer, const schema::Range& range) = 0;
    /// A range was read to be sent.
    virtual void served(int process, const schema::Range& range) = 0;
    /// What `peer` sent is about to change something here.
    virtual void changing(int process, const core::Peer& peer) = 0;
};

/// A process while it runs: the real publisher, broker or subscriber with its exchange.
class Life {
  public:
    virtual ~Life() = default;
    virtual schema::Result<void> turn() = 0;
    virtual core::Exchange& exchange() = 0;
    virtual subscriber::Replica* replica() { return nullptr; }
    virtual bool is_publisher() const { return false; }
    /// What a repair that is under way waits for, for people; empty where there is none.
    virtual std::string repairs() const { return {}; }

    static schema::Result<std::unique_ptr<Life>> begin(Role role, Machine& machine, int process,
                                                       Network& network, core::AllowList& allow,
                                                       Watch& watch);
};

}  // namespace filial::sim
