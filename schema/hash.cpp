#include "schema/hash.h"

#include <sodium.h>

#include <cstring>

namespace filial::schema {
namespace {

const unsigned char* raw(ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

RandomSource random_source = nullptr;

/// libsodium picks its fast code once; safe to call from any thread.
void ready() {
    static const bool ok = sodium_init() >= 0;
    check(ok, "libsodium starts");
}

}  // namespace

Hash hash_of(ByteView bytes) { return hash_of(bytes, {}); }

Hash hash_of(ByteView first, ByteView second) {
    ready();
    Hash out{};
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, out.size());
    crypto_generichash_update(&state, raw(first), first.size());
    if (!second.empty()) crypto_generichash_update(&state, raw(second), second.size());
    crypto_generichash_final(&state, out.data(), out.size());
    return out;
}

std::array<std::uint8_t, 16> hash16_of(ByteView bytes) {
    ready();
    std::array<std::uint8_t, 16> out{};
    crypto_generichash(out.data(), out.size(), raw(bytes), bytes.size(), nullptr, 0);
    return out;
}

std::uint64_t checksum_of(ByteView bytes) { return checksum_of(bytes, {}); }

std::uint64_t checksum_of(ByteView first, ByteView second) {
    const Hash hash = hash_of(first, second);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | hash[i];
    return value;
}

ByteView view(const Hash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Hash hash_from(ByteView bytes) {
    Hash hash{};
    if (bytes.size() == hash.size()) std::memcpy(hash.data(), bytes.data(), hash.size());
    return hash;
}

Bytes random_bytes(std::size_t size) {
    Bytes bytes(size, '\0');
    if (random_source != nullptr) {
        random_source(bytes.data(), bytes.size());
        return bytes;
    }
    ready();
    randombytes_buf(bytes.data(), bytes.size());
    return bytes;
}

void set_random_source(RandomSource source) { random_source = source; }

}  // namespace filial::schema
