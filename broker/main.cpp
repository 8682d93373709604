#include "broker/broker.h"
#include "broker/life.h"
#include "broker/rebuild.h"
#include "core/journal/journal_repair.h"
#include "core/journal/rocks_journal.h"
#include "core/process.h"

namespace {

namespace core = filial::core;
using filial::broker::Broker;
using filial::schema::Errc;
using filial::schema::Result;

/// Repairs of one run: what is damaged again and again is for a person, and for the next start.
constexpr int kRepairsMost = 3;

Result<void> relay(core::Process& process, const core::Keys* keys, core::RocksJournal& journal) {
    const core::Options& options = process.options();
    auto broker = Broker::open(
        journal, process.clock(), options.store, &process.allow(), options.scrub_every_us,
        {options.broker.keep_us, options.broker.tap_keep_us, options.broker.tap_quota_bytes});
    if (!broker) return tl::unexpected(broker.error());
    const auto life = filial::broker::life_of(journal);
    if (!life) return tl::unexpected(life.error());
    core::Self self{options.store, "broker", {}, *life};
    core::Exchange exchange(**broker, process.clock(), process.network(), &process.allow(), keys,
                            self);
    if (const auto ok = (*broker)->attach(exchange); !ok) return ok;
    if (const auto ok = exchange.listen(options.broker_socket()); !ok) return ok;
    if (const auto ok = exchange.listen(options.broker.listen); !ok) return ok;
    for (const auto& hub : options.hubs) {
        if (const auto ok = exchange.dial(hub, "broker"); !ok) return ok;
    }
    return process.run(exchange);
}

Result<void> serve(core::Process& process) {
    const core::Options& options = process.options();
    if (options.broker.listen.empty()) {
        return filial::schema::fail(Errc::invalid,
                                    "broker.listen is not set: say where stores reach this broker, "
                                    "such as \"tcp://0.0.0.0:7711\"");
    }
    std::vector<std::string> endpoints{options.broker.listen};
    for (const auto& hub : options.hubs) endpoints.push_back(hub.endpoint);
    const auto keys = process.keys_for(endpoints);
    if (!keys) return tl::unexpected(keys.error());

    core::JournalOptions journal_options;
    journal_options.dir = options.broker_dir();
    journal_options.memtable_bytes = 16 << 20;
    journal_options.cache_bytes = 32 << 20;
    journal_options.free_bytes_floor = options.disk_reserve_bytes;
    for (int repairs = 0;; ++repairs) {
        Result<void> done;
        const auto asked = core::repair_asked(options.broker_dir());
        if (asked) {
            done = filial::schema::fail(Errc::corrupt, *asked);
        } else if (auto journal = core::RocksJournal::open(journal_options); !journal) {
            done = tl::unexpected(journal.error());
        } else {
            done = relay(process, *keys, **journal);
        }
        if (done || done.error().code != Errc::corrupt || repairs == kRepairsMost) return done;
        auto damaged = core::JournalRepair::open(journal_options);
        if (!damaged) return filial::schema::fail("repair the broker's logs", damaged.error());
        const auto rebuilt = filial::broker::rebuild_journal(
            **damaged, done.error().message, [&] { return process.stop_requested(); });
        if (!rebuilt || process.stop_requested()) return rebuilt;
    }
}

}  // namespace

int main(int argc, char** argv) {
    return core::run_process(
        argc, argv, "broker",
        "Receives the logs of all stores, keeps them, and sends them on to whoever may have them.",
        serve);
}
