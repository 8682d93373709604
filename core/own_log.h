#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "schema/ids.h"
#include "schema/result.h"

namespace filial::core {

/// Which log of its own store a replica has read. It stands in the replica's folder as `own-log`,
/// one line "store1 1 00112233445566778899aabbccddeeff", for the publisher beside it: a second log
/// under the same name and epoch would give its events positions that others stand at already.
struct OwnLog {
    schema::StoreId store;
    schema::Epoch epoch;
    schema::Incarnation incarnation{};
    friend bool operator==(const OwnLog&, const OwnLog&) = default;
};

std::string own_log_text(const OwnLog& log);
/// `corrupt` for anything but such a line.
schema::Result<OwnLog> parse_own_log(schema::ByteView text);

/// Nothing where the folder or the file is missing; `corrupt`, or `io`, with the file's name.
schema::Result<std::optional<OwnLog>> read_own_log(const std::filesystem::path& replica);
/// Durable on return; makes the folder.
schema::Result<void> write_own_log(const std::filesystem::path& replica, const OwnLog& log);

}  // namespace filial::core
