#include "core/journal/folder.h"
#include "core/log.h"
#include "core/process.h"
#include "subscriber/replica.h"
#include "subscriber/subscriber.h"

namespace {

namespace core = filial::core;
using filial::schema::Errc;
using filial::schema::Result;
using filial::subscriber::Replica;
using filial::subscriber::ReplicaOptions;
using filial::subscriber::Subscriber;

/// Times in one run that a damaged replica is loaded again; more is for a person.
constexpr int kRebuildsMost = 3;

ReplicaOptions replica_options(const core::Options& options) {
    ReplicaOptions replica;
    replica.store.dir = options.subscriber_dir();
    replica.store.free_bytes_floor = options.disk_reserve_bytes;
    replica.own = options.store;
    replica.topics = options.subscriber.topics;
    replica.stores = options.subscriber.stores;
    replica.hold_kinds = options.subscriber.hold_kinds;
    return replica;
}

Result<void> replay(core::Process& process, const core::Keys* keys, Replica& replica) {
    const core::Options& options = process.options();
    Subscriber subscriber(options, replica, process.clock(), &process.allow());
    core::Self self{options.store, "subscriber", {}, {}};
    core::Exchange exchange(subscriber, process.clock(), process.network(), &process.allow(), keys,
                            self);
    subscriber.attach(exchange);
    if (const auto ok = exchange.listen(options.subscriber_socket()); !ok) return ok;
    if (!options.subscriber.listen.empty()) {
        if (const auto ok = exchange.listen(options.subscriber.listen); !ok) return ok;
    }
    if (options.subscriber.own_publisher) {
        const core::Remote own{options.store.value(), options.publisher_socket(), ""};
        if (const auto ok = exchange.dial(own, "subscriber"); !ok) return ok;
    }
    for (const auto* remotes : {&options.hubs, &options.peers}) {
        for (const auto& remote : *remotes) {
            if (const auto ok = exchange.dial(remote, "subscriber"); !ok) return ok;
        }
    }
    return process.run(exchange);
}

/// A replica can be made again of the logs: what is left of a damaged one is put aside.
Result<void> put_aside(const core::Options& options, const std::string& why) {
    const auto lock = core::FolderLock::take(options.subscriber_dir());
    if (!lock) return tl::unexpected(lock.error());
    const auto aside = core::move_aside(options.subscriber_dir(), {"own-log"}, why);
    if (!aside) return tl::unexpected(aside.error());
    core::log(core::Level::error,
              "the replica is damaged and was put aside: every log is loaded again",
              {{"why", why}, {"damaged", aside->string()}});
    return {};
}

Result<void> serve(core::Process& process) {
    const core::Options& options = process.options();
    std::vector<std::string> endpoints{options.subscriber.listen};
    for (const auto& hub : options.hubs) endpoints.push_back(hub.endpoint);
    for (const auto& peer : options.peers) endpoints.push_back(peer.endpoint);
    const auto keys = process.keys_for(endpoints);
    if (!keys) return tl::unexpected(keys.error());

    for (int rebuilds = 0;; ++rebuilds) {
        Result<void> done;
        if (auto replica = Replica::open(replica_options(options)); !replica) {
            done = tl::unexpected(replica.error());
        } else {
            done = replay(process, *keys, **replica);
        }
        if (done || done.error().code != Errc::corrupt || rebuilds == kRebuildsMost) return done;
        if (const auto aside = put_aside(options, done.error().message); !aside) return aside;
    }
}

}  // namespace

int main(int argc, char** argv) {
    return core::run_process(
        argc, argv, "subscriber",
        "Replays the logs of all stores into this store's replica and answers questions from it.",
        serve);
}
