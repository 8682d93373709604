#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/link/host.h"
#include "schema/messages.h"

namespace filial::core {

/// The taking end of a session: which logs it fetches, what comes next in each, and when to ask
/// again. Pure. Durable positions belong to the host; the receiver only knows what this session
/// has brought so far.
class Receiver {
  public:
    /// What to do with a block.
    enum class Step {
        take,     ///< It goes on from what is there, or overlaps it: give it to the host.
        ignore,   ///< Not asked for, from before a restart, or nothing new in it.
        restart,  ///< Something is missing before it: send `begin` again.
    };

    /// Begins, or begins again, to fetch a log from the positions of `want`.
    schema::Fetch begin(const Want& want, BootTime now);
    /// Judges the next block. After `take`, its range counts as received.
    Step judge(const schema::Block& block, BootTime now);
    /// The fetch that confirms what the host made durable, also by another source. The log must
    /// have been begun.
    schema::Fetch confirm(const schema::StoreId& store,
                          const std::vector<schema::TopicEnd>& durable);
    /// Stops fetching a log and says why; it is asked for again with `begin`. Nothing for a log
    /// that was not begun; so does `pause`.
    void stop(const schema::StoreId& store, const std::string& why, BootTime now);
    /// The sender cannot serve it now: try again at `when`.
    void pause(const schema::StoreId& store, const std::string& why, BootTime when);

    /// Logs to begin again now: paused ones that are due, and those whose sender has more but sends
    /// nothing of it: it answered a ping (Session::asked) that was sent kOverdue after the last
    /// progress. What is still on the way over a slow line comes before that answer, and must not
    /// be asked for twice. Each is named once, and again after kOverdue without a `begin`.
    std::vector<schema::StoreId> due(BootTime now, BootTime asked);
    /// Whether a ping would tell if a log is overdue.
    bool waits(BootTime now) const;

    /// A mark or block said that the log ends there at the sender.
    void learn_end(const schema::StoreId& store, schema::Sequence end, BootTime now);

    struct Flow {
        schema::Epoch epoch;
        std::map<std::string, schema::Sequence>
            next_after;  ///< By topic: what this session brought.
        schema::Sequence end;
        BootTime progress;  ///< Last time something new came, or was asked for.
        BootTime restarted;
        bool catching = false;  ///< A restart is under way: older blocks may still come in.
        std::string stopped;    ///< Why nothing is fetched; empty while it is.
        std::optional<BootTime> retry;
    };
    const std::map<schema::StoreId, Flow>& flows() const { return flows_; }
    const Flow* find(const schema::StoreId& store) const;

  private:
    static bool behind(const Flow& flow);
    static bool overdue(const Flow& flow, BootTime at);
    std::map<schema::StoreId, Flow> flows_;
};

/// A sender that has more, says nothing of it for so long and is there is asked again: more than
/// any sync of a disk or stop of a process takes that goes on by itself.
constexpr std::int64_t kOverdue = 30 * kSecond;

}  // namespace filial::core
