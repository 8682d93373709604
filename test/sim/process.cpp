#include "test/sim/process.h"

#include "broker/life.h"
#include "broker/rebuild.h"
#include "test/sim/publisher_life.h"
#include "test/sim/sim_damage.h"
#include "test/sim/watched_host.h"

namespace filial::sim {

using core::Peer;
using schema::Result;
using schema::StoreId;

const char* name_of(Role role) {
    constexpr const char* names[] = {"publisher", "broker", "subscriber"};
    return names[static_cast<std::size_t>(role)];
}

namespace {

class BrokerLife : public Life {
  public:
    Result<void> start(Machine& machine, int process, Network& network, core::AllowList& allow,
                       Watch& watch) {
        machine_ = &machine;
        again_ = [this, process, &network, &allow, &watch] {
            return start(*machine_, process, network, allow, watch);
        };
        machine.broker_disk.open();
        auto opened = broker::Broker::open(machine.broker_disk, machine.clock, machine.store,
                                           &allow, machine.options.scrub_every_us,
                                           {machine.options.broker.keep_us, 0, 0});
        if (!opened) return tl::unexpected(opened.error());
        broker_ = std::move(*opened);
        const auto life = broker::life_of(machine.broker_disk);
        if (!life) return tl::unexpected(life.error());
        host_ = std::make_unique<WatchedHost>(*broker_, watch, process);
        exchange_ = std::make_unique<core::Exchange>(
            *host_, machine.clock, network.transport(process, machine.name, machine.store.value()),
            &allow, core::Self{machine.store, "broker", {}, *life});
        if (const auto ok = broker_->attach(*exchange_); !ok) return ok;
        if (const auto ok = exchange_->listen(machine.options.broker_socket()); !ok) return ok;
        if (const auto ok = exchange_->listen(machine.options.broker.listen); !ok) return ok;
        if (!machine.relays) return {};
        for (const auto& hub : machine.options.hubs) {
            if (const auto ok = exchange_->dial(hub, "broker"); !ok) return ok;
        }
        return {};
    }
    Result<void> turn() override {
        const auto turned = exchange_->turn(kTurnMax);
        if (turned || turned.error().code != schema::Errc::corrupt) return turned;
        exchange_.reset();
        host_.reset();
        broker_.reset();
        SimDamage damaged(machine_->broker_disk, machine_->broker_repair);
        const auto rebuilt =
            broker::rebuild_journal(damaged, turned.error().message, [] { return false; });
        return rebuilt ? again_() : rebuilt;
    }
    core::Exchange& exchange() override { return *exchange_; }

  private:
    Machine* machine_ = nullptr;
    std::function<Result<void>()> again_;  ///< A further life on the same machine.
    std::unique_ptr<broker::Broker> broker_;
    std::unique_ptr<WatchedHost> host_;
    std::unique_ptr<core::Exchange> exchange_;
};

class SubscriberLife : public Life {
  public:
    Result<void> start(Machine& machine, int process, Network& network, core::AllowList& allow,
                       Watch& watch) {
        subscriber::ReplicaOptions options;
        options.own = machine.store;
        options.topics = machine.options.subscriber.topics;
        options.stores = machine.options.subscriber.stores;
        options.hold_kinds = machine.options.subscriber.hold_kinds;
        auto opened = subscriber::Replica::open(machine.replica_disk.open(), std::move(options));
        if (!opened) return tl::unexpected(opened.error());
        replica_ = std::move(*opened);
        subscriber_ = std::make_unique<subscriber::Subscriber>(machine.options, *replica_,
                                                               machine.clock, &allow);
        host_ = std::make_unique<WatchedHost>(*subscriber_, watch, process);
        exchange_ = std::make_unique<core::Exchange>(
            *host_, machine.clock, network.transport(process, machine.name, machine.store.value()),
            &allow, core::Self{machine.store, "subscriber", {}, {}});
        subscriber_->attach(*exchange_);
        if (const auto ok = exchange_->listen(machine.options.subscriber_socket()); !ok) return ok;
        const core::Remote own{machine.store.value(), machine.options.publisher_socket(), ""};
        if (const auto ok = exchange_->dial(own, "subscriber"); !ok) return ok;
        for (const auto* remotes : {&machine.options.hubs, &machine.options.peers}) {
            for (const auto& remote : *remotes) {
                if (const auto ok = exchange_->dial(remote, "subscriber"); !ok) return ok;
            }
        }
        return {};
    }
    Result<void> turn() override { return exchange_->turn(kTurnMax); }
    core::Exchange& exchange() override { return *exchange_; }
    subscriber::Replica* replica() override { return replica_.get(); }

  private:
    std::unique_ptr<subscriber::Replica> replica_;
    std::unique_ptr<subscriber::Subscriber> subscriber_;
    std::unique_ptr<WatchedHost> host_;
    std::unique_ptr<core::Exchange> exchange_;
};

template <class Kind>
Result<std::unique_ptr<Life>> begin_one(Machine& machine, int process, Network& network,
                                        core::AllowList& allow, Watch& watch) {
    auto life = std::make_unique<Kind>();
    if (const auto ok = life->start(machine, process, network, allow, watch); !ok) {
        return tl::unexpected(ok.error());
    }
    return std::unique_ptr<Life>(std::move(life));
}

}  // namespace

Result<std::unique_ptr<Life>> Life::begin(Role role, Machine& machine, int process,
                                          Network& network, core::AllowList& allow, Watch& watch) {
    switch (role) {
        case Role::publisher: {
            auto life = std::make_unique<PublisherLife>(machine, process, network, allow, watch);
            if (const auto ok = life->start(); !ok) return tl::unexpected(ok.error());
            return std::unique_ptr<Life>(std::move(life));
        }
        case Role::broker:
            return begin_one<BrokerLife>(machine, process, network, allow, watch);
        case Role::subscriber:
            break;
    }
    return begin_one<SubscriberLife>(machine, process, network, allow, watch);
}

}  // namespace filial::sim
