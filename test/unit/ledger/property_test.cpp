// The ledger's rules against everything that may happen: random stores, operations, lines that are
// cut, news that come twice, machines that start again or are replaced, clocks that jump by years.
//
//   FILIAL_LEDGER_OPERATIONS   operations to try, 50,000 if not set
//   FILIAL_LEDGER_SEED         the first world's seed, 1 if not set; that one alone is told whole
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "test/unit/ledger/world.h"

using namespace filial::test;
using filial::ledger::Rules;

namespace {

constexpr int kStepsOfAWorld = 400;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

WorldPlan plan_of(std::uint64_t seed) {
    WorldPlan plan;
    plan.seed = seed;
    plan.stores = 3 + static_cast<int>(seed % 3);
    return plan;
}

void run(World& world) {
    for (int i = 0; i < kStepsOfAWorld && world.wrong().empty(); ++i) world.step();
    if (world.wrong().empty()) world.settle();
}

/// A rule that is broken on purpose.
struct Plant {
    const char* name;
    std::function<void(WorldPlan&)> plant;
};

std::vector<Plant> plants() {
    const auto rule = [](bool Rules::*which) {
        return [which](WorldPlan& plan) { plan.rules.*which = false; };
    };
    return {
        {"room is freed at a store that is no holder", rule(&Rules::only_a_holder_frees_room)},
        {"a grant survives its epoch", rule(&Rules::grants_end_with_their_epoch)},
        {"a notice is taken before a broker has it",
         [](WorldPlan& plan) { plan.filters_notices = false; }},
        {"a grant that comes twice counts twice", rule(&Rules::a_notice_counts_once)},
        {"a payment at a holder counts at home too", rule(&Rules::a_payment_counts_once)},
        {"a reversal frees room instead of taking it", rule(&Rules::a_reversal_takes_room)},
        {"an account is closed without waiting", rule(&Rules::verdicts_wait)},
        {"an answer counts for another round", rule(&Rules::an_answer_counts_for_its_round)},
        {"a closed account is charged", rule(&Rules::closed_is_closed)},
        {"parts are granted behind a fence", rule(&Rules::a_fence_stops_grants)},
        {"a recall forgets what is not spent", rule(&Rules::a_recall_returns_room)},
        {"a limit is cut and nobody sees what is missing", rule(&Rules::a_cut_limit_counts)},
        {"what a lost epoch held is given again", rule(&Rules::lost_room_stays_unaccounted)},
        {"more is granted than there is", rule(&Rules::grants_fit_the_reserve)},
        {"a charge beyond the room is accepted", rule(&Rules::charges_fit_the_room)},
        {"an account with debts is closed", rule(&Rules::a_verdict_reads_the_balance)},
        {"a new home does not know the debt", rule(&Rules::a_new_home_knows_the_debt)},
    };
}

}  // namespace

TEST_CASE(
    "N1: owed, rooms, what is on its way, unaccounted and reserve add up to the limit at every "
    "causally closed set of prefixes") {
    const std::uint64_t wanted = from_environment("FILIAL_LEDGER_OPERATIONS", 50'000);
    const std::uint64_t first = from_environment("FILIAL_LEDGER_SEED", 1);
    std::uint64_t operations = 0;
    std::uint64_t seed = first;
    std::map<std::string, std::uint64_t> happened;
    for (; operations < wanted; ++seed) {
        World world(plan_of(seed));
        run(world);
        operations += world.operations();
        for (const auto& [what, times] : world.happened()) happened[what] += times;
        if (world.wrong().empty()) continue;
        if (seed == first) std::printf("%s", world.story().c_str());
        FAIL("world " << seed << " (FILIAL_LEDGER_SEED=" << seed
                      << " tells it): " << world.wrong());
    }
    std::printf("%llu operations in worlds %llu to %llu\n",
                static_cast<unsigned long long>(operations), static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(seed - 1));
    // A world in which nothing happens proves nothing.
    for (const char* what :
         {"charge",          "charge refused", "pay",           "void",
          "grant",           "grant-recall",   "grant-return",  "grant-refuse",
          "grant-write-off", "limit",          "sell-reserved", "ship",
          "reserve",         "close-account",  "closed",        "move-home",
          "merge",           "round-cancel",   "round again",   "reopen-account",
          "block-customer",  "retire-store",   "tail-told",     "restore",
          "leave",           "left",           "left in order", "retired in order",
          "restart",         "notices again",  "finished"}) {
        CHECK_MESSAGE(happened[what] > 0, std::string(what));
    }
}

TEST_CASE("N1: the checker finds every rule that is broken on purpose") {
    for (const Plant& plant : plants()) {
        CAPTURE(plant.name);
        std::string found;
        std::uint64_t operations = 0;
        std::uint64_t seed = 1;
        for (; found.empty() && seed < 400; ++seed) {
            WorldPlan plan = plan_of(seed);
            plan.planted = true;
            plant.plant(plan);
            World world(plan);
            run(world);
            operations += world.operations();
            found = world.wrong();
        }
        CHECK_MESSAGE(!found.empty(), plant.name);
        std::printf("found after %llu operations: %s: %s\n",
                    static_cast<unsigned long long>(operations), plant.name, found.c_str());
    }
}

TEST_CASE("replay: a world is the same world each time it is run") {
    World one(plan_of(4711));
    World again(plan_of(4711));
    run(one);
    run(again);
    CHECK(one.story() == again.story());
    CHECK(one.operations() > 100);
}
