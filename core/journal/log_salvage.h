#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/log_cursor.h"

namespace filial::core {

/// What can still be read of one store's log in a damaged database, commit by commit, in order. It
/// trusts rows alone: what the database says of a log's end may be older or newer than they are.
class LogSalvage {
  public:
    /// The database must outlive it.
    LogSalvage(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log, schema::StoreId store);

    struct Piece {
        schema::Range range;
        schema::Timestamp at;
    };
    /// The commit that goes on behind `after`, all of its topics; nullopt where none can be read
    /// there. `why` says what is wrong then; it is empty behind the last commit.
    std::optional<Piece> next(schema::Sequence after);
    const std::string& why() const { return why_; }

    /// The last position of any commit that can be found; 0 for none.
    schema::Sequence last() const { return last_; }
    /// The first position above `after` from which on a commit can be read again; nullopt: none.
    std::optional<schema::Sequence> resumes(schema::Sequence after);

  private:
    struct Topic {
        TopicHead head;
        std::unique_ptr<LogCursor> cursor;
        bool bad = false;  ///< It could not be moved.
    };
    void find_topics();
    void seek(schema::Sequence after);
    std::optional<Piece> blocked(std::string why);

    rocksdb::DB& db_;
    rocksdb::ColumnFamilyHandle* log_;
    LogHead head_;
    std::vector<std::unique_ptr<Topic>> topics_;
    std::optional<schema::Sequence> at_;  ///< Where the cursors stand.
    schema::Sequence last_;
    std::string why_;
    schema::Parser parser_;
};

}  // namespace filial::core
