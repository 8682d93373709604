#include "cli/queue.h"

#include <filesystem>
#include <thread>

#include "cli/epochs.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::Errc;
using schema::Leg;
using schema::Result;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kAnswerWait{1'000};
constexpr milliseconds kWatchEvery{2'000};

bool has_socket(const core::Remote& remote) {
    constexpr std::string_view scheme = "ipc://";
    std::error_code error;
    if (!remote.endpoint.starts_with(scheme)) return true;  // Of another store: it will show.
    return std::filesystem::exists(remote.endpoint.substr(scheme.size()), error);
}

/// The configuration says which programs a folder has: what is expected and silent is an alarm.
bool is_expected(Process process, const core::Options& options) {
    const bool of_broker = !options.broker.listen.empty();
    std::error_code error;
    switch (process) {
        case Process::publisher:
            return !of_broker || std::filesystem::exists(options.publisher_dir(), error);
        case Process::subscriber:
            return !of_broker || std::filesystem::exists(options.subscriber_dir(), error);
        case Process::broker:
            break;
    }
    return of_broker || std::filesystem::exists(options.broker_dir(), error);
}

bool any_answers(const std::vector<ProcessReport>& reports) {
    for (const ProcessReport& report : reports) {
        if (report.status) return true;
    }
    return false;
}

/// Of the legs that are due, or of the others.
std::uint64_t total_depth(const std::vector<ProcessReport>& reports, bool due) {
    std::uint64_t total = 0;
    for (const ProcessReport& report : reports) {
        if (!report.status) continue;
        for (const Leg& leg : report.status->legs) {
            if (schema::is_due(leg) == due) total += leg.depth_events;
        }
    }
    return total;
}

Json leg_json(const std::string& process, const Leg& leg) {
    Json out;
    out["process"] = process;
    out["peer"] = leg.peer;
    out["direction"] = leg.direction;
    out["origin"] = leg.origin;
    out["topics"] = leg.topics;
    out["connected"] = leg.connected;
    out["counted"] = schema::is_due(leg);
    out["position"] = leg.position;
    out["end"] = leg.end;
    out["depth_events"] = leg.depth_events;
    out["depth_bytes"] = leg.depth_bytes < 0 ? Json(nullptr) : Json(leg.depth_bytes);
    out["oldest_age_seconds"] = seconds_or_null(leg.oldest_age_us);
    out["last_heard_seconds"] = seconds_or_null(leg.last_heard_us);
    out["next_try_seconds"] = seconds_or_null(leg.next_try_us);
    out["note"] = leg.note;
    return out;
}

std::string process_name(const ProcessReport& report) {
    return "filial-" + name_of(report.process);
}

std::string leg_state(const Leg& leg) {
    if (leg.connected) return "up";
    if (leg.next_try_us < 0) return "down";
    return "down, next try in " + duration_text(leg.next_try_us);
}

Result<int> exit_of(const std::vector<ProcessReport>& reports) {
    if (any_answers(reports)) return kDone;
    return kUnreachable;
}

}  // namespace

Result<std::vector<ProcessReport>> ask_processes(Context& context) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    std::vector<ProcessReport> reports;
    for (const Process process : {Process::publisher, Process::subscriber, Process::broker}) {
        const core::Remote remote = remote_of(process, **options);
        const bool there = context.dial || has_socket(remote);
        const bool expected = is_expected(process, **options);
        if (!there && !expected) continue;
        ProcessReport& report = reports.emplace_back();
        report.process = process;
        report.expected = expected;
        if (!there) continue;
        auto link = context.connect(remote);
        if (!link) {
            report.error = link.error();
            continue;
        }
        auto status = ask_for<schema::Status>(**link, schema::StatusAsk{}, kAnswerWait);
        if (status) report.status = std::move(*status);
        if (!status) report.error = status.error();
    }
    return reports;
}

Json queue_json(const std::vector<ProcessReport>& reports) {
    Json legs = Json::array();
    Json processes = Json::object();
    for (const ProcessReport& report : reports) {
        const std::string name = name_of(report.process);
        Json process;
        process["running"] = report.status.has_value();
        process["expected"] = report.expected;
        process["health"] = report.status ? report.status->health : report.error.message;
        processes[name] = std::move(process);
        if (!report.status) continue;
        for (const Leg& leg : report.status->legs) legs.push_back(leg_json(name, leg));
    }
    Json out;
    out["legs"] = std::move(legs);
    out["depth_events"] = total_depth(reports, true);
    out["tap_depth_events"] = total_depth(reports, false);
    out["processes"] = std::move(processes);
    return out;
}

