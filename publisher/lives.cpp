#include "publisher/lives.h"

#include <thread>

#include "core/disk_text.h"
#include "core/journal/journal_repair.h"
#include "core/journal/rocks_journal.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/process.h"
#include "core/quarantine.h"
#include "publisher/log_place.h"
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

/// The folder of the publisher's log.
class LogFolder : public LogPlace {
  public:
    explicit LogFolder(const Options& options) : options_(options) {}

    bool taken(const std::string& name) const override {
        return std::filesystem::exists(options_.data / name);
    }
    Result<void> move_aside(const std::string& name) override {
        std::error_code error;
        if (!std::filesystem::exists(options_.publisher_dir(), error)) return {};
        std::filesystem::rename(options_.publisher_dir(), options_.data / name, error);
        if (error) {
            return fail(Errc::io,
                        "set " + options_.publisher_dir().string() + " aside: " + error.message());
        }
        return {};
    }

  private:
    const Options& options_;
};

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
    const auto quarantine = unlifted(options, **journal);
    if (!quarantine) return tl::unexpected(quarantine.error());
    if (*quarantine) return End::changed;
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
    (*publisher)->settle();
    if (!ticked) return tl::unexpected(ticked.error());
    if (const auto ok = (*journal)->witness(); !ok) return tl::unexpected(ok.error());
    if (!(*publisher)->over()) return End::stopped;
    const auto begun = begin_quarantine(options, *(*publisher)->over());
    if (!begun) return tl::unexpected(begun.error());
    return End::changed;
}

/// In quarantine: until head office has readmitted this machine and its log is whole.
Result<End> rejoin(Process& process, const core::Keys* keys, const Quarantine& quarantine,
                   bool again) {
    const Options& options = process.options();
    LogFolder folder(options);
    auto room = make_room(quarantine, folder);
    if (room) room = core::sync_folder(options.data);
    if (!room) return tl::unexpected(room.error());
    auto journal = core::RocksJournal::open(journal_options(options));
    // What is damaged would have to speak as the life that may be over: the brokers have it anew.
    if (!journal && journal.error().code == Errc::corrupt) {
        const auto ok = set_aside(options, folder, quarantine, journal.error().message);
        return ok ? Result<End>(End::changed) : tl::unexpected(ok.error());
    }
    if (!journal) return tl::unexpected(journal.error());
    const auto lift = [&]() -> Result<End> {
        if (const auto ok = core::note_machine(options.data); !ok) {
            return tl::unexpected(ok.error());
        }
        const auto lifted = core::lift_quarantine(options.data);
        if (!lifted) return tl::unexpected(lifted.error());
        return End::changed;
    };
    // A crash came between the new epoch and this.
    if (readmitted(**journal, quarantine)) return lift();

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
    const auto ok = set_aside(options, folder, quarantine, rejoiner.why());
    if (!ok) return tl::unexpected(ok.error());
    return End::changed;
}

/// Until the log is whole again, or a signal asks for the end.
Result<void> repair(Process& process, const core::Keys* keys, const std::string& why, bool again) {
    const Options& options = process.options();
    core::log(core::Level::error, "the journal is damaged and is repaired", {{"why", why}});
    auto damaged = core::JournalRepair::open(journal_options(options));
    if (!damaged) return fail("repair the log of " + options.store.value(), damaged.error());
    LogRepair repair(options, std::move(*damaged), process.clock(), why);
    {
        const core::Self self{options.store, "publisher", repair.own_epoch(),
                              repair.own_incarnation()};
        core::Exchange exchange(repair, process.clock(), process.network(), &process.allow(), keys,
                                self);
        repair.attach(exchange);
        if (const auto ok = listen_and_dial(options, exchange, again); !ok) return ok;
        const auto run = process.run(exchange, {}, [&] { return repair.done(); });
        if (!run) return run;
    }
    return repair.done() ? repair.finish() : Result<void>{};
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
