#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/support/company.h"
#include "bench/support/figure.h"
#include "bench/support/plain_file.h"
#include "bench/support/retail.h"
#include "bench/support/stopwatch.h"
#include "bench/support/wire.h"

/// How long after a sale was accepted another store can read it, with 1,000 operations a second
/// coming in: p50 and p99. The two stores reach each other over a broker, with CURVE.
namespace filial::bench {
namespace {

using schema::Errc;
using schema::fail;
using schema::OperationKind;
using schema::Result;

constexpr double kOperationsASecond = 1'000;
constexpr std::size_t kOperations = 10'000;
/// Let through before the counting begins, so that every line stands and every file is open.
constexpr std::size_t kWarmUp = 1'000;
constexpr std::size_t kGroupBytes = 150;
constexpr std::size_t kLimitTries = 500;
constexpr double kGiveUpSeconds = 60;
constexpr std::chrono::milliseconds kDeadline{5'000};
/// Between an answer and the next question: the finest that can be told apart is this and the
/// time of an answer.
constexpr std::chrono::microseconds kAskEvery{200};

const std::string kHead = "head";
const std::string kTill = "till";
const std::string kAsker = "asker";

/// At this time (seconds of the run) this position was accepted, or could be read.
struct Seen {
    double at = 0;
    std::uint64_t seq = 0;
};

Result<std::unique_ptr<core::Client>> client_of(core::Network& network,
                                                const std::string& endpoint) {
    return core::Client::open(network, {"", endpoint, ""}, nullptr);
}

/// The last position of the till's log that an answer of the asker's subscriber rests on.
std::uint64_t position_in(const schema::Message& message) {
    const auto* answer = std::get_if<schema::Answer>(&message);
    if (answer == nullptr || answer->rows.empty()) return 0;
    std::uint64_t seq = 0;
    for (const auto& row : answer->rows) {
        for (const auto& position : row.freshness.positions) {
            if (position.store.value() == kTill) seq = std::max(seq, position.seq.value());
        }
    }
    return seq;
}

/// Asks the asker's subscriber for the stock of one product again and again.
class Prober {
  public:
    Prober(std::string endpoint, std::string sku, const Stopwatch& watch)
        : endpoint_(std::move(endpoint)), sku_(std::move(sku)), watch_(watch) {
        thread_ = std::thread([this] { result_ = run(); });
    }
    ~Prober() { join(); }
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    std::uint64_t readable() const { return readable_; }
    Result<std::vector<Seen>> stop() {
        join();
        if (!result_) return tl::unexpected(result_.error());
        return seen_;
    }

  private:
    void join() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }

    Result<void> run() {
        const auto network = core::Network::open(nullptr);
        if (!network) return tl::unexpected(network.error());
        const auto client = client_of(**network, endpoint_);
        if (!client) return tl::unexpected(client.error());
        schema::Query query;
        query.kind = schema::QueryKind::stock;
        query.key = sku_;
        query.store = kTill;
        while (!stop_) {
            const auto answer = (*client)->ask(query, kDeadline);
            if (answer) {
                const std::uint64_t seq = position_in(*answer);
                if (seq > readable_) {
                    seen_.push_back({watch_.seconds(), seq});
                    readable_ = seq;
                }
            } else if (answer.error().code != Errc::not_found) {
                return tl::unexpected(answer.error());
            }
            std::this_thread::sleep_for(kAskEvery);
        }
        return {};
    }

    std::string endpoint_;
    std::string sku_;
    const Stopwatch& watch_;
    std::thread thread_;
    std::atomic<bool> stop_ = false;
    std::atomic<std::uint64_t> readable_ = 0;
    std::vector<Seen> seen_;
    Result<void> result_;
};

/// Hands in one operation each millisecond, whether or not the earlier ones are answered, and
/// notes when each is accepted.
class PacedTill {
  public:
    PacedTill(core::Client& client, const std::vector<schema::Operation>& operations,
              const Stopwatch& watch)
        : client_(client), operations_(operations), watch_(watch) {}

    Result<std::vector<Seen>> run() {
        const double began = watch_.seconds();
        while (accepted_.size() < operations_.size()) {
            const double now = watch_.seconds() - began;
            const auto due = static_cast<std::size_t>(now * kOperationsASecond) + 1;
            while (sent_ < std::min(due, operations_.size())) {
                if (const auto ok = send(); !ok) return tl::unexpected(ok.error());
            }
            if (const auto ok = receive(); !ok) return tl::unexpected(ok.error());
            if (now > kGiveUpSeconds) return fail(Errc::timeout, "the publisher is too slow");
        }
        return accepted_;
    }

  private:
    Result<void> send() {
        schema::Ticket ticket;
        ticket.client = schema::hash16_of("paced till");
        ticket.number = ticket.request = sent_ + 1;
        ticket.operations = {operations_[sent_]};
        ++sent_;
        return client_.send(ticket, kDeadline);
    }

