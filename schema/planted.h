#pragma once

#include <cstddef>

/// Mistakes that are made on purpose, one at a time, to see that the simulator finds them: a test
/// of the tests. Only a build with FILIAL_PLANTED has them (preset `sim`); everywhere else
/// `planted` is a constant and the compiler leaves nothing of them.
namespace filial::schema {

enum class Bug {
    none,
    broker_acks_unsynced,    ///< The broker's fetch confirms what no fsync covers.
    till_answered_unsynced,  ///< "Accepted" leaves before the fsync.
    full_disk_is_accepted,   ///< A ticket that found no room is answered as booked.
    failed_commit_stays,     ///< A commit that failed leaves its effects in the memory.
    answers_not_kept,        ///< What a client was answered is not written with its events.
    ticket_booked_again,     ///< A ticket that was booked before is booked once more.
    notice_lost_when_full,   ///< A notice that found no room is not decided again.
    replica_acks_unsynced,   ///< The replica's position is confirmed before the fsync.
    position_apart,          ///< A replica's position is written apart from the effects.
    rows_applied_again,      ///< A replica applies rows that it holds.
    pause_for_ever,          ///< A log that was paused is not asked for again.
    late_mark_is_fresh,      ///< The time in a queue does not count.
    mark_before_data,        ///< A mark counts before the data that it speaks of is here.
    mark_lacks_a_topic,      ///< A mark does not say where its topic `stock` ends.
    marks_ordered_by_clock,  ///< The newest mark is the one with the latest time.
    dwell_forgotten,         ///< A relay does not add the time that it held a mark.
    age_over_reboot,         ///< A time of an earlier boot is compared with this one's.
    mark_counter_again,      ///< Counters of marks begin anew with each start.
    older_session_heard,     ///< A session goes on beside a newer one of the same receiver.
    quarantine_forgotten,    ///< A restored store trades before anybody has readmitted it.
    epoch_counted,           ///< A restored store opens the epoch behind its own, ungranted.
    opens_before_all,        ///< A readmitted store does not wait for what its brokers hold.
    repair_skips,            ///< A repaired log ends before what was acknowledged.
    fork_taken,              ///< What a broker holds is not compared with what stands here.
    dead_tail_kept,          ///< A replica keeps what the next epoch does not go on from.
    witness_unread,          ///< A log goes on whatever its witness says.
    base_without_rows,       ///< Events are trimmed of which nothing stands in the base.
    snapshot_unplaced,       ///< A snapshot is taken in without the position that it stands for.
    parked_overtaken,        ///< An event is applied while an earlier one of its key is parked.
    look_compares_nothing,   ///< A look at a replica compares nothing with its events.
    // Of ledger::Rules.
    payment_counts_twice,
    notice_counts_twice,
    reversal_frees_room,
    anybody_frees_room,
    closed_is_charged,
    recall_loses_room,
    cut_limit_unseen,
    grants_beyond_reserve,
    charges_beyond_room,
    old_grants_spent,
    count,
};

/// As in `sim --plant NAME`.
constexpr const char* kBugNames[] = {
    "none",
    "broker-acks-unsynced",
    "till-answered-unsynced",
    "full-disk-is-accepted",
    "failed-commit-stays",
    "answers-not-kept",
    "ticket-booked-again",
    "notice-lost-when-full",
    "replica-acks-unsynced",
    "position-apart",
    "rows-applied-again",
    "pause-for-ever",
    "late-mark-is-fresh",
    "mark-before-data",
    "mark-lacks-a-topic",
    "marks-ordered-by-clock",
    "dwell-forgotten",
    "age-over-reboot",
    "mark-counter-again",
    "older-session-heard",
    "quarantine-forgotten",
    "epoch-counted",
    "opens-before-all",
    "repair-skips",
    "fork-taken",
    "dead-tail-kept",
    "witness-unread",
    "base-without-rows",
    "snapshot-unplaced",
    "parked-overtaken",
    "look-compares-nothing",
    "payment-counts-twice",
    "notice-counts-twice",
    "reversal-frees-room",
    "anybody-frees-room",
    "closed-is-charged",
    "recall-loses-room",
    "cut-limit-unseen",
    "grants-beyond-reserve",
    "charges-beyond-room",
    "old-grants-spent",
};
constexpr std::size_t kBugs = static_cast<std::size_t>(Bug::count);
static_assert(sizeof kBugNames / sizeof *kBugNames == kBugs, "each has a name");

#ifdef FILIAL_PLANTED
inline Bug planted_bug = Bug::none;
inline bool planted(Bug bug) { return planted_bug == bug; }
#else
constexpr bool planted(Bug) { return false; }
#endif

}  // namespace filial::schema
