#pragma once

#include <cstdint>

namespace filial::core {

/// Resident memory of this process in bytes, from /proc/self/statm; 0 if that cannot be read.
std::uint64_t resident_bytes();

}  // namespace filial::core
