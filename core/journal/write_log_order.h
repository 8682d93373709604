#pragma once

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <string>

namespace filial::core {

/// Ends the replay of a database's write-ahead logs where a write is missing: what stands behind it
/// was never acknowledged without it. RocksDB itself goes on where a log ends in zeros, as one does
/// of which a sync has failed, and the next log is there: its writes without those before them are
/// a state that never was. That they follow is seen by their numbers: each begins where the one
/// before it ended, also from one log to the next (a write is its first number, u64, a count, u32,
/// and so many entries: db/write_batch.cc of RocksDB 7.8). Whether anything is missing that had
/// been acknowledged is not told from here: of a store's own log its head witness tells, a broker
/// is sent it again by the stores, a replica by its sources. Used by the one thread that opens the
/// database.
class WriteLogOrder : public rocksdb::WalFilter {
  public:
    /// `name` is in its log lines.
    explicit WriteLogOrder(std::string name) : name_(std::move(name)) {}

    const char* Name() const override { return "WriteLogOrder"; }
    /// A replay begins.
    void ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>& log_numbers,
                                  const std::map<std::string, std::uint32_t>& ids) override;
    WalProcessingOption LogRecordFound(unsigned long long log, const std::string& file,
                                       const rocksdb::WriteBatch& write,
                                       rocksdb::WriteBatch* changed, bool* is_changed) override;

  private:
    std::string name_;
    std::uint64_t next_ = 0;  ///< What the next write has to begin with; 0: the first may be any.
};

}  // namespace filial::core
