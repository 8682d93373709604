#include "core/options_table.h"

#include <algorithm>
#include <charconv>

#include "core/link/keys.h"
#include "schema/amounts.h"

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

template <std::int64_t Policy::*Member>
std::string set_age(Options& options, const TomlValue& value, const path&) {
    return set_duration(options.freshness.*Member, text(value), -1, kNoLimit);
}

template <std::int64_t Policy::*Member>
TomlValue get_age(const Options& options) {
    return duration_text(options.freshness.*Member);
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

std::string set_dial(std::string& to, const TomlValue& value) {
    const std::string& given = text(value);
    if (!is_dialable(given)) return "\"" + given + "\" is no endpoint";
    to = given;
    return "";
}

template <auto Of, auto Member>
std::string set_topics(Options& options, const TomlValue& value, const path&) {
    for (const std::string& topic : texts(value)) {
        if (auto parsed = schema::parse_topic(topic); !parsed) return parsed.error().message;
    }
    (options.*Of).*Member = texts(value);
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

std::string set_hold_kinds(Options& options, const TomlValue& value) {
    for (const std::string& kind : texts(value)) {
        // A kind is written as a topic is.
        if (!schema::parse_topic(kind)) return "\"" + kind + "\" is no kind of event";
    }
    options.subscriber.hold_kinds = texts(value);
    return "";
}

using Limits = Options::LimitsPart;
using Sync = Options::SyncPart;

template <std::string Sync::*Member>
std::string set_command(Options& options, const TomlValue& value, const path&) {
    options.sync.*Member = text(value);
    return "";
}

template <std::string Sync::*Member>
TomlValue get_command(const Options& options) {
    return options.sync.*Member;
}

/// From a second to a day.
template <std::int64_t Sync::*Member>
std::string set_limit(Options& options, const TomlValue& value, const path&) {
    return set_duration(options.sync.*Member, text(value), 1'000'000, 86'400'000'000);
}

template <std::int64_t Sync::*Member>
TomlValue get_limit(const Options& options) {
    return duration_text(options.sync.*Member);
}

/// A number of [limits]: credit in money, stock in quantities.
template <TopUpPart Limits::*Of, std::int64_t TopUpPart::*Member>
std::string set_amount(Options& options, const TomlValue& value, const path&) {
    std::int64_t amount = 0;
    if constexpr (Of == &Limits::credit) {
        const auto money = schema::parse_money(text(value));
        if (!money) return money.error().message;
        amount = money->value();
    } else {
        const auto quantity = schema::parse_quantity(text(value));
        if (!quantity) return quantity.error().message;
        amount = quantity->value();
    }
    if (amount < 0) return "it is below zero";
    (options.limits.*Of).*Member = amount;
    return "";
}

template <TopUpPart Limits::*Of, std::int64_t TopUpPart::*Member>
TomlValue get_amount(const Options& options) {
    const std::int64_t amount = (options.limits.*Of).*Member;
    if constexpr (Of == &Limits::credit) {
        return to_string(schema::Money{amount});
    } else {
        return to_string(schema::Quantity{amount});
    }
}

template <TopUpPart Limits::*Of>
std::string set_top_up(Options& options, const TomlValue& value, const path&) {
    (options.limits.*Of).on = std::get<bool>(value);
    return "";
}

template <TopUpPart Limits::*Of>
TomlValue get_top_up(const Options& options) {
    return (options.limits.*Of).on;
}

constexpr std::string_view kExpectMoney = "money such as \"50.00\"";
constexpr std::string_view kExpectQuantity = "a quantity such as \"12\" or \"1.5\"";
constexpr std::string_view kExpectListen =
    "tcp://ADDRESS:PORT such as tcp://*:5701, or \"\" for none";
constexpr std::string_view kExpectDial = "tcp://HOST:PORT or ipc://PATH";
constexpr std::string_view kExpectPolicy = "a time such as \"10m\" or \"1d\", or \"official\"";
constexpr std::string_view kExpectFlag = "true or false";
constexpr std::string_view kExpectTopics = "a list of topics such as [\"stock\", \"debts\"]";
constexpr std::string_view kExpectCommand = "a command for sh, or \"\" for none";
constexpr std::string_view kExpectLimit = "a time from \"1s\" to \"1d\"";

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
    {"subscriber.topics", kExpectTopics, texts_kind,
     set_topics<&Options::subscriber, &Options::SubscriberPart::topics>,
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
    {"subscriber.hold_kinds", "a list of kinds of events", texts_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_hold_kinds(o, v); },
     [](const Options& o) -> TomlValue { return o.subscriber.hold_kinds; }},
    {"broker.listen", kExpectListen, text_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_listen(o.broker.listen, v); },
     [](const Options& o) -> TomlValue { return o.broker.listen; }},
    {"broker.keep", "a time of one second at least, such as \"60d\", or \"all\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         o.broker.keep_us = 0;
         return text(v) == "all" ? ""
                                 : set_duration(o.broker.keep_us, text(v), 1'000'000, kNoLimit);
     },
     [](const Options& o) -> TomlValue {
         return o.broker.keep_us == 0 ? "all" : duration_text(o.broker.keep_us);
     }},
    {"broker.tap_keep", "a time such as \"90d\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) {
         return set_duration(o.broker.tap_keep_us, text(v), 0, kNoLimit);
     },
     [](const Options& o) -> TomlValue { return duration_text(o.broker.tap_keep_us); }},
    {"broker.tap_quota", "a size such as \"256MiB\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         const auto parsed = parse_size(text(v));
         if (!parsed) return parsed.error().message;
         o.broker.tap_quota_bytes = *parsed;
         return "";
     },
     [](const Options& o) -> TomlValue { return size_text(o.broker.tap_quota_bytes); }},
    {"central.store", "the store whose programs these are", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         auto parsed = schema::parse_store_id(text(v));
         if (!parsed) return parsed.error().message;
         o.central.store = *parsed;
         return "";
     },
     [](const Options& o) -> TomlValue { return o.central.store.value(); }},
    {"central.publisher", kExpectDial, text_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_dial(o.central.publisher, v); },
     [](const Options& o) -> TomlValue { return o.central.publisher; }},
    {"central.subscriber", kExpectDial, text_kind,
     [](Options& o, const TomlValue& v, const path&) { return set_dial(o.central.subscriber, v); },
     [](const Options& o) -> TomlValue { return o.central.subscriber; }},
    {"central.key", "the public key of the other end, 40 characters of Z85", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         if (!is_curve_key(text(v))) return "it is no public key";
         o.central.key = text(v);
         return "";
     },
     [](const Options& o) -> TomlValue { return o.central.key; }},
    {"sync.link_up", kExpectCommand, text_kind, set_command<&Sync::link_up>,
     get_command<&Sync::link_up>},
    {"sync.link_down", kExpectCommand, text_kind, set_command<&Sync::link_down>,
     get_command<&Sync::link_down>},
    {"sync.link_up_within", kExpectLimit, text_kind, set_limit<&Sync::link_up_within_us>,
     get_limit<&Sync::link_up_within_us>},
    {"sync.link_down_within", kExpectLimit, text_kind, set_limit<&Sync::link_down_within_us>,
     get_limit<&Sync::link_down_within_us>},
    {"sync.budget", kExpectLimit, text_kind, set_limit<&Sync::budget_us>,
     get_limit<&Sync::budget_us>},
    {"sync.first", kExpectTopics, texts_kind, set_topics<&Options::sync, &Sync::first>,
     [](const Options& o) -> TomlValue { return o.sync.first; }},
    {"freshness.stock", kExpectPolicy, text_kind, set_age<&Policy::stock_us>,
     get_age<&Policy::stock_us>},
    {"freshness.customers", kExpectPolicy, text_kind, set_age<&Policy::customers_us>,
     get_age<&Policy::customers_us>},
    {"freshness.debts", kExpectPolicy, text_kind, set_age<&Policy::debts_us>,
     get_age<&Policy::debts_us>},
    {"freshness.other", kExpectPolicy, text_kind, set_age<&Policy::other_us>,
     get_age<&Policy::other_us>},
    {"freshness.credit-check", kExpectPolicy, text_kind, set_age<&Policy::credit_check_us>,
     get_age<&Policy::credit_check_us>},
    {"limits.beyond_room", "\"refuse\" or \"flag\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) -> std::string {
         if (text(v) != "refuse" && text(v) != "flag") {
             return "\"" + text(v) + "\" is neither";
         }
         o.limits.refuse = text(v) == "refuse";
         return "";
     },
     [](const Options& o) -> TomlValue {
         return std::string(o.limits.refuse ? "refuse" : "flag");
     }},
    {"limits.credit_top_up", kExpectFlag, flag_kind, set_top_up<&Limits::credit>,
     get_top_up<&Limits::credit>},
    {"limits.credit_low_water", kExpectMoney, text_kind,
     set_amount<&Limits::credit, &TopUpPart::low_water>,
     get_amount<&Limits::credit, &TopUpPart::low_water>},
    {"limits.credit_target", kExpectMoney, text_kind,
     set_amount<&Limits::credit, &TopUpPart::target>,
     get_amount<&Limits::credit, &TopUpPart::target>},
    {"limits.credit_keep_back", kExpectMoney, text_kind,
     set_amount<&Limits::credit, &TopUpPart::keep_back>,
     get_amount<&Limits::credit, &TopUpPart::keep_back>},
    {"limits.stock_top_up", kExpectFlag, flag_kind, set_top_up<&Limits::stock>,
     get_top_up<&Limits::stock>},
    {"limits.stock_low_water", kExpectQuantity, text_kind,
     set_amount<&Limits::stock, &TopUpPart::low_water>,
     get_amount<&Limits::stock, &TopUpPart::low_water>},
    {"limits.stock_target", kExpectQuantity, text_kind,
     set_amount<&Limits::stock, &TopUpPart::target>,
     get_amount<&Limits::stock, &TopUpPart::target>},
    {"limits.stock_keep_back", kExpectQuantity, text_kind,
     set_amount<&Limits::stock, &TopUpPart::keep_back>,
     get_amount<&Limits::stock, &TopUpPart::keep_back>},
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
    {"disk.scrub_every", "a time from \"1s\" to \"365d\"", text_kind,
     [](Options& o, const TomlValue& v, const path&) {
         return set_duration(o.scrub_every_us, text(v), 1'000'000,
                             std::int64_t{365} * 86'400 * 1'000'000);
     },
     [](const Options& o) -> TomlValue { return duration_text(o.scrub_every_us); }},
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

}  // namespace

std::span<const OptionRow> option_rows() { return kRows; }

const OptionRow* find_option(std::string_view name) {
    const auto* found = std::find_if(std::begin(kRows), std::end(kRows),
                                     [&](const OptionRow& row) { return row.name == name; });
    return found == std::end(kRows) ? nullptr : found;
}

}  // namespace filial::core
