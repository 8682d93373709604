#include "schema/ids.h"

#include <algorithm>
#include <cstring>

#include "schema/limits.h"

namespace filial::schema {
namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

ByteView view(const std::array<std::uint8_t, 16>& id) {
    return {reinterpret_cast<const char*>(id.data()), id.size()};
}

std::array<std::uint8_t, 16> id16_from(ByteView bytes) {
    std::array<std::uint8_t, 16> id{};
    if (bytes.size() == id.size()) std::memcpy(id.data(), bytes.data(), id.size());
    return id;
}

std::optional<std::array<std::uint8_t, 16>> id16_from_hex(ByteView text) {
    constexpr ByteView digits = "0123456789abcdef";
    std::array<std::uint8_t, 16> id{};
    if (text.size() != 2 * id.size()) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t digit = digits.find(text[i]);
        if (digit == ByteView::npos) return std::nullopt;
        id[i / 2] = static_cast<std::uint8_t>(id[i / 2] * 16u + digit);
    }
    return id;
}

std::string to_hex(ByteView bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

Result<StoreId> parse_store_id(std::string_view text) {
    const bool length_ok = !text.empty() && text.size() <= kStoreIdBytesMax;
    const bool chars_ok =
        std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
    if (!length_ok || !chars_ok || text.front() == '-') {
        return fail(Errc::invalid, "store name \"" + std::string(text.substr(0, 64)) +
                                       "\": 1 to 32 of a-z 0-9 and -, not beginning with -");
    }
    return StoreId{std::string(text)};
}

bool is_notice_topic(std::string_view topic) {
    return topic == kTopicControl || topic == kTopicAccounts;
}

bool is_reserved_topic(std::string_view topic) {
    return topic == kTopicStock || topic == kTopicCustomers || topic == kTopicDebts ||
           is_notice_topic(topic) || topic == kAllTopics;
}

Result<std::string> parse_topic(std::string_view text) {
    const bool length_ok = !text.empty() && text.size() <= kTopicBytesMax;
    const bool chars_ok = std::all_of(text.begin(), text.end(), [](char c) {
        return is_alnum(c) || c == '.' || c == '_' || c == '-';
    });
    if (!length_ok || !chars_ok || !is_alnum(text.front())) {
        return fail(Errc::invalid, "topic \"" + std::string(text.substr(0, 80)) +
                                       "\": 1 to 64 of a-z 0-9 . _ -, beginning with a-z or 0-9");
    }
    return std::string(text);
}

std::string to_string(const Position& position) {
    return position.store.value() + "/" + std::to_string(position.epoch.value()) + "/" +
           std::to_string(position.seq.value());
}

}  // namespace filial::schema
