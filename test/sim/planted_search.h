#pragma once

#include <cstdint>
#include <functional>

#include "schema/planted.h"
#include "test/sim/company.h"

namespace filial::sim {

/// Plants one mistake after the other (schema/planted.h), or `only` that one where it is not
/// Bug::none, each in so many seeds from `first` on, until a seed fails with it that holds without
/// it. A seed in which the program ends itself with the mistake counts, too: where it does not
/// without. Prints what came of each; true when each was found, false too in a build that has no
/// mistakes.
bool find_planted(std::uint64_t first, std::uint64_t seeds, schema::Bug only,
                  const std::function<Outcome(std::uint64_t seed)>& run);

}  // namespace filial::sim
