#include "test/sim/process.h"

namespace filial::sim {

using core::Peer;
using schema::Result;
using schema::StoreId;

const char* name_of(Role role) {
    constexpr const char* names[] = {"publisher", "broker", "subscriber"};
    return names[static_cast<std::size_t>(role)];
}

namespace {

/// Passes everything on, and shows the watch what it wants to see.
class WatchedHost : public core::Host {
  public:
    WatchedHost(core::Host& host, Watch& watch, int process)
        : host_(host), watch_(watch), process_(process) {}

    std::optional<schema::Error> refuses(const Peer& peer) override { return host_.refuses(peer); }
    std::vector<StoreId> held() const override { return host_.held(); }
    schema::Sequence end(const StoreId& store) const override { return host_.end(store); }
    schema::Epoch epoch(const StoreId& store) const override { return host_.epoch(store); }
    schema::Incarnation incarnation(const StoreId& store) const override {
        return host_.incarnation(store);
    }
    Result<schema::Range> read(const core::ReadRequest& request) override {
        auto range = host_.read(request);
        if (range) watch_.served(process_, *range);
        return range;
    }
    void reached(const Peer& peer, const schema::Fetch& fetch) override {
        watch_.reached(process_, peer, fetch);
        host_.reached(peer, fetch);
    }
    std::optional<core::Want> want(const Peer& peer, const StoreId& store) override {
        return host_.want(peer, store);
    }
    Result<void> take(const Peer& peer, schema::Range range) override {
        watch_.taking(process_, peer, range);
        return host_.take(peer, std::move(range));
    }
    bool keeps_rows() const override { return host_.keeps_rows(); }
    Result<schema::Range> held_rows(const core::ReadRequest& request,
                                    schema::Sequence upto) override {
        return host_.held_rows(request, upto);
    }
    void session_began(const Peer& peer) override { host_.session_began(peer); }
    schema::Sequence kept_after(const StoreId& store, const std::string& topic) const override {
        return host_.kept_after(store, topic);
    }
    Result<schema::Chunk> snapshot(const Peer& peer, const schema::SnapshotAsk& ask,
                                   std::size_t most) override {
        return host_.snapshot(peer, ask, most);
    }
    void chunk(const Peer& peer, const schema::Chunk& chunk) override { host_.chunk(peer, chunk); }
    void not_served(const Peer& peer, const schema::Trouble& trouble) override {
        host_.not_served(peer, trouble);
    }
    Result<void> flush() override { return host_.flush(); }
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override {
        return host_.durable(want);
    }
    void marked(const Peer& peer, const schema::Mark& mark) override { host_.marked(peer, mark); }
    void applied(const Peer& peer, const schema::Applied& applied) override {
        host_.applied(peer, applied);
    }
    void confirm(const Peer& peer, const schema::Confirm& asked) override {
        host_.confirm(peer, asked);
    }
    void confirmed(const Peer& peer, const schema::Confirmed& answer,
                   const schema::Mark& mark) override {
        host_.confirmed(peer, answer, mark);
    }
    void request(const core::Requester& from, schema::Message message) override {
        host_.request(from, std::move(message));
    }
    void turn(core::BootTime now) override { host_.turn(now); }

  private:
    core::Host& host_;
    Watch& watch_;
    int process_;
};

constexpr std::chrono::milliseconds kTurnMax{50};

class PublisherLife : public Life {
  public:
    Result<void> start(Machine& machine, int process, Network& network, core::AllowList& allow,
                       Watch& watch) {
        machine.publisher_disk.open();
        auto opened = publisher::Publisher::open(machine.options, machine.publisher_disk,
                                                 machine.clock, &allow);
        if (!opened) return tl::unexpected(opened.error());
        publisher_ = std::move(*opened);
        host_ = std::make_unique<WatchedHost>(*publisher_, watch, process);
        exchange_ = std::make_unique<core::Exchange>(
            *host_, machine.clock, network.transport(process, machine.store.value()), &allow,
            core::Self{machine.store, "publisher", publisher_->epoch(), publisher_->incarnation()});
        asker_ = std::make_unique<core::Asker>(
            [&network, process, name = machine.store.value()] {
                return network.transport(process, name);
            },
            machine.clock, machine.options.subscriber_socket());
        legs_ = std::make_unique<publisher::ExchangeLegs>(*exchange_, *asker_);
        publisher_->attach(*legs_);
        if (const auto ok = exchange_->listen(machine.options.publisher_socket()); !ok) return ok;
        if (const auto ok = exchange_->listen(machine.options.publisher.listen); !ok) return ok;
        for (const auto& hub : machine.options.hubs) {
            if (const auto ok = exchange_->dial(hub, "publisher"); !ok) return ok;
        }
        return {};
    }
    Result<void> turn() override { return exchange_->turn(kTurnMax); }
    core::Exchange& exchange() override { return *exchange_; }
    publisher::Publisher* publisher() override { return publisher_.get(); }

  private:
    std::unique_ptr<publisher::Publisher> publisher_;
    std::unique_ptr<WatchedHost> host_;
    std::unique_ptr<core::Exchange> exchange_;
    std::unique_ptr<core::Asker> asker_;
    std::unique_ptr<publisher::ExchangeLegs> legs_;
};

class BrokerLife : public Life {
  public:
    Result<void> start(Machine& machine, int process, Network& network, core::AllowList& allow,
                       Watch& watch) {
        machine.broker_disk.open();
        auto opened =
            broker::Broker::open(machine.broker_disk, machine.clock, machine.store, &allow);
        if (!opened) return tl::unexpected(opened.error());
        broker_ = std::move(*opened);
        host_ = std::make_unique<WatchedHost>(*broker_, watch, process);
        exchange_ = std::make_unique<core::Exchange>(
            *host_, machine.clock, network.transport(process, machine.store.value()), &allow,
            core::Self{machine.store, "broker", {}, {}});
        if (const auto ok = broker_->attach(*exchange_); !ok) return ok;
        if (const auto ok = exchange_->listen(machine.options.broker.listen); !ok) return ok;
        if (!machine.relays) return {};
        for (const auto& hub : machine.options.hubs) {
            if (const auto ok = exchange_->dial(hub, "broker"); !ok) return ok;
        }
        return {};
    }
    Result<void> turn() override { return exchange_->turn(kTurnMax); }
    core::Exchange& exchange() override { return *exchange_; }

  private:
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
        auto opened = subscriber::Replica::open(machine.replica_disk.open(), std::move(options));
        if (!opened) return tl::unexpected(opened.error());
        replica_ = std::move(*opened);
        subscriber_ = std::make_unique<subscriber::Subscriber>(machine.options, *replica_,
                                                               machine.clock, &allow);
        host_ = std::make_unique<WatchedHost>(*subscriber_, watch, process);
        exchange_ = std::make_unique<core::Exchange>(
            *host_, machine.clock, network.transport(process, machine.store.value()), &allow,
            core::Self{machine.store, "subscriber", {}, {}});
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
        case Role::publisher:
            return begin_one<PublisherLife>(machine, process, network, allow, watch);
        case Role::broker:
            return begin_one<BrokerLife>(machine, process, network, allow, watch);
        case Role::subscriber:
            break;
    }
    return begin_one<SubscriberLife>(machine, process, network, allow, watch);
}

}  // namespace filial::sim
