#include <fmt/format.h>

#include <thread>

#include "bench/support/coder_speed.h"
#include "bench/support/company.h"
#include "bench/support/figure.h"
#include "bench/support/filled.h"
#include "bench/support/market_day.h"
#include "bench/support/relay.h"
#include "bench/support/stopwatch.h"
#include "bench/support/tills.h"

/// What a trading day costs on a dear line, byte by byte: real programs, CURVE, and a line between
/// them that counts everything.
namespace filial::bench {
namespace {

using schema::Errc;
using schema::fail;
using schema::Result;
using schema::StoreId;

const std::string kDate = "2011-06-30";  // The median day of the data.
const std::string kHead = "head";
const std::string kOffice = "office";
constexpr double kGiveUpSeconds = 300;
constexpr std::chrono::milliseconds kLookEvery{50};
/// A line on which nothing moved for so long is idle: every confirmation has gone.
constexpr double kQuietSeconds = 4;
constexpr std::uint64_t kBlockEvents = 128;
constexpr int kIdleSeconds = 600;
constexpr std::size_t kInFlight = 64;

/// What one call came to.
struct Call {
    Traffic all;
    Traffic greeting;
    std::int64_t payload = 0;
    std::int64_t blocks = 0;
};

Result<schema::Status> status(Company& company, const std::string& endpoint) {
    auto said = company.status(endpoint);
    if (!said) return tl::unexpected(said.error());
    return *said;
}

/// Until `done` says so, and nothing has moved on the line for kQuietSeconds.
Result<void> until(const Relay* line, const std::function<Result<bool>()>& done,
                   const std::string& what) {
    const Stopwatch watch;
    double moved = 0;
    std::uint64_t bytes = 0;
    for (;;) {
        const auto is = done();
        if (!is) return tl::unexpected(is.error());
        const std::uint64_t now = line != nullptr ? line->traffic().bytes : 0;
        if (!*is || now != bytes) moved = watch.seconds();
        bytes = now;
        if (watch.seconds() - moved >= (line != nullptr ? kQuietSeconds : 0.2)) return {};
        if (watch.seconds() > kGiveUpSeconds) return fail(Errc::timeout, what);
        std::this_thread::sleep_for(kLookEvery);
    }
}

// --- Thirteen logs from the broker to one receiver --------------------------------------------

std::int64_t counted(const schema::Status& status, std::string_view name) {
    return counter(status, name).value_or(0);
}

Result<Call> fetch_day(Company& company, const MarketDay& day, std::uint64_t block_events,
                       Relay& line) {
    if (const auto ok = company.over_dear_line(kOffice, line.port(), block_events); !ok) {
        return tl::unexpected(ok.error());
    }
    const core::Options& office = company.options(kOffice);
    const auto kept = office.subscriber_dir().parent_path() / "kept";
    std::filesystem::remove_all(office.subscriber_dir());
    std::filesystem::copy(kept, office.subscriber_dir(), std::filesystem::copy_options::recursive);
    std::uint64_t events = 0;
    for (const DayLog& log : day.logs) events += log.end.value() - log.night.value();

    const std::string broker = company.options(kHead).broker_socket();
    const auto before = status(company, broker);
    if (!before) return tl::unexpected(before.error());
    line.open();
    if (const auto ok = company.start_subscriber(kOffice); !ok) return tl::unexpected(ok.error());
    const auto all_here = [&]() -> Result<bool> {
        const auto now = status(company, office.subscriber_socket());
        if (!now) return tl::unexpected(now.error());
        return counted(*now, "events_applied") >= static_cast<std::int64_t>(events);
    };
    const auto done = until(&line, all_here, "the receiver does not get the whole day");
    Call call;
    call.all = line.traffic();
    call.greeting = line.greeting().value_or(Traffic{});
    const auto after = status(company, broker);
    line.cut();
    auto ok = company.stop_subscriber(kOffice);
    if (ok && !done) ok = done;
    if (!ok) return tl::unexpected(ok.error());
    if (!after) return tl::unexpected(after.error());
    call.payload = counted(*after, "block_bytes_out") - counted(*before, "block_bytes_out");
    call.blocks = counted(*after, "blocks_out") - counted(*before, "blocks_out");
    return call;
}

Row bytes_row(const std::string& what, double bytes, double operations, double most) {
    Row row;
    row.what = what;
    row.unit = "bytes an operation";
    row.reached = {bytes / operations};
    row.limit_name = "at most";
    row.limit = {most};
    row.less_is_better = true;
    row.ratio_at_least = 1.0;
    return row;
}

Result<void> receive(const Setup& setup, const MarketDay& day, Report& report) {
    auto made = Company::make(setup, setup.work / "receive", kHead, {kOffice});
    if (!made) return tl::unexpected(made.error());
    Company& company = **made;
    if (const auto ok = fill_broker(company.options(kHead), day); !ok) return ok;
    if (const auto ok = fill_replica(company.options(kOffice), day); !ok) return ok;
    const auto folder = company.options(kOffice).subscriber_dir();
    std::filesystem::rename(folder, folder.parent_path() / "kept");
    const std::string endpoint = company.options(kHead).broker.listen;
    auto line = Relay::make(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    if (!line) return tl::unexpected(line.error());
    if (const auto ok = company.start_broker(); !ok) return ok;

    const auto small = fetch_day(company, day, kBlockEvents, **line);
    if (!small) return tl::unexpected(small.error());
    const auto whole = fetch_day(company, day, 0, **line);
    if (!whole) return tl::unexpected(whole.error());
    const auto operations = static_cast<double>(day.operations);
    const auto greeting = static_cast<double>(small->greeting.on_the_wire());
    report.fact("operations", day.operations);
    report.fact("blocks_of_128", small->blocks);
    report.fact("blocks_one_call", whole->blocks);
    report.add(bytes_row("(a) payload, thirteen logs in blocks of at most 128",
                         static_cast<double>(small->payload), operations, 4.5));
    report.add(bytes_row("(b) everything on the interface, both directions, the same",
                         static_cast<double>(small->all.on_the_wire()) - greeting, operations,
                         6.5));
    report.add(bytes_row("(b) one call for the whole day, greeting included",
                         static_cast<double>(whole->all.on_the_wire()), operations, 6.0));
    Row packed = bytes_row("beside them: bzip2 -9 of the day's JSON lines, one file",
                           static_cast<double>(day.bzip2_all), operations, 0);
    packed.limit.clear();
    packed.limit_name.clear();
    packed.ratio_at_least.reset();
    report.add(std::move(packed));
    report.note(
        fmt::format("(c) greeting, of TCP, CURVE and our own: {} bytes. The call of {} blocks "
                    "took {} bytes in {} segments, the one of {} took {} in {}. Counted by "
                    "the kernel at a relay on the line, with 52 bytes a segment for IPv4 "
                    "and TCP.",
                    small->greeting.on_the_wire(), small->blocks, small->all.bytes,
                    small->all.segments, whole->blocks, whole->all.bytes, whole->all.segments));
    return company.stop_broker();
}

// --- One store's own day to the broker ----------------------------------------------------------

/// How far the broker has this log.
Result<std::uint64_t> held(Company& company, const std::string& store) {
    const auto said = status(company, company.options(kHead).broker_socket());
    if (!said) return tl::unexpected(said.error());
    for (const schema::Leg& leg : said->legs) {
        if (leg.direction == "in" && leg.origin == store) return leg.position;
    }
    return 0;
}

Result<void> hand_in_all(Company& company, const StoreTrade& trade, const std::string& name) {
    const auto run = hand_in(company.options(trade.store).publisher_socket(),
                             deal(one_by_one(trade.operations), 1, name), kInFlight);
    if (!run) return tl::unexpected(run.error());
    if (run->refused > 0) return fail(Errc::refused, run->refusal);
    return {};
}

Result<bool> broker_has_all(Company& company, const std::string& store) {
    const auto own = status(company, company.options(store).publisher_socket());
    if (!own) return tl::unexpected(own.error());
    const auto there = held(company, store);
    if (!there) return tl::unexpected(there.error());
    return *there >= own->end;
}

Result<Traffic> upload(const Setup& setup, const StoreTrade& before, const StoreTrade& trade) {
    const std::string& store = trade.store;
    auto made = Company::make(setup, setup.work / ("up-" + store), kHead, {store});
    if (!made) return tl::unexpected(made.error());
    Company& company = **made;
    const auto has_all = [&] { return broker_has_all(company, store); };
    auto ok = company.start_broker();
    if (ok) ok = company.start_publisher(store);
    if (ok) ok = hand_in_all(company, before, "before");
    if (ok) ok = until(nullptr, has_all, "the broker does not get the days before");
    if (ok) ok = company.stop_publisher(store);
    if (!ok) return tl::unexpected(ok.error());

    const std::string endpoint = company.options(kHead).broker.listen;
    auto line = Relay::make(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    if (!line) return tl::unexpected(line.error());
    ok = company.over_dear_line(store, (*line)->port(), 0);
    if (ok) ok = company.start_publisher(store);
    if (ok) ok = hand_in_all(company, trade, "day");
    (*line)->open();
    if (ok) ok = until(line->get(), has_all, "the broker does not get the day");
    const Traffic traffic = (*line)->traffic();
    (*line)->cut();
    if (ok) ok = company.stop_publisher(store);
    if (ok) ok = company.stop_broker();
    if (!ok) return tl::unexpected(ok.error());
    return traffic;
}

Result<void> send(const Setup& setup, const MarketDay& day, Report& report) {
    for (std::size_t i = 0; i < day.trade.size(); ++i) {
        const std::string& store = day.trade[i].store;
        const auto traffic = upload(setup, day.before[i], day.trade[i]);
        if (!traffic) return tl::unexpected(traffic.error());
        Row row;
        row.what = fmt::format("{}: its own {} operations to the broker in one call", store,
                               day.trade[i].operations.size());
        row.unit = "bytes";
        row.reached = {static_cast<double>(traffic->on_the_wire())};
        row.limit_name = "at most bzip2 -9 of its lines and 2,500";
        row.limit = {static_cast<double>(day.bzip2_own.at(store)) + 2'500};
        row.less_is_better = true;
        row.ratio_at_least = 1.0;
        report.add(std::move(row));
    }
    return {};
}

// --- Idle ---------------------------------------------------------------------------------------

/// All stores stand and mark, and nothing is sold.
Result<void> idle(const Setup& setup, const MarketDay& day, Report& report) {
    std::vector<std::string> stores;
    for (const StoreTrade& store : day.trade) stores.push_back(store.store);
    std::vector<std::string> all = stores;
    all.push_back(kOffice);
    auto made = Company::make(setup, setup.work / "idle", kHead, all);
    if (!made) return tl::unexpected(made.error());
    Company& company = **made;
    const std::string endpoint = company.options(kHead).broker.listen;
    auto line = Relay::make(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    if (!line) return tl::unexpected(line.error());
    auto ok = company.over_dear_line(kOffice, (*line)->port(), 0);
    if (ok) ok = company.start_broker();
    for (const std::string& store : stores) {
        if (ok) ok = company.start_publisher(store);
        if (ok) ok = company.start_subscriber(store);
    }
    (*line)->open();
    if (ok) ok = company.start_subscriber(kOffice);
    if (ok)
        ok = until(
            line->get(), [] { return Result<bool>(true); }, "the line is never idle");
    if (!ok) return ok;
    const Traffic before = (*line)->traffic();
    std::this_thread::sleep_for(std::chrono::seconds(kIdleSeconds));
    const Traffic spent = (*line)->traffic() - before;
    Row row;
    row.what = "(d) an idle leg, thirteen stores that mark";
    row.unit = "bytes an hour";
    row.reached = {static_cast<double>(spent.on_the_wire()) * 3'600 / kIdleSeconds};
    row.limit_name = "at most";
    row.limit = {20'000};
    row.less_is_better = true;
    row.ratio_at_least = 1.0;
    report.add(std::move(row));
    report.note(fmt::format("(d) is extrapolated from {} seconds: {} bytes in {} segments.",
                            kIdleSeconds, spent.bytes, spent.segments));
    return {};
}

Result<void> line(const Setup& setup, Report& report) {
    const auto day = read_day(setup.data, kDate, setup.work / "day");
    if (!day) return tl::unexpected(day.error());
    report.fact("date", day->date);
    auto ok = coder_speed(setup, *day, report);
    if (ok) ok = receive(setup, *day, report);
    if (ok) ok = send(setup, *day, report);
    if (ok) ok = idle(setup, *day, report);
    return ok;
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(
        argc, argv, "line",
        "What a trading day costs on a slow line: bytes on the interface, and an idle line's.", 3,
        filial::bench::line);
}
