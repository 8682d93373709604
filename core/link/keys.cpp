#include "core/link/keys.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cerrno>
#include <cstring>

#include "core/disk_text.h"
#include "schema/ids.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr std::size_t kCurveText = 40;
constexpr std::size_t kKeyFileMax = 4'096;
constexpr unsigned kSecretMode = 0600;
constexpr unsigned kPublicMode = 0644;

const unsigned char* raw(const std::string& bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// The first line, without its end.
std::string first_line(const std::string& text) {
    return text.substr(0, text.find_first_of("\r\n"));
}

/// The bytes of hexadecimal text; empty if it is none, or not `size` bytes.
std::string from_hex(const std::string& text, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t length = 0;
    const int rc = sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), size, text.data(),
                                  text.size(), nullptr, &length, nullptr);
    return rc == 0 && length == size && text.size() == 2 * size ? bytes : "";
}

/// Secrets are ours (or root's, where an administrator handed them in) and nobody else's to read.
Result<void> private_to_us(const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return {};  // Reading it will tell.
    if ((info.st_mode & 077) != 0) {
        return fail(Errc::not_allowed,
                    file.string() + ": others may read this secret; chmod 600 it");
    }
    const uid_t us = ::geteuid();
    if (us != 0 && info.st_uid != us && info.st_uid != 0) {
        return fail(Errc::not_allowed, file.string() + ": belongs to another user");
    }
    return {};
}

Result<std::string> read_key(const std::filesystem::path& file) {
    auto text = read_text(file, kKeyFileMax);
    if (text) return first_line(*text);
    if (text.error().code != Errc::not_found) return fail("keys", text.error());
    return fail(Errc::not_found,
                "no key in " + file.string() + ": run `filial init`, or restore it from a backup");
}

Result<void> check_pairs(const std::filesystem::path& dir, const Keys& keys) {
    char curve_public[kCurveText + 1] = "";
    const bool curve_ok = is_curve_key(keys.curve_secret) &&
                          zmq_curve_public(curve_public, keys.curve_secret.c_str()) == 0 &&
                          keys.curve_public == curve_public;
    if (!curve_ok) {
        return fail(Errc::corrupt,
                    dir.string() + ": curve.key and curve.pub are damaged or no pair");
    }
    unsigned char sign_public[crypto_sign_PUBLICKEYBYTES] = {};
    const bool sign_ok = keys.sign_secret.size() == crypto_sign_SECRETKEYBYTES &&
                         crypto_sign_ed25519_sk_to_pk(sign_public, raw(keys.sign_secret)) == 0 &&
                         keys.sign_public.size() == sizeof sign_public &&
                         std::memcmp(keys.sign_public.data(), sign_public, sizeof sign_public) == 0;
    if (!sign_ok) {
        return fail(Errc::corrupt, dir.string() + ": sign.key and sign.pub are damaged or no pair");
    }
    return {};
}

Result<void> write_all_keys(const std::filesystem::path& dir, const Keys& keys) {
    const struct {
        const char* name;
        std::string text;
        unsigned mode;
    } files[] = {
        {"curve.key", keys.curve_secret, kSecretMode},
        {"curve.pub", keys.curve_public, kPublicMode},
        {"sign.key", schema::to_hex(keys.sign_secret), kSecretMode},
        {"sign.pub", schema::to_hex(keys.sign_public), kPublicMode},
    };
    for (const auto& file : files) {
        auto written = write_new(dir / file.name, file.text + "\n", file.mode);
        if (!written) return written;
    }
    return sync_folder(dir);
}

}  // namespace

Result<Keys> make_keys() {
    char curve_public[kCurveText + 1] = "", curve_secret[kCurveText + 1] = "";
    // A key that begins like a flag would be one on a command line: `filial admit STORE KEY`.
    do {
        if (zmq_curve_keypair(curve_public, curve_secret) != 0) {
            return fail(Errc::io, std::string("make keys: ") + zmq_strerror(zmq_errno()));
        }
    } while (curve_public[0] == '-');
    Keys keys{curve_public, curve_secret, std::string(crypto_sign_PUBLICKEYBYTES, '\0'),
              std::string(crypto_sign_SECRETKEYBYTES, '\0')};
    if (sodium_init() < 0 ||
        crypto_sign_keypair(reinterpret_cast<unsigned char*>(keys.sign_public.data()),
                            reinterpret_cast<unsigned char*>(keys.sign_secret.data())) != 0) {
        return fail(Errc::io, "make keys: the system has no randomness");
    }
    return keys;
}

/// Written into a folder beside and renamed: half a set of keys never has the name.
Result<void> save_keys(const std::filesystem::path& dir, const Keys& keys) {
    const std::filesystem::path target = std::filesystem::absolute(dir).lexically_normal();
    const std::filesystem::path parent =
        target.has_filename() ? target.parent_path() : target.parent_path().parent_path();
    const std::filesystem::path name =
        target.has_filename() ? target.filename() : target.parent_path().filename();
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    std::string beside = (parent / ("." + name.string() + ".XXXXXX")).string();
    if (::mkdtemp(beside.data()) == nullptr) {
        return fail(Errc::io, "make a folder in " + parent.string() + ": " + std::strerror(errno));
    }
    auto written = write_all_keys(beside, keys);
    if (written && ::rename(beside.c_str(), (parent / name).c_str()) != 0) {
        written = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                      ? Result<void>(fail(Errc::invalid, "there are keys in " + dir.string() +
                                                             " already; they are not overwritten"))
                      : Result<void>(
                            fail(Errc::io, "make " + dir.string() + ": " + std::strerror(errno)));
    }
    if (!written) {
        std::filesystem::remove_all(beside, error);
        return fail("save keys", written.error());
    }
    return sync_folder(parent);
}

Result<Keys> load_keys(const std::filesystem::path& dir) {
    Keys keys;
    for (const char* name : {"curve.key", "sign.key"}) {
        if (auto safe = private_to_us(dir / name); !safe) return fail("keys", safe.error());
    }
    const auto curve_secret = read_key(dir / "curve.key");
    if (!curve_secret) return tl::unexpected(curve_secret.error());
    const auto curve_public = read_key(dir / "curve.pub");
    if (!curve_public) return tl::unexpected(curve_public.error());
    const auto sign_secret = read_key(dir / "sign.key");
    if (!sign_secret) return tl::unexpected(sign_secret.error());
    const auto sign_public = read_key(dir / "sign.pub");
    if (!sign_public) return tl::unexpected(sign_public.error());

    keys.curve_secret = *curve_secret;
    keys.curve_public = *curve_public;
    keys.sign_secret = from_hex(*sign_secret, crypto_sign_SECRETKEYBYTES);
    keys.sign_public = from_hex(*sign_public, crypto_sign_PUBLICKEYBYTES);
    if (auto pairs = check_pairs(dir, keys); !pairs) return tl::unexpected(pairs.error());
    return keys;
}

}  // namespace filial::core
