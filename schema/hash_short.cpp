#include "schema/hash_short.h"

#include <sodium.h>

namespace filial::schema {

std::uint64_t short_hash_of(ByteView bytes) {
    constexpr unsigned char kZeros[crypto_shorthash_KEYBYTES] = {};
    unsigned char hash[crypto_shorthash_BYTES] = {};
    crypto_shorthash(hash, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                     kZeros);
    std::uint64_t value = 0;
    for (const unsigned char byte : hash) value = value << 8 | byte;
    return value;
}

}  // namespace filial::schema
