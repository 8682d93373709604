#include <fmt/format.h>

#include <numeric>

#include "bench/support/figure.h"
#include "bench/support/replays.h"
#include "bench/support/retail.h"

/// Replay: how many events a second a replica takes from the logs of all stores, in synced blocks
/// of 1,000; held against RocksDB itself writing one put an event in synced batches of 1,000, and
/// against the very WriteBatches that the replica commits.
namespace filial::bench {
namespace {

using schema::Result;

constexpr std::size_t kBlockEvents = 1'000;
constexpr double kRatioAtLeast = 0.6;
/// Fewer events are over before a disk's mood shows: short data is repeated up to about this.
constexpr std::size_t kOperationsAtLeast = 300'000;

/// Of each round.
struct Measured {
    std::vector<double> rate;       ///< Events a second.
    std::vector<double> processor;  ///< Microseconds an event, of all threads.
};
struct AllMeasured {
    Measured replica, by_record, by_position, by_defaults, batches;
};

Result<void> round(const Setup& setup, const Logs& logs, const std::vector<Put>& by_record,
                   const std::vector<Put>& by_position, const std::vector<std::string>& batches,
                   AllMeasured& all) {
    const auto events = static_cast<double>(logs.events);
    const auto dir = setup.work / "replay";
    const auto keep = [&](Measured& to, const Result<Spent>& spent) -> Result<void> {
        if (!spent) return tl::unexpected(spent.error());
        to.rate.push_back(events / spent->seconds);
        to.processor.push_back(spent->processor / events * 1e6);
        return {};
    };
    auto ok = keep(all.replica, replay_logs(dir, logs));
    if (ok) {
        ok = keep(all.by_record, replay_puts(dir, by_record, kBlockEvents, Tuning::replica));
    }
    if (ok) ok = keep(all.batches, replay_batches(dir, batches));
    if (ok) {
        ok = keep(all.by_position, replay_puts(dir, by_position, kBlockEvents, Tuning::replica));
    }
    if (ok) {
        ok = keep(all.by_defaults, replay_puts(dir, by_record, kBlockEvents, Tuning::defaults));
    }
    return ok;
}

Result<void> replay(const Setup& setup, Report& report) {
    auto trade = read_trade(setup.data);
    if (!trade) return tl::unexpected(trade.error());
    const std::size_t passes = (kOperationsAtLeast + count(*trade) - 1) / count(*trade);
    const auto logs = make_logs(repeated(*trade, passes), kBlockEvents);
    if (!logs) return tl::unexpected(logs.error());
    const auto by_record = puts_by_record(*logs);
    if (!by_record) return tl::unexpected(by_record.error());
    const auto by_position = puts_by_position(*logs);
    const auto batches = committed_batches(setup.work / "replay", *logs);
    if (!batches) return tl::unexpected(batches.error());
    const std::size_t bytes = std::accumulate(
        batches->begin(), batches->end(), std::size_t{0},
        [](std::size_t sum, const std::string& batch) { return sum + batch.size(); });
    report.fact("events", logs->events);
    report.fact("blocks", logs->blocks.size());
    report.fact("stores", trade->size());
    report.fact("passes", passes);
    report.fact("committed_bytes", bytes);

    AllMeasured all;
    for (std::size_t i = 0; i < setup.rounds; ++i) {
        const auto ok = round(setup, *logs, *by_record, by_position, *batches, all);
        if (!ok) return ok;
    }
    const auto row = [&](std::string limit_name, const Measured& limit) {
        Row one;
        one.what = "replay in blocks of 1,000";
        one.unit = "events/s";
        one.reached = all.replica.rate;
        one.limit_name = std::move(limit_name);
        one.limit = limit.rate;
        one.beside = {{"processor us an event", all.replica.processor},
                      {"the limit's", limit.processor}};
        return one;
    };
    Row first = row("RocksDB, one put an event, the replica's keys and options", all.by_record);
    first.ratio_at_least = kRatioAtLeast;
    report.add(std::move(first));
    report.add(row("RocksDB, the very WriteBatches committed", all.batches));
    report.add(row("RocksDB, one put an event, whole events by position", all.by_position));
    report.add(row("RocksDB, one put an event, its own default options", all.by_defaults));
    report.note(
        fmt::format("{} stores, {} times over; blocks of fewer than 1,000 events: the last "
                    "of each store; every write synced",
                    trade->size(), passes));
    return {};
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(
        argc, argv, "bench-replay",
        "Replay of all stores' logs into a replica, against RocksDB itself.", 5,
        filial::bench::replay);
}
