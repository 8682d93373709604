#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "schema/ids.h"
#include "schema/result.h"

namespace filial::cli {

/// How far a tap has come in one log.
struct TapPosition {
    schema::Epoch epoch;
    schema::Sequence after;
    friend bool operator==(const TapPosition&, const TapPosition&) = default;
};

/// What a tap with a name remembers, `data/taps/NAME.json`: its topic, its positions, and the file
/// that it wrote to with its place and the size which it had then.
struct TapState {
    std::string topic;
    std::map<schema::StoreId, TapPosition> positions;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;  ///< 0: it wrote to no file.
    std::uint64_t bytes = 0;
    std::string path;  ///< Where that file was.
    friend bool operator==(const TapState&, const TapState&) = default;
};

/// An empty state if there is no file; `corrupt` if it is none of a tap.
schema::Result<TapState> load_tap(const std::filesystem::path& file);
/// The same from the file's content.
schema::Result<TapState> parse_tap(schema::ByteView text);
std::string tap_text(const TapState& state);
/// Durable on return, whole or not at all.
schema::Result<void> save_tap(const std::filesystem::path& file, const TapState& state);

}  // namespace filial::cli
