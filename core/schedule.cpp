#include "core/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "core/clock.h"
#include "core/options.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr int kDay = 24 * 60;

Result<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0) {
        return fail(Errc::invalid, "\"" + std::string(text.substr(0, 40)) + "\" is no number");
    }
    return number;
}

/// "19:30" as minutes of the day; 24:00 is the end of it.
Result<int> parse_minute(std::string_view text) {
    const auto digits = [&](std::size_t at) {
        const bool both =
            text[at] >= '0' && text[at] <= '9' && text[at + 1] >= '0' && text[at + 1] <= '9';
        return both ? (text[at] - '0') * 10 + (text[at + 1] - '0') : -1;
    };
    const bool formed = text.size() == 5 && text[2] == ':';
    const int hour = formed ? digits(0) : -1;
    const int minute = formed ? digits(3) : -1;
    if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > kDay) {
        return fail(Errc::invalid, "\"" + std::string(text.substr(0, 40)) + "\" is no time of day");
    }
    return hour * 60 + minute;
}

std::string minute_text(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

/// The newest time of the day `at` that has come.
LocalTime last_occurrence(int at, const LocalTime& now) {
    return {now.minute >= at ? now.day : now.day - 1, at};
}

}  // namespace

LocalTime local_time(schema::Timestamp t) {
    std::int64_t seconds = t.value() / kSecond;
    if (t.value() % kSecond < 0) --seconds;
    const auto when = static_cast<std::time_t>(seconds);
    std::tm parts{};
    if (::localtime_r(&when, &parts) == nullptr) return {};
    // The offset is that of the moment, so that a day counts from one midnight to the next.
    const std::int64_t local = seconds + parts.tm_gmtoff;
    std::int64_t day = local / 86'400;
    if (local % 86'400 < 0) --day;
    return {day, parts.tm_hour * 60 + parts.tm_min};
}

Result<void> parse_call_word(CallPlan& plan, std::string_view word) {
    const std::size_t space = std::min(word.find(' '), word.size());
    const std::string_view what = word.substr(0, space);
    const std::string_view value = word.substr(std::min(space + 1, word.size()));
    const auto said = [&](const auto& parsed) {
        return fail(Errc::invalid, std::string(what) + ": " + parsed.error().message);
    };
    if (word == "always") {
        plan.standing = true;
        return {};
    }
    plan.standing = false;
    if (word == "asked") return {};
    if (what == "every" || what == "age") {
        const auto time = parse_duration_us(value);
        if (!time) return said(time);
        if (*time < kSecond) return fail(Errc::invalid, std::string(what) + ": at least 1s");
        (what == "every" ? plan.every_us : plan.age_us) = *time;
        return {};
    }
    if (what == "at") {
        const auto minute = parse_minute(value);
        if (!minute) return said(minute);
        plan.at.push_back(*minute % kDay);
        return {};
    }
    if (what == "depth") {
        const auto count = parse_count(value);
        if (!count) return said(count);
        plan.depth = *count;
        return {};
    }
    return fail(Errc::invalid, "\"" + std::string(word.substr(0, 40)) + "\" is no time to call");
}

Result<Hours> parse_hours(std::string_view text) {
    const std::size_t dash = std::min(text.find('-'), text.size());
    const auto from = parse_minute(text.substr(0, dash));
    if (!from) return tl::unexpected(from.error());
    const auto to = parse_minute(text.substr(std::min(dash + 1, text.size())));
    if (!to) return tl::unexpected(to.error());
    if (*from == *to) return fail(Errc::invalid, "from and to are the same");
    return Hours{*from, *to};
}

std::vector<std::string> call_words(const CallPlan& plan) {
    if (plan.standing) return {"always"};
    std::vector<std::string> words;
    if (plan.every_us > 0) words.push_back("every " + duration_text(plan.every_us));
    for (const int at : plan.at) words.push_back("at " + minute_text(at));
    if (plan.depth > 0) words.push_back("depth " + std::to_string(plan.depth));
    if (plan.age_us > 0) words.push_back("age " + duration_text(plan.age_us));
    if (words.empty()) words.emplace_back("asked");
    return words;
}

std::string hours_text(const Hours& hours) {
    return minute_text(hours.from) + "-" + minute_text(hours.to);
}

bool is_open(const CallPlan& plan, int minute) {
    return plan.hours.empty() || std::any_of(plan.hours.begin(), plan.hours.end(),
                                             [&](const Hours& each) { return each.has(minute); });
}

std::string call_due(const CallPlan& plan, const CallFacts& facts) {
    if (plan.standing || !is_open(plan, facts.now.minute)) return "";
    if (facts.failures > 0) {
        const std::int64_t doublings = std::min<std::int64_t>(facts.failures - 1, 20);
        const std::int64_t pause = std::min(kCallPause << doublings, kCallRetryMax);
        if (facts.since_try_us < pause) return "";
    }
    for (const int at : plan.at) {
        if (!facts.done || *facts.done < last_occurrence(at, facts.now)) {
            return "at " + minute_text(at);
        }
    }
    const bool never = !facts.since_done_us;
    if (plan.every_us > 0 && (never || *facts.since_done_us >= plan.every_us)) {
        return "every " + duration_text(plan.every_us);
    }
    if (!never && *facts.since_done_us < kCallPause) return "";
    if (plan.depth > 0 && facts.waiting_events >= plan.depth) {
        return std::to_string(facts.waiting_events) + " events wait";
    }
    if (plan.age_us > 0 && facts.oldest_age_us >= plan.age_us) {
        return "an event waits for more than " + duration_text(plan.age_us);
    }
    return "";
}

}  // namespace filial::core
