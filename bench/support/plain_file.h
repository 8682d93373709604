#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "schema/result.h"

namespace filial::bench {

/// The least that durability costs: appends each of `groups` (sizes in bytes) to a new file in
/// `dir` with one write and one fdatasync, and gives the seconds that each of them took. The file
/// is removed.
schema::Result<std::vector<double>> append_and_sync(const std::filesystem::path& dir,
                                                    const std::vector<std::size_t>& groups);

}  // namespace filial::bench
