#pragma once

#include <cstdint>

#include "schema/bytes.h"

namespace filial::schema {

/// SipHash-2-4 (Aumasson and Bernstein), of libsodium, with a key of zeros: of a few bytes a fifth
/// of what BLAKE2b takes. Tells contents apart that nobody chose to be alike.
std::uint64_t short_hash_of(ByteView bytes);

}  // namespace filial::schema
