#include "publisher/lives.h"

#include <thread>

#include "core/disk_text.h"
#include "core/journal/journal_repair.h"
#include "core/journal/rocks_journal.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/process.h"
#include "core/quarantine.h"
#include "publisher/log_repair.h"
#include "publisher/publisher.h"
#include "publisher/rejoiner.h"

namespace filial::publisher {

using core::BootTime;
using core::Options;
using core::Process;
using core::Quarantine;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// ZeroMQ gives a tcp port back a moment after its socket was closed.
constexpr auto kPortFreeWithin = std::chrono::seconds(5);
constexpr auto kPortTriedEvery = std::chrono::milliseconds(20);

/// How a life of the process ended: for good, or because the log's life began or ended.
enum class End { stopped, changed };

/// Repairs of one run: what is damaged again and again is for a person, and for the next start.
constexpr int kRepairsMost = 3;

core::JournalOptions journal_options(const Options& options) {
    core::JournalOptions journal;
    journal.dir = options.publisher_dir();
    journal.witness_of = options.store.value();
    journal.free_bytes_floor = options.disk_reserve_bytes;
    return journal;
}

/// `again`: not the first life of this process.
Result<void> listen_and_dial(const Options& options, core::Exchange& exchange, bool again) {
    if (const auto ok = exchange.listen(options.publisher_socket()); !ok) return ok;
    if (!options.publisher.listen.empty()) {
        auto bound = exchange.listen(options.publisher.listen);
        const auto until = std::chrono::steady_clock::now() + kPortFreeWithin;
        while (!bound && again && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(kPortTriedEvery);
            bound = exchange.listen(options.publisher.listen);
        }
        if (!bound) return bound;
    }
    for (const auto& hub : options.hubs) {
        if (const auto ok = exchange.dial(hub, "publisher"); !ok) return ok;
    }
    return {};
}

Result<void> begin_quarantine(const Options& options, const std::string& why) {
    core::log(core::Level::error,
              "the log may have gone on elsewhere: nothing is booked here until head "
              "office has readmitted this machine",
              {{"why", why}});
    return write_quarantine(options.data, core::begin_quarantine(options.store, why));
}

/// A folder that was made here, or nothing to ask about: only brokers can lift a quarantine.
Result<void> look_at_machine(const Options& options) {
    if (options.hubs.empty()) return {};
    const auto differs = core::check_machine(options.data);
    if (!differs) return tl::unexpected(differs.error());
    if (differs->empty()) return {};
    if (!std::filesystem::exists(options.publisher_dir())) {
        return core::note_machine(options.data);
    }
    return begin_quarantine(options, "of the store's folder: " + *differs);
}

/// Ordinary days, until the process is to end or the log turns out to have gone on elsewhere.
Result<End> trade(Process& process, const core::Keys* keys, bool again) {
    const Options& options = process.options();
    if (const auto asked = core::repair_asked(options.publisher_dir())) {
        return fail(Errc::corrupt, *asked);
    }
    auto journal = core::RocksJournal::open(journal_options(options));
    if (!journal) return tl::unexpected(journal.error());
    auto publisher = Publisher::open(options, **journal, process.clock(), &process.allow());
    if (!publisher) return tl::unexpected(publisher.error());
    (*publisher)->copies([&](const std::filesystem::path& folder) {
        return (*journal)->copy_to(folder);
    });

    const core::Self self{options.store, "publisher", (*publisher)->epoch(),
                          (*publisher)->incarnation()};
    core::Exchange exchange(**publisher, process.clock(), process.network(), &process.allow(), keys,
                            self);
    core::Asker replica(process.network(), process.clock(), options.subscriber_socket());
    ExchangeLegs legs(exchange, replica);
    (*publisher)->attach(legs);
    if (const auto ok = listen_and_dial(options, exchange, again); !ok)
        return tl::unexpected(ok.error());
    const auto ticked = process.run(
        exchange, [&](BootTime now) { return (*journal)->tick(now); },
        [&] { return (*publisher)->over().has_value(); });
    if (!ticked) return tl::unexpected(ticked.error());
    if (const auto ok = (*journal)->witness(); !ok) return tl::unexpected(ok.error());
    if (!(*publisher)->over()) return End::stopped;
    const auto begun = begin_quarantine(options, *(*publisher)->over());
    if (!begun) return tl::unexpected(begun.error());
    return End::changed;
}

/// A log that was set aside makes room for the one that the brokers hold; done again after a crash.
Result<void> move_aside(const Options& options, const Quarantine& quarantine) {
    for (const std::string& name : quarantine.aside) {
        std::error_code error;
        if (std::filesystem::exists(options.data / name, error)) continue;
        if (!std::filesystem::exists(options.publisher_dir(), error)) continue;
        std::filesystem::rename(options.publisher_dir(), options.data / name, error);
        if (error) {
            return fail(Errc::io,
                        "set " + options.publisher_dir().string() + " aside: " + error.message());
        }
    }
    return core::sync_folder(options.data);
}

Result<void> set_aside(const Options& options, Quarantine quarantine, const std::string& why) {
    int number = 1;
    const auto name = [&] { return "publisher.aside-" + std::to_string(number); };
    while (std::filesystem::exists(options.data / name())) ++number;
    quarantine.aside.push_back(name());
    core::log(core::Level::warn,
              "the log here is not the one that the brokers hold; it is kept apart",
              {{"folder", (options.data / name()).string()}, {"why", why}});
    return write_quarantine(options.data, quarantine);
}

/// In quarantine: until head office has readmitted this machine and its log is whole.
Result<End> rejoin(Process& process, const core::Keys* keys, const Quarantine& quarantine,
                   bool again) {
    const Options& options = process.options();
    if (const auto ok = move_aside(options, quarantine); !ok) return tl::unexpected(ok.error());
    auto journal = core::RocksJournal::open(journal_options(options));
    // What is damaged would have to speak as the life that may be over: the brokers have it anew.
    if (!journal && journal.error().code == Errc::corrupt) {
        const auto ok = set_aside(options, quarantine, journal.error().message);
        return ok ? Result<End>(End::changed) : tl::unexpected(ok.error());
    }
    if (!journal) return tl::unexpected(journal.error());
    const auto head = (*journal)->head(options.store);
    const auto lift = [&]() -> Result<End> {
        if (const auto ok = core::note_machine(options.data); !ok) {
            return tl::unexpected(ok.error());
        }
        const auto lifted = core::lift_quarantine(options.data);
        if (!lifted) return tl::unexpected(lifted.error());
        return End::changed;
    };
    // A crash came between the new epoch and this.
    if (head && head->incarnation == quarantine.incarnation) return lift();

    Rejoiner rejoiner(options, **journal, process.clock(), quarantine);
    const core::Self self{options.store, "publisher", {}, quarantine.incarnation};
    core::Exchange exchange(rejoiner, process.clock(), process.network(), &process.allow(), keys,
                            self);
    rejoiner.attach(exchange);
    if (const auto ok = listen_and_dial(options, exchange, again); !ok)
        return tl::unexpected(ok.error());
    const auto ticked = process.run(
        exchange, [&](BootTime now) { return (*journal)->tick(now); },
        [&] { return rejoiner.outcome() != Rejoiner::Outcome::going_on; });
    if (!ticked) return tl::unexpected(ticked.error());
    if (const auto ok = (*journal)->witness(); !ok) return tl::unexpected(ok.error());
    switch (rejoiner.outcome()) {
        case Rejoiner::Outcome::going_on:
            return End::stopped;
        case Rejoiner::Outcome::readmitted:
            return lift();
        case Rejoiner::Outcome::set_aside:
            break;
    }
    const auto ok = set_aside(options, quarantine, rejoiner.why());
    if (!ok) return tl::unexpected(ok.error());
    return End::changed;
}

/// Until the log is whole again, or a signal asks for the end.
Result<void> repair(Process& process, const core::Keys* keys, const std::string& why, bool again) {
    const Options& options = process.options();
    core::log(core::Level::error, "the journal is damaged and is repaired", {{"why", why}});
    auto repair = LogRepair::open(options, journal_options(options), process.clock(), why);
    if (!repair) return tl::unexpected(repair.error());
    {
        const core::Self self{options.store, "publisher", (*repair)->own_epoch(),
                              (*repair)->own_incarnation()};
        core::Exchange exchange(**repair, process.clock(), process.network(), &process.allow(),
                                keys, self);
        (*repair)->attach(exchange);
        if (const auto ok = listen_and_dial(options, exchange, again); !ok) return ok;
        const auto run = process.run(exchange, {}, [&] { return (*repair)->done(); });
        if (!run) return run;
    }
    return (*repair)->done() ? (*repair)->finish() : Result<void>{};
}

}  // namespace

