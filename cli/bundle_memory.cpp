#include "cli/bundle_memory.h"

#include "cli/file.h"
#include "cli/json.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

constexpr std::size_t kMemoryBytesMax = 16 * 1024 * 1024;

/// Throws for anything but a whole number from 0.
std::uint64_t whole_number(const Json& json) {
    return json.get_ref<const Json::number_unsigned_t&>();
}

}  // namespace

void BundleMemory::heard(const schema::BundleHeader& header) {
    for (const schema::Position& held : header.holds) {
        schema::Position& known = holds.try_emplace(held.store, held).first->second;
        const bool further = std::pair(held.epoch, held.seq) > std::pair(known.epoch, known.seq);
        if (further) known = held;
    }
}

std::filesystem::path bundle_memory_file(const std::filesystem::path& data,
                                         const schema::StoreId& store) {
    return data / "bundles" / (store.value() + ".json");
}

Result<BundleMemory> load_bundle_memory(const std::filesystem::path& file) {
    const auto text = read_file(file, kMemoryBytesMax);
    if (!text && text.error().code == Errc::not_found) return BundleMemory{};
    if (!text) return tl::unexpected(text.error());
    auto memory = parse_bundle_memory(*text);
    if (memory) return memory;
    return schema::fail(Errc::corrupt,
                        file.string() + " cannot be read: " + memory.error().message +
                            "; take it away, and the next bundle begins at the beginning");
}

Result<BundleMemory> parse_bundle_memory(schema::ByteView text) {
    BundleMemory memory;
    try {
        const Json json = Json::parse(text);
        memory.number = whole_number(json.at("number"));
        for (const Json& one : json.at("holds")) {
            schema::Position held;
            held.store = schema::StoreId{one.at("store").get<std::string>()};
            held.epoch = schema::Epoch{static_cast<std::uint32_t>(whole_number(one.at("epoch")))};
            held.seq = schema::Sequence{whole_number(one.at("seq"))};
            memory.holds[held.store] = held;
        }
    } catch (const Json::exception& e) {
        return schema::fail(Errc::corrupt, e.what());
    }
    return memory;
}

std::string bundle_memory_text(const BundleMemory& memory) {
    Json holds = Json::array();
    for (const auto& [store, held] : memory.holds) {
        Json one;
        one["store"] = store.value();
        one["epoch"] = held.epoch.value();
        one["seq"] = held.seq.value();
        holds.push_back(std::move(one));
    }
    Json json;
    json["number"] = memory.number;
    json["holds"] = std::move(holds);
    return dump(json) + "\n";
}

Result<void> save_bundle_memory(const std::filesystem::path& file, const BundleMemory& memory) {
    std::error_code ignored;
    std::filesystem::create_directories(file.parent_path(), ignored);
    return write_file(file, bundle_memory_text(memory));
}

}  // namespace filial::cli
