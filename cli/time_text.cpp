#include "cli/time_text.h"

#include <fmt/format.h>

#include <array>
#include <clocale>
#include <ctime>
#include <string_view>

#include "core/clock.h"

namespace filial::cli {
namespace {

std::string two_units(std::int64_t large, const char* large_name, std::int64_t small,
                      const char* small_name) {
    if (small == 0) return fmt::format("{} {}", large, large_name);
    return fmt::format("{} {} {} {}", large, large_name, small, small_name);
}

std::string formatted(schema::Timestamp t, const char* format) {
    std::int64_t seconds = t.value() / core::kSecond;
    if (t.value() % core::kSecond < 0) --seconds;
    const auto when = static_cast<std::time_t>(seconds);
    std::tm parts{};
    ::tzset();
    if (::localtime_r(&when, &parts) == nullptr) return "";
    std::array<char, 160> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), format, &parts);
    return std::string(text.data(), size);
}

}  // namespace

std::string local_time(schema::Timestamp t) {
    const std::string text = formatted(t, "%Y-%m-%d %H:%M:%S %Z");
    return text.empty() ? schema::to_string(t) : text;
}

std::string locale_time(schema::Timestamp t) {
    const char* name = std::setlocale(LC_TIME, nullptr);
    const std::string_view locale = name == nullptr ? "C" : name;
    const bool none = locale == "C" || locale == "POSIX" || locale.starts_with("C.");
    return none ? std::string() : formatted(t, "%x %X");
}

std::string duration_text(std::int64_t microseconds) {
    const std::int64_t seconds = microseconds / core::kSecond;
    if (seconds < 1) {
        const std::int64_t tenths = microseconds / (core::kSecond / 10);
        return fmt::format("0.{} s", tenths < 0 ? 0 : tenths);
    }
    if (seconds < 60) return fmt::format("{} s", seconds);
    const std::int64_t minutes = seconds / 60;
    if (minutes < 60) return two_units(minutes, "min", seconds % 60, "s");
    const std::int64_t hours = minutes / 60;
    if (hours < 24) return two_units(hours, "h", minutes % 60, "min");
    return two_units(hours / 24, "d", hours % 24, "h");
}

std::string age_text(std::int64_t microseconds) {
    return microseconds < 0 ? "?" : duration_text(microseconds);
}

std::string bytes_text(std::int64_t bytes) {
    if (bytes < 0) return "?";
    if (bytes < 1024) return fmt::format("{} bytes", bytes);
    const double kib = static_cast<double>(bytes) / 1024;
    if (kib < 1024) return fmt::format("{:.1f} KiB", kib);
    if (kib < 1024 * 1024) return fmt::format("{:.1f} MiB", kib / 1024);
    return fmt::format("{:.1f} GiB", kib / 1024 / 1024);
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
    return text;
}

std::string counted(std::uint64_t number, const std::string& one) {
    return grouped(number) + " " + one + (number == 1 ? "" : "s");
}

}  // namespace filial::cli
