// Publisher, broker and replica on RocksDB, on a disk that fails at each of its operations in turn.
//
//   FILIAL_FAULT_POINTS   how many points, 150 if not set
//   FILIAL_FAULT_SEED     which of the operations, and what is handed in; 1 if not set
//   FILIAL_FAULT_POINT    one alone, with its log lines: what a failure prints
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "test/faults/trial.h"

using namespace filial::test;

namespace {

constexpr DiskFault kFaults[] = {DiskFault::error_once, DiskFault::error_for_ever,
                                 DiskFault::no_read, DiskFault::torn, DiskFault::power_cut};
const char* const kWho[] = {"publisher", "broker", "replica"};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// `part` of `parts`, spread over the operations 1 to `operations`.
std::uint64_t spread(std::uint64_t part, std::uint64_t parts, std::uint64_t operations,
                     std::uint64_t shift) {
    if (operations == 0) return 0;
    return 1 + (part * operations / parts + shift) % operations;
}

std::string failures_of(const Trial& trial, const Outcome& outcome) {
    return "FILIAL_FAULT_POINT=\"" + to_string(trial) + "\" plays it again: " + outcome.wrong;
}

}  // namespace

TEST_CASE("faults: whatever a disk refuses, tears or forgets: all that was acknowledged is there") {
    if (const char* one = std::getenv("FILIAL_FAULT_POINT")) {
        const auto trial = parse_trial(one);
        REQUIRE(trial);
        CHECK(play(*trial).wrong == "");
        return;
    }
    const std::uint64_t points = from_environment("FILIAL_FAULT_POINTS", 150);
    const auto seed = static_cast<std::uint32_t>(from_environment("FILIAL_FAULT_SEED", 1));
    std::map<std::string, std::uint64_t> happened, modes;
    std::uint64_t played = 0, twice = 0, failed = 0;
    std::mt19937 random(seed);
    for (const char* who : kWho) {
        const Trial whole{who, DiskFault::none, 0, DiskFault::none, 0, seed};
        const Outcome without = play(whole);
        REQUIRE_MESSAGE(without.wrong.empty(), failures_of(whole, without));
        std::printf("%s: %llu writes and %llu reads, then %llu and %llu\n", who,
                    static_cast<unsigned long long>(without.writes),
                    static_cast<unsigned long long>(without.reads),
                    static_cast<unsigned long long>(without.writes_then),
                    static_cast<unsigned long long>(without.reads_then));
        REQUIRE(without.writes > 50);
        const std::uint64_t each = points / (std::size(kWho) * std::size(kFaults));
        for (const DiskFault fault : kFaults) {
            for (std::uint64_t i = 0; i < each; ++i) {
                Trial trial = whole;
                trial.fault = fault;
                const bool read = fault == DiskFault::no_read;
                // Of reads most are made when an older database is opened.
                const bool later = read || i % 2 == 1;
                const std::uint64_t first = read ? without.reads : without.writes;
                trial.at = spread(i, each, first, seed - 1);
                if (later) {
                    trial.then = read ? DiskFault::no_read : kFaults[random() % 5];
                    const bool then_read = trial.then == DiskFault::no_read;
                    trial.then_at = spread(
                        i, each, then_read ? without.reads_then : without.writes_then, seed - 1);
                }
                const Outcome outcome = play(trial);
                ++played;
                ++modes[name_of(fault)];
                happened[std::string(who) + " " + name_of(fault)] +=
                    outcome.happened || outcome.happened_then ? 1 : 0;
                twice += outcome.happened && outcome.happened_then ? 1 : 0;
                if (outcome.wrong.empty()) continue;
                ++failed;
                MESSAGE(failures_of(trial, outcome));
            }
        }
    }
    for (const auto& [what, times] : happened) {
        std::printf("%-28s %llu\n", what.c_str(), static_cast<unsigned long long>(times));
        CHECK_MESSAGE(times > 0, what << " never happened");
    }
    std::printf("%llu points, %llu of them with a second one in the next life: %llu failed\n",
                static_cast<unsigned long long>(played), static_cast<unsigned long long>(twice),
                static_cast<unsigned long long>(failed));
    // For the table of docs/reliability.md. Each of the last three would have failed a point.
    std::printf("counts: %llu points\ncounts: %llu points with a second fault in the next life\n",
                static_cast<unsigned long long>(played), static_cast<unsigned long long>(twice));
    for (const auto& [mode, times] : modes) {
        std::printf("counts: %llu points of %s\n", static_cast<unsigned long long>(times),
                    mode.c_str());
    }
    CHECK(failed == 0);
    if (failed > 0) return;
    for (const char* amiss : {"lost", "twice", "reordered"}) std::printf("counts: 0 %s\n", amiss);
}

TEST_CASE("faults: a disk that forgets what it said it had synced is found out") {
    if (std::getenv("FILIAL_FAULT_POINT") != nullptr) return;
    for (const char* who : kWho) {
        CAPTURE(who);
        CHECK(play({who, DiskFault::forgets, 90, DiskFault::none, 0, 1}).wrong != "");
    }
}
