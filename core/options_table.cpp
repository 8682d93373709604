#include "core/options_table.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace filial::core {
namespace {

using Texts = std::vector<std::string>;
using std::filesystem::path;

TomlValue text_kind() { return std::string(); }
TomlValue number_kind() { return std::int64_t{0}; }
TomlValue flag_kind() { return false; }
TomlValue texts_kind() { return Texts(); }

// The table asks for the kind before it sets: these never fail.
const std::string& text(const TomlValue& value) { return std::get<std::string>(value); }
const Texts& texts(const TomlValue& value) { return std::get<Texts>(value); }

std::string absolute(const path& given, const path& base) {
    return (base / given).lexically_normal().string();
}

/// Empty, or why `given` is no duration from `least` to `most`.
std::string set_duration(std::int64_t& to, const std::string& given, std::int64_t least,
                         std::int64_t most) {
    const auto parsed = parse_duration_us(given);
    if (!parsed) return parsed.error().message;
    if (*parsed < least || *parsed > most) {
        return "\"" + given + "\" is out of range";
    }
    to = *parsed;
    return "";
}

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::string set_policy(std::int64_t& to, const TomlValue& value) {
    return set_duration(to, text(value), -1, kNoLimit);
}

std::string set_listen(std::string& to, const TomlValue& value) {
    const std::string& given = text(value);
    const bool tcp = given.rfind("tcp://", 0) == 0;
    const std::size_t colon = given.rfind(':');
    const std::string port = tcp && colon > 5 ? given.substr(colon + 1) : "";
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    const bool port_ok = port == "*" || (!port.empty() && error == std::errc() &&
                                         end == port.data() + port.size() && number <= 65'535);
    if (!given.empty() && (!port_ok || colon == 6)) return "\"" + given + "\" is no endpoint";
    to = given;
    return "";
}

std::string set_topics(Options& options, const TomlValue& value) {
    for (const std::string& topic : texts(value)) {
        if (auto parsed = schema::parse_topic(topic); !parsed) return parsed.error().message;
    }
    options.subscriber.topics = texts(value);
    return "";
}

std::string set_stores(Options& options, const TomlValue& value) {
    const Texts& given = texts(value);
    for (const std::string& store : given) {
        if (store == "*" && given.size() == 1) continue;
        if (auto parsed = schema::parse_store_id(store); !parsed) return parsed.error().message;
    }
    options.subscriber.stores = given;
    return "";
}

constexpr std::string_view kExpectListen =
    "tcp://ADDRESS:PORT such as tcp://*:5701, or \"\" for none";
constexpr std::string_view kExpectPolicy = "a time such as \"10m\" or \"1d\", or \"official\"";
constexpr std::string_view kExpectFlag = "true or false";

const OptionRow kRows[] = {
    {"store", "a store's name", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         auto parsed = schema::parse_store_id(text(v));
         if (!parsed) return parsed.error().message;
         o.store = *parsed;
         return "";
     },
     [](const Options& o) -> TomlValue { return o.store.value(); }},
    {"data", "a folder", text_kind,
     [](Options& o, const TomlValue& v, const path& base) -> std::string {
         if (text(v).empty()) return "it is empty";
         o.data = absolute(text(v), base);
         return "";
     },
     [](const Options& o) -> TomlValue { return o.data.string(); }},
    {"sockets", "a folder with a short name", text_kind,
     [](Options& o, const TomlValue& v, const path& base) -> std::string {
         if (text(v).empty()) return "it is empty";
         o.sockets = absolute(text(v), base);
         return "";
     },
     [](const Options& o) -> TomlValue { return o.sockets.string(); }},
    {"publisher.listen", kExpectListen, text_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_listen(o.publisher.listen, v); },
     [](const Options& o) -> TomlValue { return o.publisher.listen; }},
    {"publisher.mark_every", "a time from \"100ms\" to \"1h\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) {
         return set_duration(o.publisher.mark_every_us, text(v), 100'000, 3'600'000'000);
     },
     [](const Options& o) -> TomlValue { return duration_text(o.publisher.mark_every_us); }},
    {"publisher.queue_tickets", "a number from 1 to 1000000", number_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         const std::int64_t number = std::get<std::int64_t>(v);
         if (number < 1 || number > 1'000'000) return std::to_string(number) + " is out of range";
         o.publisher.queue_tickets = static_cast<std::uint64_t>(number);
         return "";
     },
     [](const Options& o) -> TomlValue {
         return static_cast<std::int64_t>(o.publisher.queue_tickets);
     }},
    {"subscriber.listen", kExpectListen, text_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_listen(o.subscriber.listen, v); },
     [](const Options& o) -> TomlValue { return o.subscriber.listen; }},
    {"subscriber.topics", "a list of topics such as [\"stock\", \"debts\"]", texts_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_topics(o, v); },
     [](const Options& o) -> TomlValue { return o.subscriber.topics; }},
    {"subscriber.stores", "a list of stores' names, or [\"*\"]", texts_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_stores(o, v); },
     [](const Options& o) -> TomlValue { return o.subscriber.stores; }},
    {"subscriber.own_publisher", kExpectFlag, flag_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         o.subscriber.own_publisher = std::get<bool>(v);
         return "";
     },
     [](const Options& o) -> TomlValue { return o.subscriber.own_publisher; }},
    {"broker.listen", kExpectListen, text_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_listen(o.broker.listen, v); },
     [](const Options& o) -> TomlValue { return o.broker.listen; }},
    {"freshness.stock", kExpectPolicy, text_kind,
     [](Options& o, const TomlValue& v, const path&) {
         return set_policy(o.freshness.stock_us, v);
     },
     [](const Options& o) -> TomlValue { return duration_text(o.freshness.stock_us); }},
    {"freshness.customers", kExpectPolicy, text_kind,
     [](Options& o, const TomlValue& v, const path&) {
         return set_policy(o.freshness.customers_us, v);
     },
     [](const Options& o) -> TomlValue { return duration_text(o.freshness.customers_us); }},
    {"freshness.debts", kExpectPolicy, text_kind,
     [](Options& o, const TomlValue& v, const path&) {
         return set_policy(o.freshness.debts_us, v);
     },
     [](const Options& o) -> TomlValue { return duration_text(o.freshness.debts_us); }},
    {"freshness.other", kExpectPolicy, text_kind,
     [](Options& o, const TomlValue& v, const path&) {
         return set_policy(o.freshness.other_us, v);
     },
     [](const Options& o) -> TomlValue { return duration_text(o.freshness.other_us); }},
    {"disk.reserve", "a size such as \"64MiB\", or \"auto\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         o.disk_reserve_bytes.reset();
         if (text(v) == "auto") return "";
         const auto parsed = parse_size(text(v));
         if (!parsed) return parsed.error().message;
         o.disk_reserve_bytes = *parsed;
         return "";
     },
     [](const Options& o) -> TomlValue {
         return o.disk_reserve_bytes ? size_text(*o.disk_reserve_bytes) : std::string("auto");
     }},
    {"log.level", "\"debug\", \"info\", \"warn\" or \"error\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         const auto parsed = parse_level(text(v));
         if (!parsed) return "\"" + text(v) + "\" is no level";
         o.log_level = *parsed;
         return "";
     },
     [](const Options& o) -> TomlValue {
         constexpr const char* names[] = {"debug", "info", "warn", "error"};
         return std::string(names[static_cast<std::size_t>(o.log_level)]);
     }},
    {"log.format", "\"text\" or \"json\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         if (text(v) != "text" && text(v) != "json") return "\"" + text(v) + "\" is no format";
         o.log_json = text(v) == "json";
         return "";
     },
     [](const Options& o) -> TomlValue { return std::string(o.log_json ? "json" : "text"); }},
};

