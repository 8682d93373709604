#include "cli/tap_positions.h"

#include "cli/file.h"
#include "cli/json.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

/// Positions of a thousand stores take 60 KiB.
constexpr std::size_t kFileBytesMax = 16 * 1024 * 1024;

/// Throws for anything but a whole number from 0.
std::uint64_t number_of(const Json& json) { return json.get_ref<const Json::number_unsigned_t&>(); }

}  // namespace

Result<TapState> load_tap(const std::filesystem::path& file) {
    const auto text = read_file(file, kFileBytesMax);
    if (!text && text.error().code == Errc::not_found) return TapState{};
    if (!text) return tl::unexpected(text.error());
    auto state = parse_tap(*text);
    if (state) return state;
    return schema::fail(Errc::corrupt, file.string() + " is no tap's memory: " +
                                           state.error().message + "; take it away to begin again");
}

Result<TapState> parse_tap(schema::ByteView text) {
    TapState state;
    try {
        const Json json = Json::parse(text);
        state.topic = json.at("topic").get<std::string>();
        for (const Json& one : json.at("positions")) {
            TapPosition& position =
                state.positions[schema::StoreId{one.at("store").get<std::string>()}];
            position.epoch = schema::Epoch{static_cast<std::uint32_t>(number_of(one.at("epoch")))};
            position.after = schema::Sequence{number_of(one.at("after"))};
        }
        const Json& out = json.at("output");
        state.device = number_of(out.at("device"));
        state.inode = number_of(out.at("inode"));
        state.bytes = number_of(out.at("bytes"));
        state.path = out.value("path", "");
    } catch (const Json::exception& e) {
        return schema::fail(Errc::corrupt, e.what());
    }
    return state;
}

Result<void> save_tap(const std::filesystem::path& file, const TapState& state) {
    return write_file(file, tap_text(state));
}

std::string tap_text(const TapState& state) {
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
    output["path"] = state.path;
    Json json;
    json["topic"] = state.topic;
    json["positions"] = std::move(positions);
    json["output"] = std::move(output);
    return dump(json) + "\n";
}

}  // namespace filial::cli
