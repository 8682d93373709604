#include "core/process.h"
#include "subscriber/replica.h"
#include "subscriber/subscriber.h"

namespace {

using filial::schema::Result;
using filial::subscriber::Replica;
using filial::subscriber::ReplicaOptions;
using filial::subscriber::Subscriber;

Result<void> serve(filial::core::Process& process) {
    const filial::core::Options& options = process.options();
    std::vector<std::string> endpoints{options.subscriber.listen};
    for (const auto& hub : options.hubs) endpoints.push_back(hub.endpoint);
    for (const auto& peer : options.peers) endpoints.push_back(peer.endpoint);
    const auto keys = process.keys_for(endpoints);
    if (!keys) return tl::unexpected(keys.error());

    ReplicaOptions replica_options;
    replica_options.store.dir = options.subscriber_dir();
    replica_options.store.free_bytes_floor = options.disk_reserve_bytes;
    replica_options.own = options.store;
    replica_options.topics = options.subscriber.topics;
    replica_options.stores = options.subscriber.stores;
    auto replica = Replica::open(std::move(replica_options));
    if (!replica) return tl::unexpected(replica.error());

    Subscriber subscriber(options, **replica, process.clock(), &process.allow());
    filial::core::Self self{options.store, "subscriber", {}, {}};
    filial::core::Exchange exchange(subscriber, process.clock(), process.network(),
                                    &process.allow(), *keys, self);
    subscriber.attach(exchange);
    if (const auto ok = exchange.listen(options.subscriber_socket()); !ok) return ok;
    if (!options.subscriber.listen.empty()) {
        if (const auto ok = exchange.listen(options.subscriber.listen); !ok) return ok;
    }
    if (options.subscriber.own_publisher) {
        const filial::core::Remote own{options.store.value(), options.publisher_socket(), ""};
        if (const auto ok = exchange.dial(own, "subscriber"); !ok) return ok;
    }
    for (const auto* remotes : {&options.hubs, &options.peers}) {
        for (const auto& remote : *remotes) {
            if (const auto ok = exchange.dial(remote, "subscriber"); !ok) return ok;
        }
    }
    return process.run(exchange);
}

}  // namespace

int main(int argc, char** argv) {
    return filial::core::run_process(
        argc, argv, "subscriber",
        "Replays the logs of all stores into this store's replica and answers questions from it.",
        serve);
}
