#pragma once

#include <filesystem>
#include <string>

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

/// Writes `dir/curve.key`, `dir/curve.pub`, `dir/sign.key`, `dir/sign.pub`; secrets with mode 0600,
/// the folder 0700, synced. `invalid` if there are keys already: they are never overwritten.
schema::Result<void> save_keys(const std::filesystem::path& dir, const Keys& keys);

/// `not_found` with what to run when there are none; `not_allowed` if others may read the secrets.
schema::Result<Keys> load_keys(const std::filesystem::path& dir);

/// True for 40 characters of Z85.
bool is_curve_key(std::string_view text);

}  // namespace filial::core