std::string queue_text(const std::vector<ProcessReport>& reports) {
    Table table({"PROGRAM", "", "PEER", "LOG OF", "TOPICS", ">WAITING", ">BYTES", ">OLDEST",
                 ">LAST HEARD", "LINE", "NOTE"});
    std::string silent;
    for (const ProcessReport& report : reports) {
        if (!report.status) {
            silent += process_name(report) + " is not running: " + report.error.message + "\n";
            continue;
        }
        for (const Leg& leg : report.status->legs) {
            table.add({name_of(report.process), leg.direction == "out" ? "->" : "<-", leg.peer,
                       leg.origin, leg.topics, grouped(leg.depth_events),
                       bytes_text(leg.depth_bytes),
                       leg.oldest_age_us < 0 ? "-" : duration_text(leg.oldest_age_us),
                       age_text(leg.last_heard_us), leg_state(leg), leg.note});
        }
    }
    std::string text = table.rows() > 0 ? table.text() : "no legs\n";
    text += grouped(total_depth(reports, true)) + " events wait";
    const std::uint64_t taps = total_depth(reports, false);
    text += taps == 0 ? "\n" : ", " + grouped(taps) + " more for taps that are away\n";
    return text + silent;
}

Result<int> run_queue(Context& context, bool watch) {
    if (watch) catch_signals();
    while (true) {
        const auto reports = ask_processes(context);
        if (!reports) return tl::unexpected(reports.error());
        std::string text =
            context.console.json ? dump(queue_json(*reports)) + "\n" : queue_text(*reports);
        if (watch && context.console.out_is_terminal() && !context.console.json) {
            text = "\033[H\033[J" + text;
        }
        const bool heard = context.console.out(text);
        if (!watch || !heard || stop_requested()) return exit_of(*reports);
        std::this_thread::sleep_for(kWatchEvery);
        if (stop_requested()) return exit_of(*reports);
    }
}

Json status_json(const std::vector<ProcessReport>& reports) {
    Json processes = Json::array();
    Json silent = Json::array();
    for (const ProcessReport& report : reports) {
        if (!report.status) {
            silent.push_back(process_name(report));
            continue;
        }
        const schema::Status& status = *report.status;
        Json one;
        one["process"] = status.process;
        one["store"] = status.store;
        one["version"] = status.version;
        one["health"] = status.health;
        one["uptime_seconds"] = seconds_or_null(static_cast<std::int64_t>(status.uptime_us));
        one["memory_bytes"] = status.memory_bytes;
        one["epoch"] = status.epoch;
        one["end"] = status.end;
        Json counters = Json::object();
        for (const auto& [name, value] : status.counters) counters[name] = value;
        one["counters"] = std::move(counters);
        one["waiting"] = status.waiting;
        if (!report.epochs.empty()) one["epochs"] = epochs_json(report.epochs);
        processes.push_back(std::move(one));
    }
    Json out;
    out["processes"] = std::move(processes);
    out["not_running"] = std::move(silent);
    return out;
}

std::string status_text(const std::vector<ProcessReport>& reports) {
    Table table({"PROGRAM", "STORE", "VERSION", ">UP", ">MEMORY", ">EPOCH", ">LOG END", "HEALTH"});
    for (const ProcessReport& report : reports) {
        if (!report.status) {
            table.add({process_name(report), "-", "-", "-", "-", "-", "-",
                       "not running: " + report.error.message});
            continue;
        }
        const schema::Status& status = *report.status;
        table.add({process_name(report), status.store, status.version,
                   duration_text(static_cast<std::int64_t>(status.uptime_us)),
                   bytes_text(static_cast<std::int64_t>(status.memory_bytes)),
                   std::to_string(status.epoch), grouped(status.end), status.health});
    }
    std::string text = table.text();
    for (const ProcessReport& report : reports) {
        if (!report.status || report.status->waiting.empty()) continue;
        text += "\nofficial operations under way at " + report.status->store + ":\n";
        for (const std::string& each : report.status->waiting) text += "  " + each + "\n";
    }
    for (const ProcessReport& report : reports) {
        if (report.epochs.empty()) continue;
        text += "\nthe log of " + report.status->store + ":\n";
        for (const auto& each : report.epochs) text += "  " + epoch_text(each) + "\n";
    }
    for (const ProcessReport& report : reports) {
        if (!report.status || report.status->counters.empty()) continue;
        text += "\n" + process_name(report) + " since its start:\n";
        Table counters({"", ">"});
        for (const auto& [name, value] : report.status->counters) {
            counters.add({"  " + name, std::to_string(value)});
        }
        const std::string rows = counters.text();
        text += rows.substr(rows.find('\n') + 1);
    }
    return text;
}

Result<int> run_status(Context& context) {
    auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());
    for (ProcessReport& report : *reports) {
        const bool later = report.process == Process::publisher && report.status &&
                           report.status->epoch > 1 && !context.loaded->is_central();
        if (!later) continue;
        report.epochs = epochs_in(context.loaded->publisher_dir(), context.loaded->store);
    }
    context.console.out(context.console.json ? dump(status_json(*reports)) + "\n"
                                             : status_text(*reports));
    return exit_of(*reports);
}

}  // namespace filial::cli
