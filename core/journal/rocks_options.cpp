#include "core/journal/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/journal/write_log_order.h"
#include "core/log.h"

namespace filial::core {

using schema::Errc;
using schema::Error;

namespace {

constexpr std::size_t kProtectionBytes = 8;
constexpr std::size_t kInfoLineBytes = 1024;
/// Of a memtable, for a filter of its keys: ten bits for each where rows have 100 bytes.
constexpr double kMemtableFilterShare = 1.0 / 80;

class InfoLog : public rocksdb::Logger {
  public:
    explicit InfoLog(std::string name)
        : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), order(name), name_(std::move(name)) {}

    using rocksdb::Logger::Logv;
    void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
        if (level < rocksdb::InfoLogLevel::WARN_LEVEL ||
            level >= rocksdb::InfoLogLevel::HEADER_LEVEL) {
            return;
        }
        char line[kInfoLineBytes];
        std::vsnprintf(line, sizeof line, format, arguments);
        Level ours = Level::error;
        if (level == rocksdb::InfoLogLevel::WARN_LEVEL) ours = Level::warn;
        // Writes that wait for the one job beside them are back-pressure, and pass.
        const bool waiting = std::strstr(line, " writes because we have ") != nullptr;
        log(waiting ? Level::debug : ours, "rocksdb", {{"db", name_}, {"text", line}});
    }

    // Headers and options at opening: nobody asked.
    void LogHeader(const char*, va_list) override {}

    /// Here because it has to be there as long as the database.
    WriteLogOrder order;

  private:
    const std::string name_;
};

void set_tables(rocksdb::Options& options, std::size_t cache_bytes) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(cache_bytes);
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    // A commit is a few KiB: some of them share a block, and lz4 finds more in it.
    table.block_size = 16 << 10;
    table.format_version = 5;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.compression = rocksdb::kLZ4Compression;
}

}  // namespace

Error from_status(const std::string& doing, const rocksdb::Status& status) {
    Errc code = Errc::io;
    // A file that the database knows and that is not there is damage like any other.
    if (status.IsCorruption() || status.IsPathNotFound()) code = Errc::corrupt;
    if (status.IsNotFound()) code = Errc::not_found;
    if (status.IsNoSpace()) code = Errc::no_space;
    return {code, doing + ": rocksdb: " + status.ToString()};
}

rocksdb::Options rocks_options(const std::string& name, const RocksMemory& memory) {
    rocksdb::Options options;
    if (memory.env != nullptr) options.env = memory.env;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    const auto info_log = std::make_shared<InfoLog>(name);
    options.info_log = info_log;
    options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;

    // Damage is found, not skipped.
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.wal_filter = &info_log->order;
    options.recycle_log_file_num = 0;
    options.track_and_verify_wals_in_manifest = true;
    options.memtable_protection_bytes_per_key = kProtectionBytes;
    options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();

    // Memory: one bound for all column families together.
    options.db_write_buffer_size = memory.memtable_bytes;
    options.write_buffer_size = memory.memtable_bytes;
    options.max_write_buffer_number = 2;
    options.max_total_wal_size = 4 * memory.memtable_bytes;
    options.target_file_size_base = 16 << 20;
    options.max_open_files = 64;
    set_tables(options, memory.cache_bytes);

    // One writer, one job beside it, no timers.
    options.max_background_jobs = 1;
    options.allow_concurrent_memtable_write = false;
    options.enable_write_thread_adaptive_yield = false;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    options.skip_stats_update_on_db_open = true;
    return options;
}

void filter_new_keys(rocksdb::ColumnFamilyOptions& options) {
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = kMemtableFilterShare;
}

rocksdb::WriteBatch guarded_batch(std::size_t bytes) {
    return rocksdb::WriteBatch(bytes, 0, kProtectionBytes, 0);
}

}  // namespace filial::core
