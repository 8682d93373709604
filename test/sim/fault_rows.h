#pragma once

#include <string>
#include <vector>

namespace filial::sim {

/// One kind of fault that the product has to bear, and the counters that say that a seed had it: a
/// seed counts where each of them did. The rows, and where those that are not simulated are brought
/// about, stand in docs/reliability.md, "The faults".
struct FaultRow {
    int number = 0;
    const char* what = "";
    std::vector<std::string> counters;
};

/// Those that are simulated, in the order of their numbers.
const std::vector<FaultRow>& fault_rows();

}  // namespace filial::sim
