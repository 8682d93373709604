#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/damaged_journal.h"
#include "core/journal/log_copy.h"

namespace filial::core {

/// The log of one store as it is put together again: from the damaged database as far as that can
/// be read, from others where it cannot. Pure but for the journals.
class LogRebuild {
  public:
    /// `repair` must outlive it, and not finish before it is gone.
    LogRebuild(DamagedJournal& repair, schema::StoreId store);

    /// Before the first `salvage`: the log was trimmed, and its bases are whole. What stands below
    /// their ends is then looked through, and `salvage` goes on with it. `corrupt` where it does
    /// not go together: nothing of the trimmed log can be used then, and all is as without.
    schema::Result<void> trimmed(TopicBases bases);
    /// Stages up to about `bytes` more of the damaged database; false where nothing there goes on
    /// now: it is behind the last event, or meets a place that cannot be read.
    bool salvage(std::size_t bytes);
    /// Stages what somebody else has of this log. As LogCopy::take.
    schema::Result<void> take(const schema::Range& range, schema::Timestamp at) {
        return copy_.take(range, at);
    }
    /// The same of what somebody else has of some topics alone: the others' events come from the
    /// damaged database. `gap` where these can be read only to before the end of `range`, and all
    /// up to there was staged; `corrupt` where nothing of it can be put together.
    schema::Result<void> take_some(const schema::Range& range, schema::Timestamp at);
    /// Which topics the damaged database has.
    std::vector<std::string> topics() const;
    /// Durable on return, as far as it was staged.
    schema::Result<void> commit() { return copy_.commit(); }

    const LogHead& head() const { return copy_.head(); }
    schema::Sequence end() const { return copy_.end(); }
    /// Everything up to here was acknowledged once, or stands in the damaged database; nothing
    /// that is known of is missing when `end` is there.
    schema::Sequence known_end() const;
    /// Whether a witness says what was acknowledged. Without it only somebody else can.
    bool witnessed() const { return witness_.has_value(); }
    /// Whose log it is: by the witness, else by what can be read.
    schema::Epoch epoch() const;
    schema::Incarnation incarnation() const;
    /// Where the damaged database goes on behind the place that cannot be read.
    std::optional<schema::Sequence> resumes() const;
    /// Why the damaged one does not go on at `end`; empty behind its last event.
    const std::string& why() const { return why_; }

  private:
    schema::Result<void> take_piece(LogCopy& to, LogRemains::Piece piece) const;

    DamagedJournal& repair_;
    std::optional<WitnessSlot> witness_;
    LogCopy copy_;
    std::unique_ptr<LogRemains> source_;
    std::string why_;
    TopicBases bases_;             ///< Of a trimmed log.
    schema::Sequence holes_upto_;  ///< Its positions have holes up to here.
};

}  // namespace filial::core
