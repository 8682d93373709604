#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/json.h"
#include "core/journal/log_epochs.h"
#include "schema/status.h"

namespace filial::cli {

/// What a local program said of itself, or why it said nothing.
struct ProcessReport {
    Process process = Process::publisher;
    bool expected = true;  ///< By the configuration; one that is not is reported while it runs.
    std::optional<schema::Status> status;
    std::vector<core::EpochBegun> epochs;  ///< Of the publisher's log; `status` alone asks for it.
    schema::Error error{schema::Errc::unreachable, "its socket is not there"};
};

/// Asks every program that belongs here: a store's folder has a publisher and a subscriber, one
/// with
/// `[broker] listen` a broker; whatever has run in a folder belongs to it too. A program that is
/// not there costs no time, one that does not answer a second.
schema::Result<std::vector<ProcessReport>> ask_processes(Context& context);

/// {"legs": [...], "depth_events": n, "tap_depth_events": n, "processes": {...}}; of the two sums
/// the second is what taps that are not connected have not read, which the first leaves out.
Json queue_json(const std::vector<ProcessReport>& reports);
/// A table of legs, their sum, and a line for each program that does not answer.
std::string queue_text(const std::vector<ProcessReport>& reports);

/// `filial queue`. Exit code 5 if no program answers. With `watch`, again every two seconds until
/// it is interrupted.
schema::Result<int> run_queue(Context& context, bool watch);

Json status_json(const std::vector<ProcessReport>& reports);
std::string status_text(const std::vector<ProcessReport>& reports);
/// `filial status`.
schema::Result<int> run_status(Context& context);

}  // namespace filial::cli
