#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/journal/journal.h"

namespace filial::core {

/// Builds one store's log a second time, from its beginning, out of parts that come from anywhere:
/// a damaged database, a broker. Takes a part only where it goes on what is there: positions
/// without holes, each topic's chain of hashes, one incarnation an epoch. No I/O but the journal's.
class LogCopy {
  public:
    /// Goes on behind what `to` holds of `store`. `to` must outlive it; nobody else may append.
    LogCopy(Journal& to, schema::StoreId store);

    /// At `seq` the log was acknowledged with these chain heads (chains_of): a commit of the copy
    /// ends there, and nothing else is taken.
    void expect(schema::Sequence seq, const schema::Hash& chains);

    /// Stages what `range`, which is of all topics, has above the end. `gap` if it begins above
    /// that; `corrupt` where positions are missing in it or a row is none; `forked` where it is of
    /// another log than what is there, or than what was acknowledged; `stale_incarnation` for an
    /// earlier epoch. Then nothing of it is staged from the place on that is wrong.
    schema::Result<void> take(const schema::Range& range, schema::Timestamp at);
    /// The same of a trimmed log below where its holes end (LogRemains::trimmed): positions may be
    /// missing in it, topics begin as `begun` says and are trimmed as `trims` says.
    schema::Result<void> take_trimmed(const schema::Range& range, schema::Timestamp at,
                                      std::vector<TopicHead> begun, std::vector<Trim> trims);
    /// What is staged is not written: it was for looking at.
    void drop_staged();
    /// Durable on return. What fails stays staged.
    schema::Result<void> commit();

    /// What is staged included.
    const LogHead& head() const { return head_; }
    schema::Sequence end() const { return head_.end; }
    std::size_t staged_bytes() const { return bytes_; }

  private:
    schema::Result<void> stage(const schema::Range& range, Append append, bool holes);
    schema::Result<schema::Incarnation> check_life(const schema::Range& range, bool holes) const;

    Journal& to_;
    LogHead head_;
    JournalWrite staged_;
    std::size_t bytes_ = 0;
    std::optional<std::pair<schema::Sequence, schema::Hash>> expected_;
};

}  // namespace filial::core
