#include "core/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "core/clock.h"
#include "core/log_output.h"
#include "schema/codec.h"

namespace filial::core {
namespace {

struct Setup {
    std::string process;
    std::string store;
    Level from = Level::info;
    bool json = false;
    LogSink sink = nullptr;
};

Setup& setup() {
    static Setup instance;
    return instance;
}

std::string_view upper_name(Level level) {
    constexpr std::string_view names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    return names[static_cast<std::size_t>(level)];
}

/// The beginning of a value that is too long, cut where a character begins.
std::string shortened(std::string_view value) {
    if (value.size() <= kLogValueMax) return std::string(value);
    std::size_t end = kLogValueMax;
    while (end > kLogValueMax - 4 && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80) --end;
    return std::string(value.substr(0, end)) + "...";
}

/// Between quotes, by the rules of JSON. Bytes that are no UTF-8 become U+00XX of each.
std::string in_quotes(std::string_view text) {
    const bool utf8 = schema::is_utf8(text);
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    return out + '"';
}

/// As it is where nobody can misread it, else between quotes.
std::string plain(std::string_view value) {
    bool simple = !value.empty() && schema::is_utf8(value);
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '\\' || c == '=') simple = false;
    }
    return simple ? std::string(value) : in_quotes(value);
}

/// Text without a name: blanks may stay, a line's end may not.
std::string one_line(std::string_view text) {
    std::string out = in_quotes(text);
    return out.substr(1, out.size() - 2);
}

std::string time_text(schema::Timestamp at) {
    const std::int64_t seconds = at.value() / kSecond;
    std::string text = schema::to_string(schema::Timestamp{seconds * kSecond});
    text.pop_back();
    return text + fmt::format(".{:03}Z", (at.value() - seconds * kSecond) / kMillisecond);
}

/// The longest that a line holds up the loop when nobody reads stderr.
constexpr std::chrono::milliseconds kPatience{100};

std::string dropped_line(std::uint64_t dropped) {
    return log_line(SystemClock().wall(), Level::warn,
                    "lines of this log were dropped: nobody read it", {{"lines", dropped}});
}

LogOutput& output() {
    static LogOutput instance(STDERR_FILENO, kPatience, dropped_line);
    return instance;
}

}  // namespace

void log_setup(std::string process, std::string store, Level from, bool json) {
    setup() = Setup{std::move(process), std::move(store), from, json, nullptr};
}

void log_to(LogSink sink) { setup().sink = sink; }

std::string log_line(schema::Timestamp at, Level level, std::string_view text,
                     std::initializer_list<Field> fields) {
    const Setup& now = setup();
    std::string line;
    if (now.json) {
        line = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\"", time_text(at), upper_name(level));
        if (!now.process.empty()) line += ",\"process\":" + in_quotes(now.process);
        if (!now.store.empty()) line += ",\"store\":" + in_quotes(now.store);
        line += ",\"text\":" + in_quotes(shortened(text));
        for (const Field& field : fields) {
            line += "," + in_quotes(field.name) + ":" +
                    (field.bare ? field.value : in_quotes(shortened(field.value)));
        }
        return line + "}\n";
    }
    line = fmt::format("{} {}", time_text(at), upper_name(level));
    if (!now.process.empty()) line += " process=" + plain(now.process);
    if (!now.store.empty()) line += " store=" + plain(now.store);
    line += " " + one_line(shortened(text));
    for (const Field& field : fields) {
        line += " " + std::string(field.name) + "=" + plain(shortened(field.value));
    }
    return line + "\n";
}

void log(Level level, std::string_view text, std::initializer_list<Field> fields) {
    if (level < setup().from) return;
    if (setup().sink != nullptr) return setup().sink(level, text, fields);
    output().write(log_line(SystemClock().wall(), level, text, fields));
}

schema::Result<Level> parse_level(std::string_view text) {
    if (text == "debug") return Level::debug;
    if (text == "info") return Level::info;
    if (text == "warn") return Level::warn;
    if (text == "error") return Level::error;
    return schema::fail(schema::Errc::invalid, "log level \"" + std::string(text.substr(0, 40)) +
                                                   "\": expected debug, info, warn or error");
}

}  // namespace filial::core
