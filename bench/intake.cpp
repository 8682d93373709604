#include <fmt/format.h>

#include <numeric>

#include "bench/support/company.h"
#include "bench/support/figure.h"
#include "bench/support/plain_file.h"
#include "bench/support/recorded.h"
#include "bench/support/retail.h"
#include "bench/support/tills.h"

/// Durable intake: how many events a second one publisher takes from many clients, each answered
/// after its fsync; held against appending the very same groups to a plain file with one fdatasync
/// each.
namespace filial::bench {
namespace {

using schema::Errc;
using schema::fail;
using schema::Result;

constexpr std::size_t kClients = 64;
constexpr double kRatioAtLeast = 0.3;
constexpr double kGroupAtLeast = 32;
const std::string kShop = "shop";

struct Case {
    Case(std::string name, std::size_t window, TillPlan all)
        : what(std::move(name)), in_flight(window), plan(std::move(all)) {}

    std::string what;
    std::size_t in_flight;
    TillPlan plan;
    Row row;
    std::vector<double> tickets, events, answer_p50, answer_p99, rate, groups, cpu, clients;
};

double mean(double sum, std::size_t count) {
    return count == 0 ? 0 : sum / static_cast<double>(count);
}

/// One round: a new publisher takes everything, then its groups go to a plain file.
Result<void> round(const Setup& setup, std::size_t number, Case& one) {
    const auto dir = setup.work / fmt::format("intake-{}", number);
    auto company = Company::make(setup, dir, "", {kShop});
    if (!company) return tl::unexpected(company.error());
    if (const auto ok = (*company)->start_publisher(kShop); !ok) return ok;
    const core::Options& options = (*company)->options(kShop);
    const auto before = (*company)->status(options.publisher_socket());
    if (!before) return tl::unexpected(before.error());
    const double cpu_before = (*company)->child(kShop, "publisher").cpu_seconds();

    const auto run = hand_in(options.publisher_socket(), one.plan, one.in_flight);
    if (!run) return tl::unexpected(run.error());
    if (run->refused > 0) {
        return fail(Errc::refused, fmt::format("{} tickets were refused, the first one: {}",
                                               run->refused, run->refusal));
    }
    const double cpu = (*company)->child(kShop, "publisher").cpu_seconds() - cpu_before;
    const auto after = (*company)->status(options.publisher_socket());
    if (!after) return tl::unexpected(after.error());
    if (const auto ok = (*company)->stop_publisher(kShop); !ok) return ok;

    const auto groups = recorded_groups(options.publisher_dir(), kShop, before->end);
    if (!groups) return tl::unexpected(groups.error());
    std::vector<std::size_t> sizes;
    double events = 0;
    double tickets = 0;
    for (const RecordedGroup& group : *groups) {
        sizes.push_back(group.bytes);
        events += static_cast<double>(group.events);
        tickets += static_cast<double>(group.tickets);
    }
    const auto plain = append_and_sync(setup.work, sizes);
    if (!plain) return tl::unexpected(plain.error());

    one.row.reached.push_back(events / run->seconds);
    one.row.limit.push_back(events / std::accumulate(plain->begin(), plain->end(), 0.0));
    one.rate.push_back(tickets / run->seconds);
    one.tickets.push_back(mean(tickets, groups->size()));
    one.events.push_back(mean(events, groups->size()));
    one.answer_p50.push_back(percentile(run->answer_seconds, 0.50) * 1e3);
    one.answer_p99.push_back(percentile(run->answer_seconds, 0.99) * 1e3);
    one.cpu.push_back(cpu / events * 1e6);
    one.clients.push_back(run->processor / events * 1e6);
    const auto groups_before = counter(*before, "groups").value_or(0);
    const auto groups_after = counter(*after, "groups").value_or(0);
    one.groups.push_back(static_cast<double>(groups_after - groups_before));
    company->reset();
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
    return {};
}

Result<void> intake(const Setup& setup, Report& report) {
    const auto trade = read_trade(setup.data);
    if (!trade) return tl::unexpected(trade.error());
    const auto operations = as_one_shop(*trade, kShop);
    const auto lines = one_by_one(operations);
    const auto tickets = receipts(operations);
    std::vector<Case> cases;
    for (const std::size_t in_flight : {std::size_t{1}, std::size_t{16}}) {
        const std::string flight = in_flight == 1 ? "one ticket" : "16 tickets";
        cases.emplace_back(
            fmt::format("{} clients, {} in flight each, one operation a ticket", kClients, flight),
            in_flight, deal(lines, kClients));
        cases.emplace_back(
            fmt::format("{} clients, {} in flight each, a receipt a ticket", kClients, flight),
            in_flight, deal(tickets, kClients));
    }
    report.fact("operations", operations.size());
    report.fact("receipts", tickets.size());
    std::size_t number = 0;
    for (std::size_t i = 0; i < setup.rounds; ++i) {
        for (Case& one : cases) {
            if (const auto ok = round(setup, ++number, one); !ok) return fail(one.what, ok.error());
        }
    }
    for (Case& one : cases) {
        Row& row = one.row;
        row.what = one.what;
        row.unit = "events/s";
        row.limit_name = "the same groups, write and fdatasync";
        row.ratio_at_least = kRatioAtLeast;
        row.beside = {{"tickets a group", one.tickets},
                      {"events a group", one.events},
                      {"tickets/s", one.rate},
                      {"answer p50 ms", one.answer_p50},
                      {"answer p99 ms", one.answer_p99},
                      {"groups", one.groups},
                      {"publisher's us an event", one.cpu},
                      {"clients' us an event", one.clients}};
        row.beside_at_least = {{"tickets a group", kGroupAtLeast}};
        report.add(std::move(row));
    }
    return {};
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(
        argc, argv, "bench-intake",
        "Durable intake of one publisher, against appending the same groups to a plain file.", 5,
        filial::bench::intake);
}
