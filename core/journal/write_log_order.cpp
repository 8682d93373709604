#include "core/journal/write_log_order.h"

#include <rocksdb/write_batch.h>

#include "core/log.h"

namespace filial::core {

namespace {

/// In front of a write: the number of its first entry.
constexpr std::size_t kWriteNumberBytes = 8;

std::uint64_t first_number(const std::string& bytes) {
    std::uint64_t number = 0;
    for (std::size_t i = kWriteNumberBytes; i-- > 0;) {
        number = number << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return number;
}

}  // namespace

void WriteLogOrder::ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>&,
                                             const std::map<std::string, std::uint32_t>&) {
    next_ = 0;
}

rocksdb::WalFilter::WalProcessingOption WriteLogOrder::LogRecordFound(
    unsigned long long, const std::string& file, const rocksdb::WriteBatch& write,
    rocksdb::WriteBatch*, bool*) {
    const std::uint64_t first = first_number(write.Data());
    if (next_ != 0 && first != next_) {
        log(Level::warn,
            "a database's write-ahead log lacks writes: what stands behind them is left out",
            {{"db", name_}, {"file", file}, {"lacks_from", next_}, {"goes_on_at", first}});
        return WalProcessingOption::kStopReplay;
    }
    next_ = first + static_cast<std::uint64_t>(write.Count());
    return WalProcessingOption::kContinueProcessing;
}

}  // namespace filial::core
