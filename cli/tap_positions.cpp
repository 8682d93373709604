#include "cli/tap_positions.h"

#include "cli/file.h"
#include "cli/json.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

/// Positions of a thousand stores take 60 KiB.
constexpr std::size_t kFileBytesMax = 16 * 1024 * 1024;

}  // namespace

Result<TapState> load_tap(const std::filesystem::path& file) {
    TapState state;
    const auto text = read_file(file, kFileBytesMax);
    if (!text && text.error().code == Errc::not_found) return state;
    if (!text) return tl::unexpected(text.error());
    try {
        const Json json = Json::parse(*text);
        state.topic = json.at("topic").get<std::string>();
        for (const Json& one : json.at("positions")) {
            TapPosition& position =
                state.positions[schema::StoreId{one.at("store").get<std::string>()}];
            position.epoch = schema::Epoch{one.at("epoch").get<std::uint32_t>()};
            position.after = schema::Sequence{one.at("after").get<std::uint64_t>()};
        }
        const Json& out = json.at("output");
        state.device = out.at("device").get<std::uint64_t>();
        state.inode = out.at("inode").get<std::uint64_t>();
        state.bytes = out.at("bytes").get<std::uint64_t>();
    } catch (const Json::exception& e) {
        return schema::fail(Errc::corrupt, file.string() + " is no tap's memory: " + e.what() +
                                               "; take it away to begin again");
    }
    return state;
}

Result<void> save_tap(const std::filesystem::path& file, const TapState& state) {
    Json positions = Json::array();
    for (const auto& [store, position] : state.positions) {
        Json one;
        one["store"] = store.value();
        one["epoch"] = position.epoch.value();
        one["after"] = position.after.value();
        positions.push_back(std::move(one));
    }
    Json output;
    output["device"] = state.device;
    output["inode"] = state.inode;
    output["bytes"] = state.bytes;
    Json json;
    json["topic"] = state.topic;
    json["positions"] = std::move(positions);
    json["output"] = std::move(output);
    return write_file(file, dump(json) + "\n");
}

}  // namespace filial::cli
