#include <fmt/format.h>

#include <array>
#include <chrono>
#include <thread>

#include "bench/support/company.h"
#include "bench/support/figure.h"
#include "bench/support/retail.h"
#include "bench/support/stopwatch.h"
#include "bench/support/tills.h"
#include "schema/hash.h"

/// What a grant check costs: credit charges at a store that holds parts of customers' limits, and
/// at their home, against plain intake at the same publisher in the same round: the retailer's
/// operations as bench-intake hands them in. Beside it, sales alone, the least that a ticket can
/// be. A decision is one ticket of one operation, answered after its fsync.
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

struct Measured : Row {
    std::vector<double> sales, of_sales;
};

struct Rows {
    Measured holder;
    Measured home;
};

/// The trade of all stores as that of one, one operation a ticket.
Result<std::vector<std::vector<Operation>>> plain_trade(const Setup& setup,
                                                        const std::string& store) {
    const auto trade = read_trade(setup.data);
    if (!trade) return tl::unexpected(trade.error());
    auto tickets = one_by_one(as_one_shop(*trade, store));
    if (tickets.size() > kDecisions) tickets.resize(kDecisions);
    return tickets;
}

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
    for (const auto& [store, row] :
         {std::pair{kHolder, &rows.holder}, std::pair{kHome, &rows.home}}) {
        const auto trade = plain_trade(setup, store);
        if (!trade) return tl::unexpected(trade.error());
        const std::array plans{deal(decisions(OperationKind::charge), kClients, "charges"),
                               deal(*trade, kClients, "trade"),
                               deal(decisions(OperationKind::sell), kClients, "sales")};
        std::array<double, 3> rates{};
        // In turns, so that none always meets the younger database.
        for (std::size_t i = 0; i < plans.size(); ++i) {
            const std::size_t at = (number + i) % plans.size();
            const auto one = rate(company, store, plans[at]);
            if (!one) return tl::unexpected(one.error());
            rates[at] = *one;
        }
        row->reached.push_back(rates[0]);
        row->limit.push_back(rates[1]);
        row->sales.push_back(rates[2]);
        row->of_sales.push_back(rates[0] / rates[2]);
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
    for (Measured* row : {&rows.holder, &rows.home}) {
        row->unit = "decisions/s";
        row->limit_name = "plain intake, same publisher, same round";
        row->ratio_at_least = kRatioAtLeast;
        row->beside = {{"sales alone/s", row->sales}, {"decisions to a sale alone", row->of_sales}};
        report.add(std::move(static_cast<Row&>(*row)));
    }
    return {};
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(argc, argv, "bench-decisions",
                                    "Credit charges with a grant check, against plain intake.", 5,
                                    filial::bench::measure);
}
