#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "bench/support/company.h"
#include "bench/support/figure.h"
#include "bench/support/stopwatch.h"
#include "bench/support/tills.h"
#include "schema/hash.h"

/// What a grant check costs: credit charges at a store that holds parts of customers' limits, and
/// at their home, against plain sales at the same publisher in the same round. A decision is one
/// ticket of one operation, answered after its fsync.
namespace filial::bench {
namespace {

using schema::Errc;
using schema::fail;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

constexpr std::size_t kClients = 64;
constexpr std::size_t kInFlight = 16;
constexpr std::size_t kCustomers = 1'000;
constexpr std::size_t kDecisions = 30'000;
constexpr double kRatioAtLeast = 0.8;
constexpr double kGiveUpSeconds = 60;
const std::string kHome = "home";
const std::string kHolder = "holder";

std::string customer(std::size_t number) {
    return "C" + std::to_string(10'000 + number % kCustomers);
}

Operation operation(OperationKind kind, const std::string& subject, std::int64_t cents = 0,
                    const std::string& peer = "") {
    Operation made;
    made.kind = kind;
    made.subject = subject;
    made.peer = peer;
    made.amount = schema::Money{cents};
    return made;
}

/// Limits that no charge of a round reaches, half of each at the holder.
std::vector<std::vector<Operation>> accounts() {
    std::vector<std::vector<Operation>> tickets;
    for (std::size_t i = 0; i < kCustomers; ++i) {
        tickets.push_back({operation(OperationKind::customer_add, customer(i), 0, kHome),
                           operation(OperationKind::limit, customer(i), 1'000'000),
                           operation(OperationKind::grant, customer(i), 500'000, kHolder)});
    }
    return tickets;
}

std::vector<std::vector<Operation>> decisions(OperationKind kind) {
    std::vector<std::vector<Operation>> tickets;
    for (std::size_t i = 0; i < kDecisions; ++i) {
        Operation one = operation(kind, customer(i), 2'580);
        if (kind == OperationKind::sell) {
            one.amount = {};
            one.quantity = schema::Quantity{1'000};
        }
        one.document = std::to_string(536'365 + i);
        tickets.push_back({std::move(one)});
    }
    return tickets;
}

Result<void> wait_for_grants(Company& company) {
    const Stopwatch watch;
    for (;;) {
        const auto status = company.status(company.options(kHolder).publisher_socket());
        if (!status) return tl::unexpected(status.error());
        if (counter(*status, "notices").value_or(0) >= static_cast<std::int64_t>(kCustomers)) {
            return {};
        }
        if (watch.seconds() > kGiveUpSeconds) return fail(Errc::timeout, "the grants do not come");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

Result<double> rate(Company& company, const std::string& store, const TillPlan& plan) {
    const auto run = hand_in(company.options(store).publisher_socket(), plan, kInFlight);
    if (!run) return tl::unexpected(run.error());
    if (run->refused > 0) return fail(Errc::refused, run->refusal);
    return static_cast<double>(run->accepted) / run->seconds;
}

struct Rows {
    Row holder;
    Row home;
};

/// One round: both stores are new, and the broker is gone before anything is measured.
Result<void> round(const Setup& setup, std::size_t number, Rows& rows) {
    const auto dir = setup.work / fmt::format("decisions-{}", number);
    auto made = Company::make(setup, dir, "head", {kHome, kHolder});
    if (!made) return tl::unexpected(made.error());
    Company& company = **made;
    auto ok = company.start_broker();
    if (ok) ok = company.start_publisher(kHome);
    if (ok) ok = company.start_publisher(kHolder);
    if (!ok) return ok;
    const auto opened = rate(company, kHome, deal(accounts(), kClients, "accounts"));
    if (!opened) return tl::unexpected(opened.error());
    ok = wait_for_grants(company);
    if (ok) ok = company.stop_broker();
    if (!ok) return ok;
    const TillPlan sales = deal(decisions(OperationKind::sell), kClients, "sales");
    const TillPlan charges = deal(decisions(OperationKind::charge), kClients, "charges");
    for (const auto& [store, row] :
         {std::pair{kHolder, &rows.holder}, std::pair{kHome, &rows.home}}) {
        // In turns, so that neither always meets the younger database.
        const bool first = number % 2 == 0;
        const auto one = rate(company, store, first ? sales : charges);
        if (!one) return tl::unexpected(one.error());
        const auto other = rate(company, store, first ? charges : sales);
        if (!other) return tl::unexpected(other.error());
        row->reached.push_back(first ? *other : *one);
        row->limit.push_back(first ? *one : *other);
    }
    ok = company.stop_publisher(kHolder);
    if (ok) ok = company.stop_publisher(kHome);
    made->reset();
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
    return ok;
}

Result<void> measure(const Setup& setup, Report& report) {
    Rows rows;
    rows.holder.what = "credit charges within a grant, at the store that holds it";
    rows.home.what = "credit charges within the reserve, at the customer's home";
    for (std::size_t i = 0; i < setup.rounds; ++i) {
        if (const auto ok = round(setup, i, rows); !ok) return ok;
    }
    report.fact("decisions", kDecisions);
    report.fact("customers", kCustomers);
    for (Row* row : {&rows.holder, &rows.home}) {
        row->unit = "decisions/s";
        row->limit_name = "plain sales, same publisher, same round";
        row->ratio_at_least = kRatioAtLeast;
        report.add(std::move(*row));
    }
    return {};
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(argc, argv, "bench-decisions",
                                    "Credit charges with a grant check, against plain sales.", 5,
                                    filial::bench::measure);
}
