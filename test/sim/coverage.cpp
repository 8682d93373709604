#include "test/sim/coverage.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "test/sim/fault_rows.h"
#include "test/sim/plan.h"
#include "test/sim/rare.h"

namespace filial::sim {

namespace {

/// Beside the faults themselves, and what stands in their rows, what they have to lead to.
constexpr const char* kMustHappen[] = {"lives that ended", "tickets in a tail that was lost",
                                       "losses accepted", "brokers accepted", "accounts closed"};

long long number(std::int64_t value) { return static_cast<long long>(value); }

}  // namespace

void Coverage::add(const std::map<std::string, std::int64_t>& counts) {
    ++seeds_;
    for (const auto& [what, times] : counts) {
        times_[what] += times;
        seen_[what] += times > 0 ? 1 : 0;
    }
    for (const FaultRow& row : fault_rows()) {
        const bool had =
            std::all_of(row.counters.begin(), row.counters.end(), [&](const auto& name) {
                const auto found = counts.find(name);
                return found != counts.end() && found->second > 0;
            });
        rows_[row.number] += had ? 1 : 0;
    }
}

void Coverage::print() const {
    for (const auto& [what, times] : times_) {
        std::printf("  %-22s %12lld in %lld seeds\n", what.c_str(), number(times),
                    number(seen_.at(what)));
    }
}

void Coverage::print_counts(std::uint64_t steps) const {
    std::printf("counts: %lld seeds\ncounts: %llu steps\n", number(seeds_),
                static_cast<unsigned long long>(steps));
    for (std::size_t fault = 0; fault < kFaults; ++fault) {
        const char* name = name_of(static_cast<Fault>(fault));
        const auto times = times_.find(name);
        std::printf("counts: %lld times %s\n", number(times == times_.end() ? 0 : times->second),
                    name);
    }
    // Each of these would have failed a seed.
    for (const char* amiss : {"lost", "twice", "reordered"}) std::printf("counts: 0 %s\n", amiss);
}

bool Coverage::is_complete() const {
    bool complete = true;
    for (const FaultRow& row : fault_rows()) {
        const std::int64_t seeds = rows_.count(row.number) > 0 ? rows_.at(row.number) : 0;
        std::printf("  row %2d, %s: in %lld seeds%s\n", row.number, row.what, number(seeds),
                    enough(seeds) ? "" : " only");
        complete = complete && enough(seeds);
    }
    std::vector<std::string> names(std::begin(kMustHappen), std::end(kMustHappen));
    for (std::size_t fault = 0; fault < kFaults; ++fault) {
        names.emplace_back(name_of(static_cast<Fault>(fault)));
    }
    names.insert(names.end(), std::begin(kRareNames), std::end(kRareNames));
    for (const std::string& name : names) {
        const auto found = seen_.find(name);
        const std::int64_t seeds = found == seen_.end() ? 0 : found->second;
        if (enough(seeds)) continue;
        std::printf("%s happened in %lld of %lld seeds only\n", name.c_str(), number(seeds),
                    number(seeds_));
        complete = false;
    }
    return complete;
}

}  // namespace filial::sim
