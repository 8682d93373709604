#include "cli/json.h"

#include <cstdint>

namespace filial::cli {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_base64(schema::ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            const std::uint32_t byte = i < have ? static_cast<unsigned char>(bytes[at + i]) : 0u;
            group = group << 8 | byte;
        }
        for (std::size_t i = 0; i < 4; ++i) {
            text += i <= have ? kDigits[group >> (18 - 6 * i) & 63] : '=';
        }
    }
    return text;
}

bool from_base64(std::string_view text, schema::Bytes& bytes) {
    bytes.clear();
    if (text.size() % 4 != 0) return false;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    std::uint32_t group = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool pad = at >= text.size() - padding;
        const std::size_t digit = pad ? 0 : kDigits.find(text[at]);
        if (digit == std::string_view::npos) return false;
        group = group << 6 | static_cast<std::uint32_t>(digit);
        if (at % 4 != 3) continue;
        for (int shift = 16; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(group >> shift & 255);
        }
        group = 0;
    }
    bytes.resize(bytes.size() - padding);
    return true;
}

Json seconds_or_null(std::int64_t microseconds) {
    if (microseconds < 0) return nullptr;
    return static_cast<double>(microseconds / 1'000) / 1e3;
}

}  // namespace filial::cli
