#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/link/host.h"
#include "ledger/setting.h"
#include "publisher/clients.h"
#include "publisher/legs.h"
#include "publisher/outbox.h"
#include "schema/ticket.h"

namespace filial::publisher {

/// Content that may wait for a commit: thousands of receipts, and no till can fill the memory.
constexpr std::size_t kQueueBytesMax = 16 * 1024 * 1024;

/// A number that was told Busy and is not sent again for this long is given up: five of the longest
/// pauses that a Busy asks for.
constexpr std::int64_t kForgetBusy = 5 * core::kSecond;

/// So many numbers of one client that were told Busy are known; those above wait behind them.
constexpr std::size_t kBusyNumbers = 1'024;

/// Turns come at least every 50 ms: time beyond this between two of them is a standstill of this
/// process (it was stopped, its disk hung) or of the machine, in which nobody could come again.
constexpr std::int64_t kStoodStill = core::kSecond;

/// Tickets of one client that go before those of the next: as many as a till or an import has under
/// way, and no more than others wait for in a moment.
constexpr std::size_t kClientRun = 16;

/// What came of the tickets since the start.
struct IntakeCounts {
    std::int64_t tickets = 0;  ///< Accepted.
    std::int64_t repeated = 0;
    std::int64_t refused = 0;
    std::int64_t busy = 0;
};

/// The door for tickets. All that wait when a turn flushes share commits; an answer that rests on
/// what a commit holds leaves after that commit is durable. A ticket that finds no room is answered
/// Busy at once, and so is every later number of its client until the lowest one came again; then
/// the next lowest that was told Busy has to come, and so on, so that a client's tickets are
/// decided in the order of their numbers, however it sends them. A lowest one that does not come
/// again within kForgetBusy, of its Busy or of having become the lowest, is given up by its client,
/// and so are all that have not come again since their Busy, however short a time that is (a till
/// that sends new numbers and repeats none is not to wait for ever), or not lately: none of them is
/// waited for any longer. Those that keep coming go on in their order. A standstill of this process
/// counts for nobody's silence.
class Intake {
  public:
    /// `queue_max` tickets may wait, of kQueueBytesMax together. `clients` and `policy` must
    /// outlive it.
    Intake(Clients& clients, const ledger::Inputs& policy, std::uint64_t queue_max)
        : clients_(clients), policy_(policy), queue_max_(queue_max) {}

    /// For tests; those of GroupSizes otherwise.
    void groups(const GroupSizes& sizes) { sizes_ = sizes; }

    /// Checks the form, then queues the ticket. Anything but waiting is answered at once.
    void take(const core::Requester& from, schema::Ticket ticket, schema::Timestamp wall,
              core::BootTime now, Legs& legs);

    /// A ticket of the store itself, decided among the others with inputs of its own. One at a
    /// time: its answer, Busy where there was no room, is for `own_answer`.
    void take_own(schema::Ticket ticket, ledger::Inputs inputs);
    /// The answer to the last one, once; nullopt before its commit.
    std::optional<schema::Message> own_answer() { return std::exchange(own_answer_, {}); }

    /// Before the first commit of a turn: puts up to kClientRun tickets of a client next to each
    /// other, in their order, and clients in the order in which they came. Their answers are
    /// durable at one moment then, and leave together. What a commit has taken in keeps its place.
    void arrange();

    /// Tickets that no commit has taken in yet.
    std::size_t unstaged() const { return waiting_.size() - taken_in(); }
    /// Decides and stages waiting tickets until the commit is full, or large enough where one may
    /// begin, or none is left.
    schema::Result<void> stage(Outbox& outbox);
    std::size_t staged() const { return staged_; }
    /// What was staged is on its way to the disk; what is staged from now on belongs to the next
    /// commit.
    void begun();
    /// The oldest of these commits is durable: `answer` may answer it.
    void committed();
    bool writing() const { return !writing_.empty(); }
    bool unanswered() const { return durable_ > 0; }
    /// Answers what is durable; how many tickets that were.
    std::size_t answer(Legs& legs);
    /// There was no room: answers Busy to everything that waits.
    void give_up(const schema::Error& why, core::BootTime now, Legs& legs);
    /// Forgets the numbers that did not come again after their Busy.
    void turn(core::BootTime now);

    const IntakeCounts& counts() const { return counts_; }

  private:
    struct Waiting {
        core::Requester from;
        schema::Ticket ticket;
        std::uint64_t checksum = 0;
        std::size_t bytes = 0;
        schema::Message answer;               ///< Set by `stage`.
        std::shared_ptr<ledger::Inputs> own;  ///< Of a ticket of the store itself.
    };
    struct Told {
        core::BootTime at;   ///< When last.
        bool again = false;  ///< It has come again since the first time.
    };
    struct Refused {
        std::map<std::uint64_t, Told> numbers;  ///< Told Busy: they come again in this order.
        core::BootTime since;  ///< Of the first one's own Busy, or when it became first.
    };

    schema::Result<void> check(const schema::Ticket& ticket, std::uint64_t& index) const;
    std::size_t taken_in() const {
        return std::accumulate(writing_.begin(), writing_.end(), durable_ + staged_);
    }
    /// Time went on; what of it was a standstill is added to all that is measured since a Busy.
    void passed(core::BootTime now);
    /// Whether that is the last of it: nobody of its client is waited for any more.
    static bool forget(Refused& entry, core::BootTime now);
    bool must_wait(const schema::Ticket& ticket, core::BootTime now);
    /// That number need not come any more.
    void came(const schema::Ticket& ticket, core::BootTime now);
    void answer_busy(const core::Requester& from, const schema::Ticket& ticket,
                     std::uint64_t retry_ms, const std::string& reason, core::BootTime now,
                     Legs& legs);
    /// False: it does not fit into this commit.
    schema::Result<bool> decide(Waiting& waiting, Outbox& outbox);

    Clients& clients_;
    const ledger::Inputs& policy_;
    std::uint64_t queue_max_;
    GroupSizes sizes_;
    std::deque<Waiting> waiting_;
    std::size_t bytes_ = 0;            ///< Of all that wait.
    std::size_t durable_ = 0;          ///< Of the queue's front: to be answered.
    std::deque<std::size_t> writing_;  ///< Of those behind: in each commit in hand.
    std::size_t staged_ = 0;           ///< Of those behind: for the next commit.
    std::map<schema::ClientId, Refused> refused_;
    std::optional<core::BootTime> seen_;  ///< When time last went on.
    std::optional<schema::Message> own_answer_;
    IntakeCounts counts_;
};

}  // namespace filial::publisher
