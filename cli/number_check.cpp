#include "cli/number_check.h"

#include <charconv>

namespace filial::cli {

namespace {

constexpr double kSecondsMax = 366.0 * 24 * 3600;

}  // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most, const std::string& what) {
    const auto check = [least, most, what](const std::string& text) -> std::string {
        std::uint64_t number = 0;
        const char* end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data(), end, number);
        const bool plain = text.size() == 1 || !text.starts_with("0");
        const bool whole = error == std::errc{} && stopped == end && plain;
        if (whole && number >= least && number <= most) return {};
        std::string allowed = " is not " + what + ": a whole number from " + std::to_string(least);
        if (most != UINT64_MAX) allowed += " to " + std::to_string(most);
        return text + allowed;
    };
    return CLI::Validator(check, "");
}

CLI::Validator seconds_number() {
    const auto check = [](const std::string& text) -> std::string {
        double seconds = 0;
        const char* end = text.data() + text.size();
        const auto [stopped, error] =
            std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
        const bool digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
        if (digit && error == std::errc{} && stopped == end && seconds <= kSecondsMax) return {};
        return text + " is not a time in seconds: 0 to a year, such as 10 or 0.5";
    };
    return CLI::Validator(check, "");
}

}  // namespace filial::cli
