// Goods are neither made nor lost by moving them between stores, whatever people do, whenever the
// logs arrive, and whichever machines are replaced. FILIAL_LEDGER_OPERATIONS: what is tried in all,
// 50,000 if not set.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "test/unit/ledger/trading_company.h"

using namespace filial;
using namespace filial::test;

namespace {

constexpr std::uint64_t kSteps = 200;

void run(TradingCompany& company) {
    for (std::uint64_t i = 0; i < kSteps && company.wrong().empty(); ++i) {
        company.step();
        if (i % 20 == 0) company.check_a_cut();
    }
    if (company.wrong().empty()) company.settle();
}

/// The rule of transfers that is broken on purpose.
struct Plant {
    const char* name;
    bool ledger::Rules::*rule;
};

constexpr Plant kPlants[] = {
    {"a receipt counts twice", &ledger::Rules::a_receipt_counts_once},
    {"goods are taken back before anybody agreed",
     &ledger::Rules::only_agreement_brings_goods_back},
    {"a cancellation of what was received is agreed to",
     &ledger::Rules::a_receipt_beats_its_cancellation},
};

}  // namespace

TEST_CASE(
    "N7: on hand and in transit together are constant at every set of prefixes, over duplicates, "
    "restarts, restores and new epochs") {
    const char* wanted = std::getenv("FILIAL_LEDGER_OPERATIONS");
    const std::uint64_t all = wanted == nullptr ? 50'000 : std::strtoull(wanted, nullptr, 10);
    std::size_t done = 0;
    std::map<std::string, std::size_t> happened;
    for (std::uint64_t seed = 1; seed <= all / kSteps; ++seed) {
        CAPTURE(seed);
        TradingCompany company(seed);
        run(company);
        CHECK(company.wrong() == "");
        done += company.done();
        for (const auto& [what, times] : company.happened()) happened[what] += times;
    }
    CHECK(done > all / 10);  // The story is not about refusals.
    for (const char* what : {"notice again", "restart", "restore", "told again"}) {
        CAPTURE(what);
        CHECK(happened[what] > 0);
    }
    CHECK(happened["scan booked twice"] == 0);
    CHECK(happened["told twice"] == 0);
}

TEST_CASE("N7: the checker finds every rule of transfers that is broken on purpose") {
    for (const Plant& plant : kPlants) {
        CAPTURE(plant.name);
        ledger::Rules rules;
        rules.*plant.rule = false;
        std::string found;
        std::size_t operations = 0;
        for (std::uint64_t seed = 1; found.empty() && seed < 100; ++seed) {
            TradingCompany company(seed, rules);
            run(company);
            operations += company.operations();
            found = company.wrong();
        }
        CHECK_MESSAGE(!found.empty(), plant.name);
        std::printf("found after %zu operations: %s: %s\n", operations, plant.name, found.c_str());
    }
}
