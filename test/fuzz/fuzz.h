#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "schema/bytes.h"

/// What every target here needs. A target reads bytes that nobody has vouched for; what it accepts
/// must survive being written and read again.
namespace filial::fuzz {

inline schema::ByteView view(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process, so that the fuzzer keeps the input, unless `holds`.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace filial::fuzz
