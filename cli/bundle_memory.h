#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

#include "schema/bundle.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace filial::cli {

/// What this machine remembers of one store that it exchanges bundles with,
/// `data/bundles/STORE.json`.
struct BundleMemory {
    std::uint64_t number = 0;  ///< Of the last bundle that was written for it.
    /// What it said that it holds of each log, in the newest of its bundles that was read here.
    std::map<schema::StoreId, schema::Position> holds;

    /// A bundle of that store was read. Only what is further counts: bundles come out of order.
    void heard(const schema::BundleHeader& header);
    friend bool operator==(const BundleMemory&, const BundleMemory&) = default;
};

std::filesystem::path bundle_memory_file(const std::filesystem::path& data,
                                         const schema::StoreId& store);
/// Empty if there is no file; `corrupt` if it cannot be read.
schema::Result<BundleMemory> load_bundle_memory(const std::filesystem::path& file);
/// The same from the file's content.
schema::Result<BundleMemory> parse_bundle_memory(schema::ByteView text);
std::string bundle_memory_text(const BundleMemory& memory);
/// Durable on return, whole or not at all; makes the folder.
schema::Result<void> save_bundle_memory(const std::filesystem::path& file,
                                        const BundleMemory& memory);

}  // namespace filial::cli
