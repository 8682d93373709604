#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "publisher/group.h"
#include "test/sim/random.h"
#include "test/sim/world_time.h"

namespace filial::sim {

/// What can go wrong. Each has a counter: a fault that no seed brings about tests nothing.
enum class Fault {
    kill,            ///< A process, between two turns.
    kill_at_write,   ///< A process, before or after a write or sync.
    power_cut,       ///< A machine: what was not synced is lost in part.
    power_at_write,  ///< The same, before or after a write or sync.
    pause,           ///< A process stands still (SIGSTOP).
    suspend,         ///< A machine does.
    cut,             ///< A wire; what is on its way waits or is lost.
    isolate,         ///< All wires of a machine.
    swizzle,         ///< Wires are cut one after the other and mended in another order.
    reset,           ///< All connections over a wire break.
    slow,            ///< A wire is a modem's.
    swallow,         ///< A wire lets connections through and nothing else.
    corrupt,         ///< A wire damages bytes.
    full_disk,       ///< A journal or replica finds no room.
    broken_disk,     ///< A sync fails.
    clock_jump,      ///< A wall clock, forth or back.
    clock_drift,
    dial_up,          ///< A wire is there only now and then.
    old_replica,      ///< A replica's folder comes from a copy, or is lost.
    old_broker,       ///< A broker's does.
    restart,          ///< A process ends in order and starts again.
    restore,          ///< A store goes on from a backup, some from one that was restored before.
    replace,          ///< A store's machine is gone; a new one has its log from the brokers.
    clone,            ///< A copy of a store's machine runs beside it for a while.
    damaged_log,      ///< A part of a publisher's journal is flipped, cut or gone.
    damaged_broker,   ///< Of a broker's.
    damaged_replica,  ///< Rows of a replica are.
    repeat,           ///< A wire brings messages twice, the second time at once or later.
    overtake,         ///< A wire lets messages pass others that were sent before them.
    count,
};
constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::count);
/// Those from here on have random numbers of their own, so that all else in a seed is as it was.
constexpr std::size_t kFirstOfLater = static_cast<std::size_t>(Fault::repeat);
const char* name_of(Fault fault);

/// What one seed draws before anything happens: sizes, speeds, and how often what goes wrong. Each
/// seed leaves about half of the faults out, so that the others are not hidden behind them.
struct Plan {
    explicit Plan(std::uint64_t seed);

    std::uint64_t seed;
    int stores = 2;
    bool head_is_store = true;  ///< Head office has a log of its own.
    int brokers = 1;
    bool chained = false;  ///< The second broker dials the first.
    bool peers = false;    ///< Stores also read from each other's publishers.
    int tills = 1;         ///< Of each store.
    Time runs_for = 0;     ///< Until everything is mended.
    Time tick = 0;         ///< The longest that a loop waits.
    Time mark_every = 0;
    Time scrub_every = 0;
    Time keep = 0;  ///< Of brokers; 0: for ever.
    std::int64_t latency_us = 0;
    std::int64_t jitter_us = 0;
    Time ticket_every = 0;     ///< Of each till, on average.
    std::uint64_t window = 1;  ///< Tickets that a till has in flight.
    std::uint64_t queue_tickets = 64;
    publisher::GroupSizes groups;  ///< Of all publishers.
    bool accounts_move = false;    ///< Else limits change.
    bool asks_by_itself = false;
    /// People readmit a store at once. With one broker only: it holds all that has to come first.
    bool people_hurry = false;
    /// One replica is of an earlier version, which does not know a kind of event, until its
    /// upgrade.
    std::string unknown_kind;  ///< Empty: no such replica.
    Time upgrade = 0;          ///< When.
    /// A store's log may go on in another life of it: people have to say so.
    bool lives_end() const;
    /// Nothing befalls this company.
    bool quiet() const;
    /// What nobody has read for a while may be damaged.
    bool rots() const;
    Time every_of(Fault fault) const { return every[static_cast<std::size_t>(fault)]; }
    std::array<Time, kFaults> every{};  ///< Average time between two; 0: never.
    std::string text() const;

  private:
    void draw_later();
};

}  // namespace filial::sim
