#include "cli/receiver.h"

#include <algorithm>
#include <map>

#include "cli/queue.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "schema/names.h"

namespace filial::cli {

using schema::Errc;
using schema::Leg;
using schema::Result;

namespace {

constexpr std::chrono::milliseconds kRemoveWait{5'000};

/// All legs from one program to one receiver.
struct Receiving {
    std::size_t logs = 0;
    bool connected = false;
    std::uint64_t depth_events = 0;
    std::int64_t oldest_age_us = -1;
    std::int64_t last_heard_us = -1;
    std::string suspended;  ///< Why it is given nothing; empty where it is.

    void add(const Leg& leg) {
        ++logs;
        connected = connected || leg.connected;
        depth_events += leg.depth_events;
        if (suspended.empty() && leg.note.starts_with("suspended")) suspended = leg.note;
        oldest_age_us = std::max(oldest_age_us, leg.oldest_age_us);
        const bool later = last_heard_us < 0 || leg.last_heard_us < last_heard_us;
        if (leg.last_heard_us >= 0 && later) last_heard_us = leg.last_heard_us;
    }
};

using Receivers = std::map<std::pair<std::string, std::string>, Receiving>;  // Program, full name.

Json receivers_json(const Receivers& receivers) {
    Json list = Json::array();
    for (const auto& [key, one] : receivers) {
        Json row;
        row["process"] = key.first;
        row["name"] = key.second;
        row["tap"] = schema::is_tap(key.second);
        row["logs"] = one.logs;
        row["connected"] = one.connected;
        row["depth_events"] = one.depth_events;
        row["oldest_age_seconds"] = seconds_or_null(one.oldest_age_us);
        row["last_heard_seconds"] = seconds_or_null(one.last_heard_us);
        if (!one.suspended.empty()) row["note"] = one.suspended;
        list.push_back(std::move(row));
    }
    Json out;
    out["receivers"] = std::move(list);
    return out;
}

std::string receivers_text(const Receivers& receivers) {
    Table table({"PROGRAM", "RECEIVER", ">LOGS", ">WAITING", ">OLDEST", ">LAST HEARD", "LINE"});
    for (const auto& [key, one] : receivers) {
        table.add({key.first, key.second, std::to_string(one.logs), grouped(one.depth_events),
                   one.oldest_age_us < 0 ? "-" : duration_text(one.oldest_age_us),
                   age_text(one.last_heard_us),
                   !one.suspended.empty() ? "suspended"
                   : one.connected        ? "up"
                                          : "down"});
    }
    return table.rows() > 0 ? table.text() : "nobody receives from here\n";
}

}  // namespace

Result<int> run_receiver_list(Context& context) {
    const auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());
    Receivers receivers;
    bool any = false;
    for (const ProcessReport& report : *reports) {
        if (!report.status) continue;
        any = true;
        for (const Leg& leg : report.status->legs) {
            // Legs to a hub that never asked have its store's name alone.
            const bool known = leg.direction == "out" && leg.peer.find('/') != std::string::npos;
            if (known) receivers[{name_of(report.process), leg.peer}].add(leg);
        }
    }
    if (!any)
        return schema::fail(Errc::unreachable, "receiver list: no program of this store runs");
    context.console.out(context.console.json ? dump(receivers_json(receivers)) + "\n"
                                             : receivers_text(receivers));
    return kDone;
}

Result<int> run_receiver_remove(Context& context, const std::string& name) {
    Json removed = Json::array();
    std::optional<schema::Error> refused;
    bool known = false;
    const auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());
    bool any = false;
    for (const ProcessReport& report : *reports) {
        if (!report.status || report.process == Process::subscriber) continue;
        any = true;
        auto link = context.connect(report.process);
        if (!link) return tl::unexpected(link.error());
        const auto done = ask_for<schema::Status>(**link, schema::Forget{0, name}, kRemoveWait);
        known = known || done || done.error().code != Errc::not_found;
        if (done) removed.push_back(name_of(report.process));
        if (!done && done.error().code != Errc::not_found) refused = done.error();
    }
    const std::string doing = "receiver remove " + name;
    if (!any) return schema::fail(Errc::unreachable, doing + ": no program runs that knows any");
    if (refused) return schema::fail(doing, *refused);
    if (!known) {
        return schema::fail(Errc::not_found,
                            doing + ": nobody here knows it; `filial receiver list` has the names");
    }
    Json out;
    out["removed"] = name;
    out["processes"] = removed;
    context.console.line(context.console.json ? dump(out) : name + " is no receiver here any more");
    return kDone;
}

}  // namespace filial::cli