/// The elements between commas, without blanks around them; none of an empty text.
Texts split(std::string_view list) {
    Texts parts;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view part = list.substr(0, comma);
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        parts.emplace_back(part);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return parts;
}

}  // namespace

std::span<const OptionRow> option_rows() { return kRows; }

const OptionRow* find_option(std::string_view name) {
    const auto* found = std::find_if(std::begin(kRows), std::end(kRows),
                                     [&](const OptionRow& row) { return row.name == name; });
    return found == std::end(kRows) ? nullptr : found;
}

std::string variable_of(const OptionRow& row) {
    std::string name = "FILIAL_";
    for (const char c : row.name) {
        name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return name;
}

std::string set_from_text(Options& options, const OptionRow& row, std::string_view given,
                          const path& base) {
    TomlValue value = row.kind();
    if (std::holds_alternative<std::string>(value)) {
        value = std::string(given);
    } else if (std::holds_alternative<Texts>(value)) {
        value = split(given);
    } else if (auto* flag = std::get_if<bool>(&value)) {
        if (given != "true" && given != "false") return "\"" + std::string(given) + "\"";
        *flag = given == "true";
    } else {
        auto& number = std::get<std::int64_t>(value);
        const auto [end, error] =
            std::from_chars(given.data(), given.data() + given.size(), number);
        if (error != std::errc() || end != given.data() + given.size() || given.empty()) {
            return "\"" + std::string(given) + "\" is no number";
        }
    }
    return row.set(options, value, base);
}

}  // namespace filial::core
