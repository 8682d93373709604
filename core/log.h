#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/clock.h"
#include "schema/result.h"
#include "schema/timestamp.h"

namespace filial::core {

enum class Level { debug, info, warn, error };

/// One name and value of a log line.
struct Field {
    std::string_view name;
    std::string value;
    bool bare = false;  ///< A number or true or false: not quoted in JSON.
    Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
    Field(std::string_view n, const char* v) : name(n), value(v) {}
    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, bool v) : name(n), value(v ? "true" : "false"), bare(true) {}
    template <class Number>
    requires std::is_arithmetic_v<Number> Field(std::string_view n, Number v)
        : name(n), value(std::to_string(v)), bare(std::is_integral_v<Number>) {}
};

/// Set once at the start of a process, before the first line.
void log_setup(std::string process, std::string store, Level from, bool json);

/// Where lines go instead of stderr, for programs that run many processes in one (the simulator).
using LogSink = void (*)(Level level, std::string_view text, std::initializer_list<Field> fields);
void log_to(LogSink sink);

/// One line on stderr, in one write: `2026-11-22T10:00:00.123Z INFO process=publisher store=s1
/// event text name=value ...`, or one JSON object. Values are quoted and escaped where needed; of
/// one longer than kLogValueMax the beginning is written. No process waits for its log: a line that
/// cannot be written within a tenth of a second is dropped, those behind it at once, and the next
/// one that can be says how many.
void log(Level level, std::string_view text, std::initializer_list<Field> fields = {});

/// Bytes of one value in a line, so that a line stays one write that pipes do not tear apart.
constexpr std::size_t kLogValueMax = 1'024;

/// The line that `log` would write at `at`, with its end.
std::string log_line(schema::Timestamp at, Level level, std::string_view text,
                     std::initializer_list<Field> fields);

/// A trouble that lasts, as a log should have it: when it begins, then once a minute, and its end.
class LastingTrouble {
  public:
    /// It is there (still). True when that is to be logged.
    bool seen(BootTime now) {
        if (since_said_ && now.value() - since_said_->value() < 60 * kSecond) return false;
        since_said_ = now;
        return true;
    }
    /// It is not there. True if it was, so that its end is to be logged.
    bool over() { return std::exchange(since_said_, std::nullopt).has_value(); }

  private:
    std::optional<BootTime> since_said_;
};

schema::Result<Level> parse_level(std::string_view text);

}  // namespace filial::core
