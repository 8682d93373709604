#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/call_progress.h"
#include "core/clock.h"
#include "core/schedule.h"

namespace filial::cli {

/// When something was, by both clocks: the wall's for people and over a restart of the machine.
struct Moment {
    schema::Timestamp wall;
    core::BootTime boot;
    std::string boot_id;
    friend bool operator==(const Moment&, const Moment&) = default;

    static Moment now(const core::Clock& clock);
    /// Since then; by the wall clock after a restart of the machine, and never below 0.
    std::int64_t since_us(const core::Clock& clock) const;
};

/// What the last calls came to: for who joins one, and for the schedule.
struct CallRecord {
    Moment began;  ///< The last call.
    Moment ended;
    std::optional<Moment> done;  ///< When the last one began that reached somebody.
    std::int64_t failures = 0;   ///< Calls since then.
    std::string outcome;         ///< As name_of(CallProgress::End), or "failed".
    std::string error;           ///< Of "failed".
    CallCost cost;
    friend bool operator==(const CallRecord&, const CallRecord&) = default;
};

std::string call_record_text(const CallRecord& record);
/// `corrupt` for anything else than `call_record_text` writes.
schema::Result<CallRecord> parse_call_record(std::string_view text);

/// Of this folder; nullopt where there is none that can be read: then no call is known.
std::optional<CallRecord> last_call(const std::filesystem::path& folder);
schema::Result<void> save_call(const std::filesystem::path& folder, const CallRecord& record);

/// What a decision of the schedule rests on, but for what waits.
core::CallFacts call_facts(const std::optional<CallRecord>& record, const core::Clock& clock);

}  // namespace filial::cli
