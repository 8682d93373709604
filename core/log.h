#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "schema/result.h"

namespace filial::core {

enum class Level { debug, info, warn, error };

/// One name and value of a log line.
struct Field {
    std::string_view name;
    std::string value;
    Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
    Field(std::string_view n, const char* v) : name(n), value(v) {}
    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    template <class Number>
        requires std::is_arithmetic_v<Number>
    Field(std::string_view n, Number v) : name(n), value(std::to_string(v)) {}
};

/// Set once at the start of a process, before the first line.
void log_setup(std::string process, std::string store, Level from, bool json);

/// One line on stderr, in one write: `2026-11-22T10:00:00.123Z INFO process=publisher store=s1
/// event text name=value ...`, or one JSON object. Values are quoted and escaped where needed.
void log(Level level, std::string_view text, std::initializer_list<Field> fields = {});

schema::Result<Level> parse_level(std::string_view text);

}  // namespace filial::core
