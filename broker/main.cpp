#include "broker/broker.h"
#include "core/journal/rocks_journal.h"
#include "core/process.h"

namespace {

using filial::broker::Broker;
using filial::schema::Result;

Result<void> serve(filial::core::Process& process) {
    const filial::core::Options& options = process.options();
    if (options.broker.listen.empty()) {
        return filial::schema::fail(filial::schema::Errc::invalid,
                                    "broker.listen is not set: say where stores reach this broker, "
                                    "such as \"tcp://0.0.0.0:7711\"");
    }
    std::vector<std::string> endpoints{options.broker.listen};
    for (const auto& hub : options.hubs) endpoints.push_back(hub.endpoint);
    const auto keys = process.keys_for(endpoints);
    if (!keys) return tl::unexpected(keys.error());

    filial::core::JournalOptions journal_options;
    journal_options.dir = options.broker_dir();
    journal_options.memtable_bytes = 16 << 20;
    journal_options.cache_bytes = 32 << 20;
    journal_options.free_bytes_floor = options.disk_reserve_bytes;
    auto journal = filial::core::RocksJournal::open(journal_options);
    if (!journal) return tl::unexpected(journal.error());
    auto broker = Broker::open(**journal, process.clock(), options.store, &process.allow());
    if (!broker) return tl::unexpected(broker.error());

    filial::core::Self self{options.store, "broker", {}, {}};
    filial::core::Exchange exchange(**broker, process.clock(), process.network(), &process.allow(),
                                    *keys, self);
    if (const auto ok = (*broker)->attach(exchange); !ok) return ok;
    if (const auto ok = exchange.listen(options.broker_socket()); !ok) return ok;
    if (const auto ok = exchange.listen(options.broker.listen); !ok) return ok;
    for (const auto& hub : options.hubs) {
        if (const auto ok = exchange.dial(hub, "broker"); !ok) return ok;
    }
    return process.run(exchange);
}

}  // namespace

int main(int argc, char** argv) {
    return filial::core::run_process(
        argc, argv, "broker",
        "Receives the logs of all stores, keeps them, and sends them on to whoever may have them.",
        serve);
}
