#include "schema/timestamp.h"

#include <fmt/format.h>

#include <chrono>

namespace filial::schema {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kBegin = -62'167'219'200;  ///< 0000-01-01, in seconds.
constexpr std::int64_t kEnd = 253'402'300'800;    ///< 10000-01-01, in seconds.

/// Reads exactly `digits` digits at `at`; -1 if there are none such.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// Seconds east of UTC, from "Z" or "+hh:mm"; clears `ok` for anything else.
std::int64_t offset_from(std::string_view zone, bool& ok) {
    if (zone == "Z" || zone == "z") return 0;
    const int hours = number_at(zone, 1, 2);
    const int minutes = number_at(zone, 4, 2);
    const bool sign_ok = !zone.empty() && (zone[0] == '+' || zone[0] == '-');
    if (zone.size() != 6 || !sign_ok || zone[3] != ':' || hours < 0 || hours > 23 || minutes < 0 ||
        minutes > 59) {
        ok = false;
        return 0;
    }
    const std::int64_t seconds = (std::int64_t{hours} * 60 + minutes) * 60;
    return zone[0] == '-' ? -seconds : seconds;
}

}  // namespace

Result<Timestamp> parse_timestamp(std::string_view text) {
    using namespace std::chrono;
    const auto refuse = [&] {
        return fail(Errc::invalid, "time \"" + std::string(text.substr(0, 40)) +
                                       "\": expected like 2010-12-01T09:32:00Z");
    };
    const int year_ = number_at(text, 0, 4), month_ = number_at(text, 5, 2),
              day_ = number_at(text, 8, 2), hour_ = number_at(text, 11, 2),
              minute_ = number_at(text, 14, 2), second_ = number_at(text, 17, 2);
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':' ||
        year_ < 1970 || hour_ < 0 || hour_ > 23 || minute_ < 0 || minute_ > 59 || second_ < 0 ||
        second_ > 60) {
        return refuse();
    }
    const year_month_day date{year{year_}, month{static_cast<unsigned>(month_)},
                              day{static_cast<unsigned>(day_)}};
    if (month_ < 1 || day_ < 1 || !date.ok()) return refuse();

    std::size_t at = 19;
    std::int64_t fraction = 0;
    if (text[at] == '.') {
        std::int64_t scale = kMicros / 10;
        const std::size_t point = at++;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
            fraction += (text[at] - '0') * scale;
        }
        if (at - point < 2 || at - point > 7) return refuse();
    }
    bool ok = true;
    const std::int64_t offset = offset_from(text.substr(at), ok);
    if (!ok) return refuse();

    const std::int64_t days = sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds =
        days * 86'400 + std::int64_t{hour_} * 3'600 + minute_ * 60 + second_ - offset;
    if (seconds < 0 || seconds >= kEnd) return refuse();
    return Timestamp{seconds * kMicros + fraction};
}

std::string to_string(Timestamp t) {
    using namespace std::chrono;
    if (t.value() < kBegin * kMicros || t.value() >= kEnd * kMicros) {
        return fmt::format("{} us", t.value());
    }
    const sys_time<microseconds> point{microseconds{t.value()}};
    const auto day_point = floor<days>(point);
    const year_month_day date{day_point};
    const hh_mm_ss time{floor<seconds>(point) - day_point};
    const auto fraction = (point - floor<seconds>(point)).count();
    std::string text = fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int{date.year()}, unsigned{date.month()},
        unsigned{date.day()}, time.hours().count(), time.minutes().count(), time.seconds().count());
    if (fraction != 0) text += fmt::format(".{:06}", fraction);
    return text + "Z";
}

}  // namespace filial::schema