Result<void> serve(Process& process) {
    const Options& options = process.options();
    std::vector<std::string> endpoints{options.publisher.listen};
    for (const auto& hub : options.hubs) endpoints.push_back(hub.endpoint);
    const auto keys = process.keys_for(endpoints);
    if (!keys) return tl::unexpected(keys.error());
    int repairs = 0;
    for (bool again = false;; again = true) {
        auto quarantine = core::read_quarantine(options.data);
        if (quarantine && !*quarantine) {
            if (const auto ok = look_at_machine(options); !ok) return ok;
            quarantine = core::read_quarantine(options.data);
        }
        if (!quarantine) return tl::unexpected(quarantine.error());
        if (*quarantine && (*quarantine)->store != options.store) {
            return fail(Errc::invalid, "the quarantine in " + options.data.string() + " is of " +
                                           (*quarantine)->store.value() +
                                           ": this folder is another store's");
        }
        const auto end = *quarantine ? rejoin(process, *keys, **quarantine, again)
                                     : trade(process, *keys, again);
        if (end && *end == End::stopped) return {};
        if (end) continue;
        const bool mends = end.error().code == Errc::corrupt && repairs < kRepairsMost;
        if (!mends || *quarantine) return tl::unexpected(end.error());
        ++repairs;
        const auto repaired = repair(process, *keys, end.error().message, again);
        if (!repaired) return repaired;
        if (process.stop_requested()) return {};
    }
}

}  // namespace filial::publisher
