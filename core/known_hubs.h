#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/result.h"
#include "schema/timestamp.h"

namespace filial::core {

/// A broker's memory as a store met it: which life of that broker it is, and since when, and by
/// whose word. A broker that lost its disk has another one.
struct HubLife {
    schema::StoreId hub;
    schema::Incarnation life{};
    schema::Timestamp at;  ///< By this store's clock, for people.
    std::string reason;    ///< Of a person who accepted it, on one line; else empty.
    friend bool operator==(const HubLife&, const HubLife&) = default;
};

/// The brokers of a store, as it knows them. The first life of each is taken as it is met; another
/// one counts only when a person has accepted it here. The file `hubs` in the data folder, outside
/// of what a backup holds; each line stays, the last one of a broker counts:
///
///     head 00112233445566778899aabbccddeeff 1764444444000000 first
///     head 8899aabbccddeeff0011223344556677 1764555555000000 accepted: a new disk
class KnownHubs {
  public:
    /// The life that counts; nullptr where that broker was never met.
    const HubLife* find(const schema::StoreId& hub) const;
    /// All lives, in the order in which they came to count.
    const std::vector<HubLife>& all() const { return lives_; }
    void add(HubLife life) { lives_.push_back(std::move(life)); }

    std::string text() const;
    friend bool operator==(const KnownHubs&, const KnownHubs&) = default;

  private:
    std::vector<HubLife> lives_;
};

/// `corrupt` for anything but such lines, and for none: it is never written without one.
schema::Result<KnownHubs> parse_known_hubs(schema::ByteView text);

/// None where there is no such file in `data`, and only there; `corrupt`, or `io`, with the file's
/// name.
schema::Result<KnownHubs> read_known_hubs(const std::filesystem::path& data);
/// Durable on return.
schema::Result<void> write_known_hubs(const std::filesystem::path& data, const KnownHubs& hubs);

}  // namespace filial::core
