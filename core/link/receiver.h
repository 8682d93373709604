#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/link/host.h"
#include "schema/limits.h"
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

    /// What its fetches say of the blocks that this end takes, from now on.
    struct Abilities {
        std::uint64_t codecs = 0;
        bool dictionaries = false;
        std::uint64_t block_events = 0;
        std::uint64_t credit = schema::kCreditBytes;
    };
    void can(const Abilities& abilities) { abilities_ = abilities; }
    /// From the next fetch on.
    void set_credit(std::uint64_t credit) { abilities_.credit = credit; }
    /// The rows that a block of this log built on are not at hand, or not those: from now on its
    /// blocks have to stand alone. False if they do already.
    bool stand_alone(const schema::StoreId& store);

    /// Begins, or begins again, to fetch a log from the positions of `want`. Without any, it is
    /// wanted later: its marks count, and nothing is to be sent.
    schema::Fetch begin(const Want& want, BootTime now);
    /// Judges the next block. After `take`, its range counts as received.
    Step judge(const schema::Block& block, BootTime now);
    /// The host holds more of it than this session brought, and proves what it holds: the sender
    /// has to look whether it has the same there before it goes on behind it, so `begin` is due.
    bool overtaken(const schema::StoreId& store,
                   const std::vector<schema::TopicEnd>& durable) const;
    /// The fetch that confirms what the host made durable, also by another source. The log must
    /// have been begun.
    schema::Fetch confirm(const schema::StoreId& store,
                          const std::vector<schema::TopicEnd>& durable);
    /// Whether a confirmation pays on a dear line: it has brought all that there is and is quiet, a
    /// quarter of the credit is used up, or the oldest block has waited for kConfirmWithin.
    bool confirm_pays(const schema::StoreId& store, BootTime now) const;
    /// Other logs go first: nothing more of this one is asked for until it is begun again. The
    /// fetch that says so, nullopt where nothing is fetched.
    std::optional<schema::Fetch> hold(const schema::StoreId& store);
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
        std::uint64_t unconfirmed = 0;  ///< Bytes of blocks that came since.
        std::optional<BootTime> unconfirmed_since;
        bool held = false;      ///< Others go first.
        bool proves = false;    ///< Its fetch said what is held.
        bool alone = false;     ///< Its blocks may not build on rows before them.
        bool catching = false;  ///< A restart is under way: older blocks may still come in.
        std::string stopped;    ///< Why nothing is fetched; empty while it is.
        std::optional<BootTime> retry;
    };
    const std::map<schema::StoreId, Flow>& flows() const { return flows_; }
    const Flow* find(const schema::StoreId& store) const;

  private:
    schema::Fetch fetch_of(const schema::StoreId& store, const Flow& flow,
                           std::vector<schema::TopicEnd> after, bool restart) const;
    static bool behind(const Flow& flow);
    static bool overdue(const Flow& flow, BootTime at);
    std::map<schema::StoreId, Flow> flows_;
    Abilities abilities_;
};

/// On a dear line a confirmation waits so long for others, or after the last block.
constexpr std::int64_t kConfirmWithin = 2 * kSecond;
constexpr std::int64_t kConfirmQuiet = 3 * kSecond / 10;

/// A sender that has more, says nothing of it for so long and is there is asked again: more than
/// any sync of a disk or stop of a process takes that goes on by itself.
constexpr std::int64_t kOverdue = 30 * kSecond;

}  // namespace filial::core
