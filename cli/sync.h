#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/call_record.h"
#include "cli/context.h"

namespace filial::cli {

struct SyncArgs {
    std::vector<std::string> needs;  ///< "stock:store1".
    std::string max_age;             ///< "10m": how old what is needed may be.
    std::string budget;              ///< "90s,300KB"; empty: the configured time.
    bool watch = false;              ///< Calls when the configuration says so, until it is stopped.
    bool due = false;                ///< Calls only if that is so now.
};

/// One call as it went.
struct CallReport {
    CallRecord record;
    bool joined = false;   ///< Another call did it.
    bool left_up = false;  ///< A line that an earlier call left up was taken down first.
    std::vector<schema::NeedState> needs;
    std::vector<std::pair<std::string, std::string>> not_reached;  ///< Remote and why.
    std::vector<std::string> troubles;                             ///< Sentences.
};

/// Calls: brings the line up, what is needed first, then `control` and `accounts`, then the rest
/// both ways, and takes the line down whatever happens. Where a call is under way already, waits
/// for its end and calls only if that brought not all. Fails where nothing could be begun; what
/// went wrong later is in the report.
schema::Result<CallReport> call_now(Context& context, const std::vector<schema::Need>& needs,
                                    const CallBudget& budget);

/// One line for people: who was called, and what it cost.
std::string cost_text(const CallReport& report);

/// `filial sync`. Returns 0 when what was needed is here and no older than it may be or, without a
/// need, all is exchanged; 3 where it is not; 5 when nobody was reached.
schema::Result<int> run_sync(Context& context, const SyncArgs& args);

}  // namespace filial::cli
