#include "core/known_hubs.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/disk_text.h"

namespace filial::core {

using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr const char* kHubsFile = "hubs";
constexpr std::size_t kHubsBytesMax = 256 * 1024;
constexpr ByteView kFirst = "first";
constexpr ByteView kAccepted = "accepted: ";

/// The text up to the next blank, which is taken off with it; nullopt where there is none.
std::optional<ByteView> word(ByteView& line) {
    const std::size_t blank = line.find(' ');
    if (blank == ByteView::npos) return std::nullopt;
    const ByteView first = line.substr(0, blank);
    line.remove_prefix(blank + 1);
    return first;
}

std::optional<HubLife> parse_line(ByteView line) {
    const auto name = word(line);
    const auto digits = name ? word(line) : std::nullopt;
    const auto time = digits ? word(line) : std::nullopt;
    if (!time) return std::nullopt;
    const auto hub = schema::parse_store_id(*name);
    const auto life = schema::id16_from_hex(*digits);
    std::int64_t at = 0;
    const auto [end, error] = std::from_chars(time->data(), time->data() + time->size(), at);
    const bool whole = error == std::errc() && end == time->data() + time->size();
    const bool accepted = line.starts_with(kAccepted) && line.size() > kAccepted.size();
    if (!hub || !life || !whole || !(accepted || line == kFirst)) return std::nullopt;
    const std::string reason(accepted ? line.substr(kAccepted.size()) : ByteView());
    return HubLife{*hub, *life, schema::Timestamp{at}, reason};
}

}  // namespace

const HubLife* KnownHubs::find(const schema::StoreId& hub) const {
    const auto found = std::find_if(lives_.rbegin(), lives_.rend(),
                                    [&](const HubLife& life) { return life.hub == hub; });
    return found == lives_.rend() ? nullptr : &*found;
}

std::string KnownHubs::text() const {
    std::string all;
    for (const HubLife& life : lives_) {
        std::string reason = life.reason;
        std::replace(reason.begin(), reason.end(), '\n', ' ');
        all += life.hub.value() + " " + schema::to_hex(schema::view(life.life)) + " " +
               std::to_string(life.at.value()) + " " +
               (reason.empty() ? std::string(kFirst) : std::string(kAccepted) + reason) + "\n";
    }
    return all;
}

Result<KnownHubs> parse_known_hubs(ByteView text) {
    KnownHubs hubs;
    if (text.empty()) return fail(Errc::corrupt, "it is empty");
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        auto life = end == ByteView::npos ? std::nullopt : parse_line(text.substr(0, end));
        if (!life) {
            return fail(Errc::corrupt, "line " + std::to_string(hubs.all().size() + 1) +
                                           ": no broker, life, time and \"first\" or \"accepted: "
                                           "REASON\"");
        }
        hubs.add(std::move(*life));
        text.remove_prefix(end + 1);
    }
    return hubs;
}

Result<KnownHubs> read_known_hubs(const std::filesystem::path& data) {
    const auto file = data / kHubsFile;
    const auto text = read_text(file, kHubsBytesMax);
    if (!text && text.error().code == Errc::not_found) return KnownHubs();
    if (!text) return tl::unexpected(text.error());
    auto hubs = parse_known_hubs(*text);
    if (!hubs) return fail(file.string(), hubs.error());
    return hubs;
}

Result<void> write_known_hubs(const std::filesystem::path& data, const KnownHubs& hubs) {
    return replace_text(data / kHubsFile, hubs.text(), 0600);
}

}  // namespace filial::core
