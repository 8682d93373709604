#pragma once

#include <optional>
#include <vector>

#include "core/journal/journal.h"
#include "core/journal/log_damage.h"
#include "schema/codec.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace filial::core {

/// Reads one log from its first row to its last, in steps, and says what of it is damaged: rows
/// that cannot be read, commits that are missing, chains of hashes that differ from the ones that
/// were written with them, and from the head's. Keeps no view of the database between steps.
class LogCheck {
  public:
    /// `head` as it is now: what is appended meanwhile is not looked at. `whole`: the log has every
    /// position from 1 on, as the log of a store or of a broker has.
    explicit LogCheck(LogHead head, bool whole = true);

    /// The log is trimmed as far as `now` says: what stood there is not looked for.
    void trimmed(const LogHead& now);
    /// Reads about `bytes` further; false when all is read.
    bool step(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log, std::size_t bytes);

    const LogHead& head() const { return head_; }
    const std::vector<LogDamage>& damages() const { return damages_; }
    std::uint64_t rows() const { return rows_; }
    std::uint64_t bytes() const { return bytes_; }

  private:
    struct Place;
    void look_behind(Place& place, const schema::Error& error);
    bool read_commit(Place& place);
    void take(const schema::Segment& segment, std::uint64_t events_before, schema::Sequence before);
    void end_topic();
    void begin_topic();
    void begin_behind_trim();
    void damaged(schema::Sequence after, schema::Sequence upto, std::string why);

    LogHead head_;
    bool whole_;
    std::size_t topic_ = 0;                               ///< Of the head's: the one that is read.
    schema::Sequence at_;                                 ///< Everything up to here was looked at.
    std::optional<schema::Hash> chain_ = schema::Hash{};  ///< Behind `at_`; nullopt: not known.
    std::optional<std::uint64_t> events_ = 0;  ///< Of this topic, up to `at_`; nullopt: not known.
    bool holds_trim_ = false;  ///< The next commit must be the one that the trim has left.
    std::uint64_t rows_ = 0;
    std::uint64_t bytes_ = 0;
    std::vector<LogDamage> damages_;
    schema::Parser parser_;
};

}  // namespace filial::core
