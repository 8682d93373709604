#include <fmt/format.h>

#include <thread>

#include "bench/support/company.h"
#include "bench/support/figure.h"
#include "bench/support/logs.h"
#include "bench/support/retail.h"
#include "bench/support/stopwatch.h"
#include "bench/support/tills.h"
#include "bench/support/wire.h"

/// The whole way: publisher, tcp with CURVE, broker, tcp with CURVE, another store's replica; real
/// programs, every one of them durable before it acknowledges.
namespace filial::bench {
namespace {

using schema::Errc;
using schema::fail;
using schema::Result;

constexpr std::size_t kOperationsAtLeast = 150'000;
constexpr std::size_t kWireBlockEvents = 1'000;
constexpr std::size_t kLoaders = 8;
constexpr std::size_t kLoadersInFlight = 64;
constexpr double kGiveUpSeconds = 180;
/// Between two looks at the replica: small against a run, and large against an answer.
constexpr std::chrono::milliseconds kLookEvery{5};

const std::string kHead = "head";
const std::string kShop = "shop";
const std::string kAsker = "asker";

/// What the asker's replica has applied since it started.
Result<double> applied(Company& company) {
    const auto status = company.status(company.options(kAsker).subscriber_socket());
    if (!status) return tl::unexpected(status.error());
    return static_cast<double>(counter(*status, "events_applied").value_or(0));
}

/// Waits until the replica has applied `events`. Gives the events a second between the first look
/// that saw some and the one that saw all: how long the programs took to find each other is not
/// in it.
Result<double> catch_up_rate(Company& company, double events) {
    const Stopwatch watch;
    double first_at = -1;
    double first = 0;
    for (;;) {
        const auto now = applied(company);
        if (!now) return tl::unexpected(now.error());
        const double at = watch.seconds();
        if (*now >= events && first_at >= 0) return (*now - first) / (at - first_at);
        if (*now > 0 && first_at < 0) {
            first_at = at;
            first = *now;
        }
        if (at > kGiveUpSeconds) {
            return fail(Errc::timeout,
                        fmt::format("the replica has {} of {} events", *now, events));
        }
        std::this_thread::sleep_for(kLookEvery);
    }
}

Result<double> log_end(Company& company, const std::string& store) {
    const auto status = company.status(company.options(store).publisher_socket());
    if (!status) return tl::unexpected(status.error());
    return static_cast<double>(status->end);
}

/// The log of one busy store is there already; a broker and a replica that have nothing yet get it.
Result<void> catch_up(const Setup& setup, const std::vector<StoreTrade>& trade, Report& report) {
    const std::size_t passes = (kOperationsAtLeast + count(trade) - 1) / count(trade);
    const auto operations = as_one_shop(repeated(trade, passes), kShop);
    const auto wire_logs = make_logs({{kShop, operations}}, kWireBlockEvents);
    if (!wire_logs) return tl::unexpected(wire_logs.error());
    auto made = Company::make(setup, setup.work / "catch-up", kHead, {kShop, kAsker});
    if (!made) return tl::unexpected(made.error());
    Company& company = **made;
    if (const auto ok = company.start_publisher(kShop); !ok) return ok;
    const auto loaded = hand_in(company.options(kShop).publisher_socket(),
                                deal(receipts(operations), kLoaders), kLoadersInFlight);
    if (!loaded) return tl::unexpected(loaded.error());
    if (loaded->refused > 0) return fail(Errc::refused, loaded->refusal);
    const auto end = log_end(company, kShop);
    if (!end) return tl::unexpected(end.error());

    Row row;
    row.what = "catch-up of one store's log over a broker, CURVE";
    row.unit = "events/s";
    row.limit_name = "the wire alone, one hop, nothing kept";
    for (std::size_t i = 0; i < setup.rounds; ++i) {
        std::filesystem::remove_all(company.options(kAsker).subscriber_dir());
        std::filesystem::remove_all(company.options(kHead).broker_dir());
        if (const auto ok = company.start_subscriber(kAsker); !ok) return ok;
        if (const auto ok = company.start_broker(); !ok) return ok;
        const auto rate = catch_up_rate(company, *end);
        if (!rate) return tl::unexpected(rate.error());
        if (const auto ok = company.stop_broker(); !ok) return ok;
        if (const auto ok = company.stop_subscriber(kAsker); !ok) return ok;
        const auto wire = send_blocks(*wire_logs);
        if (!wire) return tl::unexpected(wire.error());
        row.reached.push_back(*rate);
        row.limit.push_back(static_cast<double>(wire_logs->events) / *wire);
    }
    report.fact("catch_up_events", *end);
    report.add(std::move(row));
    return company.stop_publisher(kShop);
}

/// All stores hand in their trade at once, as fast as they are answered; the clock stops when the
/// asker's replica has all of it.
Result<double> live_round(const Setup& setup, const std::vector<StoreTrade>& trade,
                          const std::filesystem::path& dir) {
    std::vector<std::string> stores{kAsker};
    for (const StoreTrade& store : trade) stores.push_back(store.store);
    auto made = Company::make(setup, dir, kHead, stores);
    if (!made) return tl::unexpected(made.error());
    Company& company = **made;
    auto ok = company.start_broker();
    if (ok) ok = company.start_subscriber(kAsker);
    for (const StoreTrade& store : trade) {
        if (ok) ok = company.start_publisher(store.store);
    }
    if (!ok) return tl::unexpected(ok.error());
    // Every log's first event has come: all lines stand.
    const auto opened = static_cast<double>(trade.size());
    for (const Stopwatch watch;;) {
        const auto there = applied(company);
        if (!there) return tl::unexpected(there.error());
        if (*there >= opened) break;
        if (watch.seconds() > kGiveUpSeconds) return fail(Errc::timeout, "not all lines stand");
        std::this_thread::sleep_for(kLookEvery);
    }
    std::vector<TillPlan> plans;
    for (const StoreTrade& store : trade) {
        plans.push_back(deal(receipts(store.operations), kLoaders));
    }
    std::vector<Result<TillRun>> runs(plans.size(), TillRun{});
    std::vector<std::thread> threads;
    const Stopwatch watch;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        threads.emplace_back([&, i] {
            runs[i] = hand_in(company.options(trade[i].store).publisher_socket(), plans[i],
                              kLoadersInFlight);
        });
    }
    for (std::thread& thread : threads) thread.join();
    double all = 0;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (!runs[i]) return tl::unexpected(runs[i].error());
        const auto end = log_end(company, trade[i].store);
        if (!end) return tl::unexpected(end.error());
        all += *end;
    }
    for (;;) {
        const auto now = applied(company);
        if (!now) return tl::unexpected(now.error());
        if (*now >= all) return all / watch.seconds();
        if (watch.seconds() > kGiveUpSeconds) {
            return fail(Errc::timeout, fmt::format("the replica has {} of {} events", *now, all));
        }
        std::this_thread::sleep_for(kLookEvery);
    }
}

Result<void> live(const Setup& setup, const std::vector<StoreTrade>& trade, Report& report) {
    Row row;
    row.what = fmt::format("{} stores hand in at once, until one replica has all", trade.size());
    row.unit = "events/s";
    for (std::size_t i = 0; i < setup.rounds; ++i) {
        const auto dir = setup.work / fmt::format("live-{}", i);
        const auto rate = live_round(setup, trade, dir);
        if (!rate) return tl::unexpected(rate.error());
        std::error_code ignored;
        std::filesystem::remove_all(dir, ignored);
        row.reached.push_back(*rate);
    }
    report.fact("live_operations", count(trade));
    report.add(std::move(row));
    return {};
}

Result<void> pipeline(const Setup& setup, Report& report) {
    const auto trade = read_trade(setup.data);
    if (!trade) return tl::unexpected(trade.error());
    if (const auto ok = catch_up(setup, *trade, report); !ok) return fail("catch-up", ok.error());
    if (const auto ok = live(setup, *trade, report); !ok) return fail("live", ok.error());
    return {};
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(
        argc, argv, "bench-pipeline",
        "Events a second from publisher over broker to another store's replica, with CURVE.", 3,
        filial::bench::pipeline);
}
