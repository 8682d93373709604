#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/timestamp.h"

/// When a leg is up by itself: `calls` and `hours` of a [[hub]] or [[peer]]. Pure: time and what
/// waits come in, decisions go out.
namespace filial::core {

/// A day and a minute of it by the store's own wall clock.
struct LocalTime {
    std::int64_t day = 0;  ///< Counted from any fixed day.
    int minute = 0;        ///< 0 to 1439.
    friend auto operator<=>(const LocalTime&, const LocalTime&) = default;
};
LocalTime local_time(schema::Timestamp t);

/// From a minute of the day up to another one, which may lie behind midnight.
struct Hours {
    int from = 0;
    int to = 0;
    bool has(int minute) const {
        return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
    }
    friend bool operator==(const Hours&, const Hours&) = default;
};

/// What the configuration says of one leg.
struct CallPlan {
    bool standing = true;       ///< "always": it is up whenever its hours allow it.
    std::int64_t every_us = 0;  ///< 0: not by time.
    std::vector<int> at;        ///< Minutes of the day.
    std::uint64_t depth = 0;    ///< Events that wait; 0: however many.
    std::int64_t age_us = 0;    ///< Of the oldest one; 0: however old.
    std::vector<Hours> hours;   ///< Outside of them it is not up by itself; empty: at any hour.
    bool up_by_itself() const { return standing && hours.empty(); }
    friend bool operator==(const CallPlan&, const CallPlan&) = default;
};

/// Adds one word of `calls`: "always", "asked" (on need only), "every 30m", "at 19:30",
/// "depth 500", "age 6h". `invalid` for any other.
schema::Result<void> parse_call_word(CallPlan& plan, std::string_view word);
/// "18:00-23:30". `invalid` otherwise.
schema::Result<Hours> parse_hours(std::string_view text);
/// As they are written.
std::vector<std::string> call_words(const CallPlan& plan);
std::string hours_text(const Hours& hours);

/// Whether the hours of the plan allow the leg to be up by itself.
bool is_open(const CallPlan& plan, int minute);

/// What a decision rests on.
struct CallFacts {
    LocalTime now;
    std::optional<LocalTime> done;              ///< When the last call began that did its work.
    std::optional<std::int64_t> since_done_us;  ///< Since that.
    std::int64_t failures = 0;                  ///< Calls in a row that did not.
    std::int64_t since_try_us = 0;              ///< Since the last of these began.
    std::uint64_t waiting_events = 0;
    std::int64_t oldest_age_us = -1;  ///< -1: nothing waits.
};

/// Why a call is due: "at 19:30", "every 30m", "600 events wait"; empty while none is. A time of
/// day that was slept through is made up for. A call that failed is tried again after a minute, and
/// after twice as long each time, up to an hour. Never due: a leg that is standing.
std::string call_due(const CallPlan& plan, const CallFacts& facts);

/// After a call that did its work, what still waits is no reason for another one so soon.
constexpr std::int64_t kCallPause = std::int64_t{60} * 1'000'000;
/// The longest pause after calls that failed.
constexpr std::int64_t kCallRetryMax = 60 * kCallPause;

}  // namespace filial::core
