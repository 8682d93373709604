#include "core/options_remote.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/link/keys.h"
#include "core/options_table.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// Beyond it a block ends by its bytes.
constexpr std::int64_t kBlockEventsMax = 65'536;

constexpr const char* kExpectCalls =
    "expected \"always\", \"asked\", or a list of \"every 30m\", \"at 19:30\", \"depth 500\", "
    "\"age 6h\"";

/// One text, or a list of them; null for anything else.
const std::vector<std::string>* texts_of(const TomlValue& value, std::vector<std::string>& one) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        one = {*text};
        return &one;
    }
    return std::get_if<std::vector<std::string>>(&value);
}

/// Each returns why the value cannot be; empty if it was set.
std::string set_block_events(Remote& remote, const TomlValue& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 0 || *number > kBlockEventsMax) {
        return "expected a number from 0 (no limit) to " + std::to_string(kBlockEventsMax);
    }
    remote.block_events = static_cast<std::uint64_t>(*number);
    return "";
}

std::string set_calls(Remote& remote, const TomlValue& value) {
    std::vector<std::string> one;
    const auto* words = texts_of(value, one);
    if (words == nullptr || words->empty()) return kExpectCalls;
    for (const std::string& word : *words) {
        const bool alone = words->size() == 1 || (word != "always" && word != "asked");
        if (!alone) return "\"" + word + "\" stands alone";
        if (const auto read = parse_call_word(remote.calls, word); !read) {
            return read.error().message + ", " + kExpectCalls;
        }
    }
    return "";
}

std::string set_hours(Remote& remote, const TomlValue& value) {
    constexpr const char* expected = "expected hours such as \"18:00-23:30\", or a list of them";
    std::vector<std::string> one;
    const auto* texts = texts_of(value, one);
    if (texts == nullptr || texts->empty()) return expected;
    for (const std::string& text : *texts) {
        const auto hours = parse_hours(text);
        if (!hours) return hours.error().message + ", " + expected;
        remote.calls.hours.push_back(*hours);
    }
    return "";
}

std::string set_rate(Remote& remote, const TomlValue& value) {
    constexpr const char* expected = "expected bytes a second such as \"4KiB\", at least 256";
    const auto* text = std::get_if<std::string>(&value);
    const auto size = text == nullptr ? Result<std::uint64_t>(0) : parse_size(*text);
    if (!size || *size < 256) return expected;
    remote.rate = *size;
    return "";
}

std::string set_text(Remote& remote, const std::string& key, const TomlValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "it is " + std::string(toml_kind(value)) + ", expected text";
    std::string& member = key == "name"       ? remote.name
                          : key == "endpoint" ? remote.endpoint
                          : key == "key"      ? remote.key
                                              : remote.line;
    member = *text;
    return "";
}

std::string set(Remote& remote, const TomlEntry& entry) {
    if (entry.key == "block_events") return set_block_events(remote, entry.value);
    if (entry.key == "calls") return set_calls(remote, entry.value);
    if (entry.key == "hours") return set_hours(remote, entry.value);
    if (entry.key == "rate") return set_rate(remote, entry.value);
    const bool text =
        entry.key == "name" || entry.key == "endpoint" || entry.key == "key" || entry.key == "line";
    if (text) return set_text(remote, entry.key, entry.value);
    return "unknown option, expected name, endpoint, key, line, block_events, calls, hours or rate";
}

/// Why this cannot be dialled, with the key that is wrong; empty if it can.
std::string problem_of(const Remote& remote) {
    const bool tcp = remote.endpoint.rfind("tcp://", 0) == 0;
    if (auto name = schema::parse_store_id(remote.name); !name) {
        return "name: " + name.error().message;
    }
    if (!is_dialable(remote.endpoint)) {
        return "endpoint: \"" + remote.endpoint + "\", expected tcp://HOST:PORT or ipc://PATH";
    }
    if (remote.line != "auto" && remote.line != "fast" && remote.line != "dear") {
        return "line: \"" + remote.line + "\", expected \"auto\", \"fast\" or \"dear\"";
    }
    if (remote.key.empty() ? tcp : !is_curve_key(remote.key)) {
        return "key: expected the public key of the other end, 40 characters of Z85";
    }
    return "";
}

}  // namespace

Result<void> read_remote(std::vector<Remote>& to, const TomlTable& table, const std::string& file) {
    const auto wrong = [&](std::size_t line, const std::string& key, const std::string& why) {
        return fail(Errc::invalid,
                    fmt::format("{}:{}: {}{}: {}", file, line, table.name, key, why));
    };
    if (!table.of_list) {
        return wrong(table.line, "", "there may be several, expected [[" + table.name + "]]");
    }
    Remote remote;
    for (const TomlEntry& entry : table.entries) {
        const std::string why = set(remote, entry);
        if (!why.empty()) return wrong(entry.line, "." + entry.key, why);
    }
    if (const std::string problem = problem_of(remote); !problem.empty()) {
        const std::string key = problem.substr(0, problem.find(':'));
        const TomlEntry* entry = table.find(key);
        return wrong(entry != nullptr ? entry->line : table.line, "." + key,
                     problem.substr(key.size() + 2));
    }
    const bool twice = std::any_of(to.begin(), to.end(),
                                   [&](const Remote& other) { return other.name == remote.name; });
    if (twice) return wrong(table.line, ".name", remote.name + " is here twice");
    to.push_back(std::move(remote));
    return {};
}

}  // namespace filial::core
