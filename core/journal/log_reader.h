#pragma once

#include "core/journal/journal.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace filial::core {

/// Reads column family `log`. A view: cheap to make, keeps nothing. A commit that is missing shows
/// in the counts that its neighbours carry, and is `corrupt`, never a shorter answer.
class LogReader {
  public:
    LogReader(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log) : db_(db), log_(log) {}

    /// As Journal::read. Ends earlier at the last commit of an epoch, since no range spans two, and
    /// where one commit more would not fit into a block: a relay's commit is as large as a block.
    schema::Result<schema::Range> read(const LogHead& head, const ReadRequest& request) const;

    /// As Journal::depth.
    schema::Result<Depth> depth(const LogHead& head, const std::vector<std::string>& topics,
                                schema::Sequence after) const;

    /// The head as it was after the event `at`, which may lie inside a commit: topics, last
    /// positions, chains; epoch and incarnation are those of `head`. A chain is counted up from the
    /// commit before; where that one has none, it is zeros.
    schema::Result<LogHead> head_at(const LogHead& head, schema::Sequence at) const;

  private:
    rocksdb::DB& db_;
    rocksdb::ColumnFamilyHandle* log_;
};

}  // namespace filial::core
