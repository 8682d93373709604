#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/damaged_journal.h"
#include "core/journal/log_cursor.h"

namespace filial::core {

/// Of a damaged database, which must outlive it. It trusts rows alone: what the database says of a
/// log's end may be older or newer than they are.
class LogSalvage : public LogRemains {
  public:
    LogSalvage(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log, schema::StoreId store);

    schema::Result<schema::Sequence> trimmed(const TopicBases& bases) override;
    std::optional<Piece> next(schema::Sequence after) override;
    const std::string& why() const override { return why_; }
    Others others(schema::Sequence after, schema::Sequence upto,
                  const std::vector<std::string>& without) override;
    std::vector<std::string> topics() const override;
    schema::Sequence last() const override { return last_; }
    std::optional<schema::Sequence> resumes(schema::Sequence after) override;

  private:
    struct Topic {
        TopicHead head;
        std::unique_ptr<LogCursor> cursor;
        bool bad = false;            ///< It could not be moved.
        schema::Sequence trimmed{};  ///< The last trimmed event.
        schema::Sequence begins{};   ///< Where the commit that holds it ends.
    };
    schema::Result<LogValue> begins_with(Topic& topic, const schema::BaseInfo& base);
    schema::Result<void> count_upto(schema::Sequence at);
    void find_topics();
    void seek(schema::Sequence after);
    std::optional<Piece> blocked(std::string why);

    rocksdb::DB& db_;
    rocksdb::ColumnFamilyHandle* log_;
    LogHead head_;
    std::vector<std::unique_ptr<Topic>> topics_;
    std::optional<schema::Sequence> at_;  ///< Where the cursors stand.
    schema::Sequence last_;
    schema::Sequence holes_upto_;  ///< Positions may be missing up to here: they are trimmed.
    std::string why_;
    schema::Parser parser_;
};

}  // namespace filial::core
