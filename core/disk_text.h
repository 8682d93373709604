#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "schema/result.h"

/// Small files of text that people and programs write: configuration, keys, the allow list.
namespace filial::core {

/// The whole file. `not_found` if there is none, `too_large` above `bytes_max`, `io` else.
schema::Result<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max);

/// Makes `file` with these rights and syncs it. `io`, also if it is there already.
schema::Result<void> write_new(const std::filesystem::path& file, std::string_view text,
                               unsigned mode);

/// Puts `text` in the place of `file`: written beside it, synced, renamed, the folder synced.
/// Either the old or the new content is there at any time.
schema::Result<void> replace_text(const std::filesystem::path& file, std::string_view text,
                                  unsigned mode);

/// Makes entries of a folder that were added, renamed or removed durable.
schema::Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace filial::core
