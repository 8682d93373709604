#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/link.h"
#include "schema/call.h"

namespace filial::cli {

/// What a call may take. 0: as much as it needs.
struct CallBudget {
    std::int64_t us = 0;
    std::uint64_t bytes = 0;
};
/// "90s", "300KB", "90s,300KB"; KB are 1,000 bytes. `invalid` otherwise. What is not said stays as
/// it is in `budget`.
schema::Result<void> parse_budget(CallBudget& budget, std::string_view text);

/// "stock:store1", "debts". `invalid` otherwise.
schema::Result<schema::Need> parse_need(std::string_view text);

/// What a call came to.
struct CallCost {
    std::int64_t us = 0;  ///< From when the line was up until it was to go down.
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t events_in = 0;
    std::uint64_t events_out = 0;
    std::uint64_t waiting_in = 0;  ///< Events known of that did not come.
    std::uint64_t waiting_out = 0;
    friend bool operator==(const CallCost&, const CallCost&) = default;
};

/// A call as it goes on: what the store's programs say of it, and when it is over. Pure.
class CallProgress {
  public:
    enum class End {
        none,
        complete,     ///< All is exchanged, durably, both ways.
        budget,       ///< Time or bytes are used up.
        stalled,      ///< Not a byte for kCallStall, though something is left to do.
        unreachable,  ///< Nobody was reached within kCallReach.
    };

    CallProgress(std::vector<schema::Need> needs, CallBudget budget, std::int64_t now_us);

    /// What a program answered to the call. Its first answer is what counting begins at.
    void hear(Process process, const schema::CallState& state, std::int64_t now_us);
    /// It does not answer: nothing more is expected of it until it does.
    void silent(Process process, const std::string& why);

    /// Whether the publisher takes part already: what is needed comes first, alone.
    bool publisher_too() const;
    /// For the next call message: what each program's legs may carry from now on; 0: no limit.
    std::uint64_t bytes_left() const;
    End over(std::int64_t now_us) const;

    CallCost cost() const;
    const std::vector<schema::NeedState>& needs() const { return needs_said_; }
    /// Remotes that are not connected, each with why; empty where all are.
    std::vector<std::pair<std::string, std::string>> not_reached() const;
    bool ever_connected() const { return connected_; }
    /// Programs that do not answer, with why.
    const std::map<Process, std::string>& silent() const { return silent_; }

  private:
    struct Leg {
        schema::CallLeg last;
        CallCost moved;
    };
    bool met() const;

    std::vector<schema::Need> needs_;
    CallBudget budget_;
    std::int64_t began_us_;
    std::int64_t moved_us_;  ///< When a byte was last seen to move.
    bool connected_ = false;
    std::map<Process, std::map<std::string, Leg>> legs_;
    std::map<Process, std::string> silent_;
    std::vector<schema::NeedState> needs_said_;
};

/// Longer than the pauses of any line that still works.
constexpr std::int64_t kCallStall = std::int64_t{45} * 1'000'000;
/// What connecting, and a few tries of it, take.
constexpr std::int64_t kCallReach = std::int64_t{60} * 1'000'000;

std::string_view name_of(CallProgress::End end);

}  // namespace filial::cli
