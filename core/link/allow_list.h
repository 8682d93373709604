#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/result.h"

namespace filial::core {

/// One admitted store.
struct Admission {
    std::string store;
    std::string key;                     ///< CURVE public key, Z85.
    std::vector<std::string> read{"*"};  ///< Topics that it may fetch, and may_read.
    bool publish = true;                 ///< May send its own log, and hand in tickets for it.
    bool relay = false;                  ///< A broker: may send logs of other stores.
    bool tickets = false;                ///< May hand in tickets and query here over tcp.
};

/// Who may connect, and what for: `allow.toml`, written by `filial admit`, read again whenever it
/// changes; default deny. A revoked key is refused in the middle of a live connection, since every
/// message is looked up here.
class AllowList {
  public:
    explicit AllowList(std::filesystem::path file);
    /// One that never changes and has no file.
    explicit AllowList(const std::vector<Admission>& fixed);

    /// Reads the file if it changed since (size, time or inode). A damaged file keeps the last good
    /// list and is returned as the error; a missing one is an empty list.
    schema::Result<void> refresh();

    /// What a file of this name and text admits. `invalid` with "name:line: key: reason".
    static schema::Result<std::vector<Admission>> parse_allow_list(schema::ByteView text,
                                                                   const std::string& name);

    /// By key, at the handshake.
    const Admission* find_key(std::string_view curve_public) const;
    /// By store, for every message.
    const Admission* find_store(std::string_view store) const;
    std::vector<Admission> all() const;

    /// True if `admission` may fetch `topic`: one that it names, `control` always, and `accounts`
    /// where it names debts or customers. What a store's publisher has to act on beside, the
    /// session says (Switchboard).
    static bool may_read(const Admission& admission, std::string_view topic);

    /// Adds or replaces one store in `file`: written beside, synced, renamed. Two writers at once
    /// do not lose each other's entries.
    static schema::Result<void> admit(const std::filesystem::path& file, const Admission& entry);
    /// `not_found` if it is not there.
    static schema::Result<void> revoke(const std::filesystem::path& file, const std::string& store);

  private:
    std::filesystem::path file_;
    std::map<std::string, Admission> by_store_;
    std::map<std::string, std::string> store_by_key_;
    std::string seen_;                     ///< Size, time and inode of the file that was read.
    std::optional<schema::Error> damage_;  ///< Of that file.
};

}  // namespace filial::core
