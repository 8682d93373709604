#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace filial::core {

/// A store's CURVE key pair as Z85 text, 40 characters each, and the Ed25519 pair (raw bytes) that
/// will sign its seals.
struct Keys {
    std::string curve_public;
    std::string curve_secret;
    std::string sign_public;  ///< 32 bytes.
    std::string sign_secret;  ///< 64 bytes.
};

schema::Result<Keys> make_keys();

/// Writes `dir/curve.key`, `dir/curve.pub` (Z85), `dir/sign.key`, `dir/sign.pub` (hexadecimal), one
/// line each; secrets with mode 0600, the folder 0700, synced; all of them or none. `invalid` if
/// the folder has anything in it: keys are never overwritten.
schema::Result<void> save_keys(const std::filesystem::path& dir, const Keys& keys);

/// `not_found` with what to run when there are none; `not_allowed` if others may read the secrets
/// or own them; `corrupt` if a public key is not that of its secret.
schema::Result<Keys> load_keys(const std::filesystem::path& dir);

/// True for 40 characters of Z85 (RFC 32) that stand for 32 bytes.
constexpr bool is_curve_key(std::string_view text) {
    constexpr std::string_view digits =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    if (text.size() != 40) return false;
    std::uint64_t group = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t digit = digits.find(text[i]);
        if (digit == std::string_view::npos) return false;
        group = (i % 5 == 0 ? 0 : group * 85) + digit;
        if (i % 5 == 4 && group > 0xffff'ffff) return false;
    }
    return true;
}

}  // namespace filial::core
