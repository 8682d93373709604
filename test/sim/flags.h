#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/planted.h"
#include "schema/result.h"

namespace filial::sim {

/// What the program `sim` is asked to play.
struct Flags {
    std::uint64_t seeds = 100;
    std::uint64_t first = 1;
    bool trace = false;            ///< Everything that happens, as it happens.
    bool story = false;            ///< The last of it, where something goes wrong.
    std::uint64_t twice_each = 0;  ///< Each so many seeds one is played twice; 0: none.
    bool coverage = false;
    bool bugs = false;  ///< Names the mistakes, and nothing else.
    bool help = false;
    std::uint64_t planted = 0;  ///< Each mistake has to be found in so many seeds.
    schema::Bug plant = schema::Bug::none;
};

inline constexpr std::uint64_t kSeedsMost = 1'000'000'000;
inline constexpr std::uint64_t kSeedMost = std::uint64_t{1} << 62;
inline constexpr const char* kUsage =
    "usage: sim [--seeds N] [--from S] [--seed S] [--trace] [--story] [--twice] [--twice-each N]\n"
    "           [--coverage] [--plant NAME] [--planted N] [--bugs] [--help]\n";

/// `invalid`, with what was tried and what is allowed, for anything that is no flag, lacks its
/// value or has one that cannot be meant: a run of no seeds would pass.
schema::Result<Flags> parse_flags(const std::vector<std::string>& words);

}  // namespace filial::sim
