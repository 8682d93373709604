#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "schema/result.h"

namespace filial::bench {

/// One commit as it stands in a store's log.
struct RecordedGroup {
    std::uint64_t events = 0;
    std::uint64_t tickets = 0;
    std::size_t bytes = 0;  ///< Of its segments, encoded as they are stored.
};

/// The commits above `after` in the log of `store`, in order, read back from a publisher's journal.
/// The publisher must have ended.
schema::Result<std::vector<RecordedGroup>> recorded_groups(const std::filesystem::path& journal,
                                                           const std::string& store,
                                                           std::uint64_t after);

}  // namespace filial::bench
