#include "core/options.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/clock.h"
#include "core/options_table.h"
#include "schema/hash.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;
using std::filesystem::path;

namespace {

/// The longest name of a local socket.
constexpr std::string_view kLongestSocket = "/subscriber.sock";

bool fits_sockets(const path& folder) {
    return folder.native().size() + kLongestSocket.size() <= kSocketPathMax;
}

/// Who owns the data owns the sockets, so that root's command line finds them as well.
uid_t owner_of(const path& data) {
    struct stat info {};
    return ::stat(data.c_str(), &info) == 0 ? info.st_uid : ::geteuid();
}

/// Of a [[hub]] or [[peer]], what was chosen.
std::string remote_text(const Remote& remote) {
    std::string text = remote.endpoint + " " + remote.key;
    if (remote.line != "auto") text += " line=" + remote.line;
    if (remote.rate > 0) text += " rate=" + size_text(remote.rate);
    if (remote.calls == CallPlan()) return text;
    std::string calls;
    for (const std::string& word : call_words(remote.calls)) {
        calls += (calls.empty() ? "" : ", ") + word;
    }
    text += " calls=" + calls;
    std::string hours;
    for (const Hours& each : remote.calls.hours) {
        hours += (hours.empty() ? " hours=" : ", ") + hours_text(each);
    }
    return text + hours;
}

/// Short, ours, and the same each time.
path short_folder(const path& data) {
    const std::string name = schema::to_hex(schema::view(schema::hash16_of(data.string())));
    return fmt::format("/tmp/filial-{}-{}", owner_of(data), name.substr(0, 16));
}

/// Names in /tmp are anybody's to take.
bool is_ours_alone(const path& folder, uid_t owner) {
    struct stat info {};
    if (::lstat(folder.c_str(), &info) != 0) return true;  // Made with these rights when needed.
    return S_ISDIR(info.st_mode) && info.st_uid == owner && (info.st_mode & 077) == 0;
}

/// Which option of [central] lacks where some are set; empty where none does.
std::string missing_of_central(const Options& options) {
    const Options::CentralPart& central = options.central;
    const bool any = options.is_central() || !central.key.empty() || !central.store.value().empty();
    if (!any) return "";
    if (central.store.value().empty()) return "store";
    if (central.publisher.empty()) return "publisher";
    if (central.subscriber.empty()) return "subscriber";
    const bool tcp =
        central.publisher.starts_with("tcp://") || central.subscriber.starts_with("tcp://");
    return tcp && central.key.empty() ? "key" : "";
}

}  // namespace

std::string Options::publisher_socket() const {
    return "ipc://" + (sockets / "publisher.sock").string();
}
std::string Options::subscriber_socket() const {
    return "ipc://" + (sockets / "subscriber.sock").string();
}
std::string Options::broker_socket() const { return "ipc://" + (sockets / "broker.sock").string(); }
path Options::publisher_dir() const { return data / "publisher"; }
path Options::subscriber_dir() const { return data / "subscriber"; }
path Options::broker_dir() const { return data / "broker"; }
path Options::keys_dir() const { return data / "keys"; }
path Options::allow_file() const { return data / "allow.toml"; }

bool Options::has_calls() const {
    const auto calls = [](const Remote& remote) { return !remote.calls.standing; };
    return std::any_of(hubs.begin(), hubs.end(), calls) ||
           std::any_of(peers.begin(), peers.end(), calls);
}

path default_sockets(const path& data) { return fits_sockets(data) ? data : short_folder(data); }

path default_options_file() {
    if (const char* named = std::getenv("FILIAL_CONFIG"); named != nullptr && *named != '\0') {
        return named;
    }
    std::error_code error;
    if (std::filesystem::exists("filial.toml", error)) return "filial.toml";
    return "/etc/filial/filial.toml";
}

