#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::QueryKind;

namespace {

/// What every replica must say, folded from the operations without any replica.
struct Model {
    std::map<std::pair<std::string, std::string>, std::int64_t> stock;  // store, sku
    std::map<std::pair<std::string, std::string>, std::int64_t> debts;  // customer, store
    std::map<std::string, std::int64_t> balances;
};

struct World {
    std::vector<TestLog> logs;
    Model model;
};

World make_world(std::mt19937& random, int stores, int events) {
    World world;
    const auto below = [&](std::size_t bound) { return random() % bound; };
    for (int s = 1; s <= stores; ++s) {
        TestLog log("store" + std::to_string(s));
        const std::string store = log.store().value();
        for (int i = 0; i < events; ++i) {
            const auto delta = static_cast<std::int64_t>(below(20'001)) - 10'000;
            if (below(3) > 0) {
                const std::string sku = "sku " + std::to_string(below(8));
                log.move(sku, delta);
                world.model.stock[{store, sku}] += delta;
            } else {
                const std::string customer = std::to_string(12'000 + below(6));
                log.debt(customer, delta);
                world.model.debts[{customer, store}] += delta;
                world.model.balances[customer] += delta;
            }
        }
        world.logs.push_back(std::move(log));
    }
    return world;
}

void check_equal(const Replica& replica, const Model& model) {
    const core::ManualClock clock;
    const Asked asked{clock, replica, {}};
    Model said;
    for (const auto& row : asked.pages(QueryKind::export_stock, 7)) {
        CHECK(said.stock.emplace(std::pair(row.store, row.key), row.value).second);
    }
    for (const auto& row : asked.pages(QueryKind::export_debts_by_store, 5)) {
        CHECK(said.debts.emplace(std::pair(row.key, row.store), row.value).second);
    }
    for (const auto& row : asked.pages(QueryKind::export_debts, 3)) {
        CHECK(said.balances.emplace(row.key, row.value).second);
    }
    CHECK(said.stock == model.stock);
    CHECK(said.debts == model.debts);
    CHECK(said.balances == model.balances);
    check_sums(replica);
}

std::vector<std::string> any_topics(std::mt19937& random) {
    switch (random() % 4) {
        case 0:
            return {"stock"};
        case 1:
            return {"debts", "control", "accounts"};
        case 2:
            return {"*"};
        default:
            return {"stock", "debts", "customers", "control", "accounts"};
    }
}

}  // namespace

TEST_CASE(
    "replica: every event counts once, however the logs are cut, repeated, mixed and resumed") {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto below = [&](std::size_t bound) { return random() % bound; };
        const World world = make_world(random, 3, 120);
        Folder folder;
        auto replica = open_replica(replica_options(folder));
        std::size_t gaps = 0;
        const auto done = [&] {
            return std::all_of(world.logs.begin(), world.logs.end(), [&](const TestLog& log) {
                return replica->position(log.store(), "stock").value() == log.size() &&
                       replica->position(log.store(), "debts").value() == log.size();
            });
        };
        for (int step = 0; step < 20'000 && !done(); ++step) {
            const TestLog& log = world.logs[below(world.logs.size())];
            // Two senders, each with its own idea of where this replica is: behind, right, ahead.
            const auto topics = any_topics(random);
            std::uint64_t after = below(log.size());
            if (below(3) > 0) {
                after = std::min(replica->position(log.store(), "stock").value(),
                                 replica->position(log.store(), "debts").value());
                after -= std::min<std::uint64_t>(after, below(4));
            }
            const std::uint64_t upto = std::min<std::uint64_t>(after + below(25), log.size());
            const auto taken = replica->take(log.range(after, upto, topics));
            if (!taken) {
                CHECK(taken.error().code == Errc::gap);
                ++gaps;
            }
            if (below(3) == 0) REQUIRE(replica->flush(below(4) == 0));
            if (below(40) == 0) {  // What was staged and not flushed is gone, and comes again.
                replica.reset();
                replica = open_replica(replica_options(folder));
            }
        }
        REQUIRE(replica->flush());
        CHECK(done());
        CHECK(gaps > 0);
        check_equal(*replica, world.model);
        replica.reset();
        check_equal(*open_replica(replica_options(folder)), world.model);
    }
}

TEST_CASE("replica: many keys go through the bounded memory and come out right") {
    // More keys than are kept in memory, twice over, so that values are forgotten and read again.
    TestLog log("store1");
    constexpr int kKeys = 70'000;
    for (int i = 0; i < kKeys; ++i) log.move(std::to_string(i), 1'000);
    for (int i = 0; i < kKeys; i += 50) log.move(std::to_string(i), 1);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    for (std::uint64_t at = 0; at < log.size(); at += 5'000) {
        REQUIRE(replica->take(log.range(at, std::min<std::uint64_t>(at + 5'000, log.size()))));
        REQUIRE(replica->flush(false));
    }
    CHECK(stock_of(*replica, log, "0") == 1'001);
    CHECK(stock_of(*replica, log, "1") == 1'000);
    CHECK(stock_of(*replica, log, "69950") == 1'001);
    check_sums(*replica);
}
