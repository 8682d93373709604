#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/result.h"

namespace filial::core {

/// Why a store's log must not go on for now: it may have gone on elsewhere, or be another one.
/// Stands in the data folder as `quarantine`, outside of what a backup holds, from `filial restore`
/// or the publisher's own finding until head office has readmitted the incarnation:
///
///     store1 00112233445566778899aabbccddeeff
///     aside publisher.aside-1
///     why it was restored from a backup of 2026-11-29
struct Quarantine {
    schema::StoreId store;
    schema::Incarnation incarnation{};  ///< Drawn for this return: nobody else's on any disk.
    std::vector<std::string> aside;     ///< Folders beside it with logs that are not gone on with.
    std::string reason;                 ///< For people, on one line.
    friend bool operator==(const Quarantine&, const Quarantine&) = default;
};

/// With an incarnation of its own.
Quarantine begin_quarantine(const schema::StoreId& store, std::string reason);

std::string quarantine_text(const Quarantine& quarantine);
/// `corrupt` for anything but such lines.
schema::Result<Quarantine> parse_quarantine(schema::ByteView text);

/// Nothing where there is no such file in `data`; `corrupt`, or `io`, with the file's name.
schema::Result<std::optional<Quarantine>> read_quarantine(const std::filesystem::path& data);
/// Durable on return.
schema::Result<void> write_quarantine(const std::filesystem::path& data,
                                      const Quarantine& quarantine);
/// It is over: the file goes, durable on return.
schema::Result<void> lift_quarantine(const std::filesystem::path& data);

}  // namespace filial::core