Result<void> check_options(const Options& options) {
    const auto where = [&](const std::string& name) {
        const auto origin = options.origins.find(name);
        if (origin != options.origins.end()) return origin->second + ": " + name;
        return (options.file.empty() ? "options" : options.file.string()) + ": " + name;
    };
    if (options.store.value().empty()) {
        return fail(Errc::invalid, where("store") +
                                       ": missing, expected this store's name, such as "
                                       "store = \"store1\"");
    }
    if (const std::string missing = missing_of_central(options); !missing.empty()) {
        return fail(Errc::invalid, where("central." + missing) +
                                       ": missing; [central] needs store, publisher, subscriber "
                                       "and, over tcp, key");
    }
    if (!fits_sockets(options.sockets)) {
        return fail(
            Errc::invalid,
            fmt::format("{}: {} has {} bytes, expected at most {}: a local socket's path "
                        "is short",
                        where("sockets"), options.sockets.string(), options.sockets.native().size(),
                        kSocketPathMax - kLongestSocket.size()));
    }
    for (const auto& [name, top_up] : {std::pair{"limits.credit_", options.limits.credit},
                                       std::pair{"limits.stock_", options.limits.stock}}) {
        if (!top_up.on || (top_up.target > 0 && top_up.target >= top_up.low_water)) continue;
        const std::string target = name + std::string("target");
        return fail(Errc::invalid, where(target) + ": expected more than 0 and at least " + name +
                                       "low_water where " + name +
                                       "top_up is on: a store would ask again with every sale");
    }
    const bool one_command = options.sync.link_up.empty() != options.sync.link_down.empty();
    if (one_command) {
        const bool up = options.sync.link_up.empty();
        return fail(Errc::invalid, where(up ? "sync.link_up" : "sync.link_down") +
                                       ": missing; what brings the line up and what takes it down "
                                       "go together");
    }
    const bool chosen_by_us = options.origins.count("sockets") == 0 && !fits_sockets(options.data);
    if (chosen_by_us && !is_ours_alone(options.sockets, owner_of(options.data))) {
        return fail(Errc::invalid, where("sockets") + ": " + options.sockets.string() +
                                       " belongs to somebody else or is open to others; remove "
                                       "it, or set `sockets` to a short folder of your own");
    }
    return {};
}

std::vector<OptionOrigin> option_origins(const Options& options) {
    const auto origin = [&](const std::string& name) {
        const auto found = options.origins.find(name);
        return found == options.origins.end() ? std::string("default") : found->second;
    };
    std::vector<OptionOrigin> list;
    for (const OptionRow& row : option_rows()) {
        const std::string name(row.name);
        list.push_back({name, toml_text(row.get(options)), origin(name)});
    }
    for (const auto& [kind, remotes] :
         {std::pair{"hub ", &options.hubs}, std::pair{"peer ", &options.peers}}) {
        for (const Remote& remote : *remotes) {
            const std::string name = kind + remote.name;
            list.push_back({name, remote_text(remote), origin(name)});
        }
    }
    return list;
}

Result<std::int64_t> parse_duration_us(std::string_view text) {
    constexpr std::int64_t kTenYears = std::int64_t{3'653} * 86'400 * kSecond;
    if (text == "official") return -1;
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view unit = text.substr(digits);
    const std::int64_t factor = unit == "ms"  ? kMillisecond
                                : unit == "s" ? kSecond
                                : unit == "m" ? 60 * kSecond
                                : unit == "h" ? 3'600 * kSecond
                                : unit == "d" ? 86'400 * kSecond
                                              : 0;
    std::int64_t number = 0;
    for (const char c : text.substr(0, std::min<std::size_t>(digits, 15))) {
        number = number * 10 + (c - '0');
    }
    if (digits == 0 || digits > 15 || factor == 0 || number > kTenYears / factor) {
        return fail(Errc::invalid, "\"" + std::string(text.substr(0, 40)) + "\" is no time");
    }
    return number * factor;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view unit = text.substr(digits);
    const std::uint64_t factor = unit.empty()    ? 1
                                 : unit == "KiB" ? 1 << 10
                                 : unit == "MiB" ? 1 << 20
                                 : unit == "GiB" ? 1 << 30
                                                 : 0;
    std::uint64_t number = 0;
    for (const char c : text.substr(0, std::min<std::size_t>(digits, 15))) {
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (digits == 0 || digits > 15 || factor == 0 || number > kMost / factor) {
        return fail(Errc::invalid, "\"" + std::string(text.substr(0, 40)) + "\" is no size");
    }
    return number * factor;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::pair<std::uint64_t, const char*> units[] = {
        {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}};
    for (const auto& [factor, unit] : units) {
        if (bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + unit;
    }
    return std::to_string(bytes);
}

std::string duration_text(std::int64_t microseconds) {
    if (microseconds < 0) return "official";
    constexpr std::pair<std::int64_t, const char*> units[] = {
        {86'400 * kSecond, "d"}, {3'600 * kSecond, "h"}, {60 * kSecond, "m"}, {kSecond, "s"}};
    for (const auto& [factor, unit] : units) {
        if (microseconds != 0 && microseconds % factor == 0) {
            return std::to_string(microseconds / factor) + unit;
        }
    }
    return std::to_string(microseconds / kMillisecond) + "ms";
}

}  // namespace filial::core
