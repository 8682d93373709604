#pragma once

#include <array>
#include <cstdint>

#include "schema/bytes.h"
#include "schema/ids.h"

namespace filial::schema {

/// BLAKE2b-256 (RFC 7693), of libsodium.
using Hash = std::array<std::uint8_t, 32>;

Hash hash_of(ByteView bytes);
/// Of the two, one after the other; a chain's next head is `hash_of(head, event hash)`.
Hash hash_of(ByteView first, ByteView second);
/// BLAKE2b with 16 bytes of output: a name made from a text, such as an import's client id.
std::array<std::uint8_t, 16> hash16_of(ByteView bytes);
/// The first 8 bytes, big-endian, of BLAKE2b-256: a checksum that finds damage, not malice.
std::uint64_t checksum_of(ByteView bytes);
/// Of the two, one after the other.
std::uint64_t checksum_of(ByteView first, ByteView second);

ByteView view(const Hash& hash);
/// From exactly 32 bytes; anything else gives all zeros.
Hash hash_from(ByteView bytes);

/// `size` bytes from the system's random source.
Bytes random_bytes(std::size_t size);

/// For the simulator, where one seed draws everything: fills `size` bytes instead of the system.
using RandomSource = void (*)(char* to, std::size_t size);
void set_random_source(RandomSource source);

}  // namespace filial::schema