    Result<void> receive() {
        const auto message = client_.receive(std::chrono::milliseconds(1));
        if (!message) {
            if (message.error().code == Errc::timeout) return {};
            return tl::unexpected(message.error());
        }
        const auto* accepted = std::get_if<schema::Accepted>(&*message);
        if (accepted == nullptr) return fail(Errc::refused, "a sale was not accepted");
        accepted_.push_back({watch_.seconds(), accepted->last.value()});
        return {};
    }

    core::Client& client_;
    const std::vector<schema::Operation>& operations_;
    const Stopwatch& watch_;
    std::size_t sent_ = 0;
    std::vector<Seen> accepted_;
};

/// Milliseconds from each acceptance to the first answer that rests on it.
std::vector<double> delays_ms(const std::vector<Seen>& accepted, const std::vector<Seen>& seen) {
    std::vector<double> delays;
    for (std::size_t i = kWarmUp; i < accepted.size(); ++i) {
        const auto first =
            std::lower_bound(seen.begin(), seen.end(), accepted[i].seq,
                             [](const Seen& one, std::uint64_t seq) { return one.seq < seq; });
        if (first != seen.end()) {
            delays.push_back(std::max(0.0, first->at - accepted[i].at) * 1e3);
        }
    }
    return delays;
}

/// What has to happen between the two at the least: the broker's sync and the replica's, and two
/// lines, each there and (the question) back.
Result<double> least_ms(const Setup& setup) {
    const auto syncs =
        append_and_sync(setup.work, std::vector<std::size_t>(kLimitTries, kGroupBytes));
    if (!syncs) return tl::unexpected(syncs.error());
    const auto trips = round_trips(kLimitTries);
    if (!trips) return tl::unexpected(trips.error());
    return 2 * (median(*syncs) + median(*trips)) * 1e3;
}

Result<std::vector<double>> round(const Setup& setup, const std::filesystem::path& dir,
                                  const std::vector<schema::Operation>& operations) {
    auto made = Company::make(setup, dir, kHead, {kTill, kAsker});
    if (!made) return tl::unexpected(made.error());
    Company& company = **made;
    auto ok = company.start_broker();
    if (ok) ok = company.start_subscriber(kAsker);
    if (ok) ok = company.start_publisher(kTill);
    if (!ok) return tl::unexpected(ok.error());

    const auto network = core::Network::open(nullptr);
    if (!network) return tl::unexpected(network.error());
    const auto till = client_of(**network, company.options(kTill).publisher_socket());
    if (!till) return tl::unexpected(till.error());
    const Stopwatch watch;
    Prober prober(company.options(kAsker).subscriber_socket(), operations.front().subject, watch);
    const auto accepted = PacedTill(**till, operations, watch).run();
    if (!accepted) return tl::unexpected(accepted.error());
    for (const Stopwatch waited; prober.readable() < accepted->back().seq;) {
        if (waited.seconds() > kGiveUpSeconds) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const auto seen = prober.stop();
    if (!seen) return tl::unexpected(seen.error());
    auto delays = delays_ms(*accepted, *seen);
    if (delays.size() != operations.size() - kWarmUp) {
        return fail(Errc::timeout, "not every sale came to be readable at the other store");
    }
    return delays;
}

Result<void> latency(const Setup& setup, Report& report) {
    const auto trade = read_trade(setup.data);
    if (!trade) return tl::unexpected(trade.error());
    std::vector<schema::Operation> operations;
    for (const auto& operation : as_one_shop(*trade, kTill)) {
        const bool stock = operation.kind == OperationKind::sell ||
                           operation.kind == OperationKind::return_goods ||
                           operation.kind == OperationKind::adjust;
        if (stock && operations.size() < kOperations) operations.push_back(operation);
    }
    if (operations.size() <= kWarmUp) {
        return fail(Errc::invalid, setup.data.string() + " has too few sales");
    }
    Row p50, p99;
    for (std::size_t i = 0; i < setup.rounds; ++i) {
        const auto dir = setup.work / fmt::format("latency-{}", i);
        const auto delays = round(setup, dir, operations);
        if (!delays) return tl::unexpected(delays.error());
        const auto least = least_ms(setup);
        if (!least) return tl::unexpected(least.error());
        p50.reached.push_back(percentile(*delays, 0.50));
        p99.reached.push_back(percentile(*delays, 0.99));
        p50.limit.push_back(*least);
        p99.limit.push_back(*least);
        std::error_code ignored;
        std::filesystem::remove_all(dir, ignored);
    }
    p50.what = "accepted to readable at another store, 1,000 operations/s, p50";
    p99.what = "accepted to readable at another store, 1,000 operations/s, p99";
    for (Row* row : {&p50, &p99}) {
        row->unit = "ms";
        row->less_is_better = true;
        row->limit_name = "two syncs and two round trips, p50";
        report.add(std::move(*row));
    }
    report.fact("operations", operations.size());
    report.note("asked every 0.2 ms and answer time; delays shorter than that show as longer");
    return {};
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(
        argc, argv, "bench-latency",
        "From accepted to readable at another store, at 1,000 operations a second.", 3,
        filial::bench::latency);
}
