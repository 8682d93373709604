#pragma once

#include <rocksdb/iterator.h>
#include <rocksdb/slice.h>

#include <memory>
#include <string>

#include "core/journal/journal.h"
#include "core/journal/log_layout.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace filial::core {

/// The commits of one topic of a log, in order. Sees no key of another topic, and none of what was
/// trimmed. A commit that is missing between two, or behind the last, is found by the counts that
/// they and the head carry.
class LogCursor {
  public:
    /// Whether what is read may take the place of other things in the cache: not what is read once.
    enum class Cache { fill, leave };
    /// All must outlive the cursor. Stands nowhere until it is told.
    LogCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log, const LogHead& head,
              const TopicHead& topic, Cache cache = Cache::fill);
    LogCursor(const LogCursor&) = delete;
    LogCursor& operator=(const LogCursor&) = delete;

    /// To the first commit that ends above `after`.
    schema::Result<void> seek(schema::Sequence after);
    /// The same for whoever has everything up to `after`: one that is missing there is found too,
    /// by the count of the commit before it. Where that one cannot be read, it is not.
    schema::Result<void> go_on_behind(schema::Parser& parser, schema::Sequence after);
    /// To the last commit that ends at or below `upto`.
    schema::Result<void> seek_back(schema::Sequence upto);
    schema::Result<void> next();

    bool valid() const { return at_->Valid(); }
    /// Where the commit here ends.
    schema::Sequence upto() const { return upto_; }

    /// The commit here. `corrupt` if it is damaged or is not the one that follows the last read.
    schema::Result<LogValue> value(schema::Parser& parser);
    /// The first commit from here on that has an event above `after`; the topic must have one.
    schema::Result<LogValue> first_above(schema::Parser& parser, schema::Sequence after);
    /// Behind the last commit: `corrupt` unless all that the head counts above `after` was there.
    schema::Result<void> check_end(schema::Sequence after) const;

  private:
    schema::Result<void> look();
    tl::unexpected<schema::Error> ends_early() const;

    const TopicHead& topic_;
    const std::string name_;
    const schema::Bytes prefix_, behind_, begin_;
    const rocksdb::Slice lower_, upper_;  ///< Views of these two: bounds of what is read.
    std::unique_ptr<rocksdb::Iterator> at_;
    schema::Sequence upto_;
    bool counting_ = false;
    bool holds_trim_ = false;   ///< The next commit must be the one that the trim has left.
    std::uint64_t events_ = 0;  ///< Of this topic, up to and including the last commit read.
};

}  // namespace filial::core
