#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"
#include "publisher/outbox.h"
#include "schema/mark.h"
#include "schema/messages.h"

namespace filial::publisher {

/// Makes the store's marks: by a timer, at the start, and soon after the log grew. A mark names
/// durable positions only.
///
/// Counters rise over restarts without a write for each: they are taken from blocks of
/// kCountersReserved, and the end of the block is durable before the first of it is used. A restart
/// goes on behind the block, so that a part of it is skipped and none comes twice.
class MarkMaker {
  public:
    /// `journal` must outlive it; `every_us` between marks of a quiet log.
    MarkMaker(core::Journal& journal, std::int64_t every_us)
        : journal_(journal), every_us_(every_us) {}

    /// What was saved of the replica's last word: marks say at least that much until it speaks
    /// again. One that cannot be read is as none. Fails as the journal does.
    schema::Result<void> load();
    /// What the replica of this store said last; the next mark repeats it.
    void applied(schema::Applied applied);
    /// Whether it is known what a replica of this store has read, or that it is nothing.
    bool knows_applied() const { return !applied_.reached.empty(); }
    /// There is no replica here and nothing was read: marks say so, by naming the own log and no
    /// topic of it. Until then a mark that names none says that it is not known.
    void nothing_applied(bool sure) { nothing_applied_ = sure; }
    /// Whether there is something to save, at most every kAppliedEvery.
    bool changed(core::BootTime now) const;
    void save(StateWrites& writes) const;
    void saved(core::BootTime now);

    /// Somebody holds a mark of this log with that counter. Where that is more than was given here,
    /// the next mark counts above it, and is due at once; true then. A counter that no log comes to
    /// is left alone.
    bool count_above(std::uint64_t counter);

    bool due(schema::Sequence end, core::BootTime now) const;
    /// The next mark of this log. Fails as the journal does when a block of counters has to be
    /// reserved; then no mark is made and it is due again after `every_us`.
    schema::Result<schema::Mark> make(const core::LogHead& head, schema::Timestamp at,
                                      std::vector<schema::Position> taken, core::BootTime now);

    /// Where the state keeps the end of the block, and how.
    static constexpr std::string_view kKey = "mark/reserved";
    /// And what the replica said last: [1, [[store, epoch, [[topic, seq]...]]...]]
    static constexpr std::string_view kAppliedKey = "mark/applied";
    static schema::Bytes counter_value(std::uint64_t reserved);
    static schema::Result<std::uint64_t> counter_of(schema::ByteView value);

  private:
    schema::Result<std::uint64_t> next_counter();

    core::Journal& journal_;
    std::int64_t every_us_;
    schema::Applied applied_;
    bool nothing_applied_ = false;
    bool unsaved_ = false;  ///< Of `applied_`.
    bool silent_ = false;   ///< The last mark did not say what was read.
    core::BootTime saved_at_;
    std::uint64_t counter_ = 0;   ///< Last one given.
    std::uint64_t reserved_ = 0;  ///< Last one that may be given.
    std::uint64_t above_ = 0;     ///< What was heard of from elsewhere.
    bool made_ = false;
    core::BootTime made_at_;
    schema::Sequence made_end_;
};

/// What the replica has read is saved so often while it moves: in a large company it is some 20 KB.
constexpr std::int64_t kAppliedEvery = 5 * core::kSecond;

/// A week of marks every five seconds, several hours of five a second.
constexpr std::uint64_t kCountersReserved = 131'072;

/// A log that is repaired each day for a million years stays below: what is more is nonsense, and
/// would leave nothing to count with.
constexpr std::uint64_t kCounterMost = std::uint64_t{1} << 62;

}  // namespace filial::publisher
