#include "core/journal/rocks_database.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <utility>

namespace filial::core {

using schema::Result;

RocksDatabase::RocksDatabase() = default;
RocksDatabase::~RocksDatabase() { close(); }
RocksDatabase::RocksDatabase(RocksDatabase&&) noexcept = default;

RocksDatabase& RocksDatabase::operator=(RocksDatabase&& other) noexcept {
    std::swap(db_, other.db_);
    std::swap(columns_, other.columns_);
    return *this;
}

bool RocksDatabase::exists(const std::filesystem::path& dir) {
    std::error_code none;
    return std::filesystem::exists(dir / "CURRENT", none);
}

bool RocksDatabase::complete(const std::filesystem::path& dir,
                             const std::vector<std::string>& columns, const RocksMemory& memory) {
    std::vector<std::string> found;
    const auto listed =
        rocksdb::DB::ListColumnFamilies(rocks_options(dir.string(), memory), dir.string(), &found);
    return !listed.ok() ||
           std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
               return std::find(found.begin(), found.end(), column) != found.end();
           });
}

Result<void> RocksDatabase::repair(const std::filesystem::path& dir,
                                   const std::vector<std::string>& columns,
                                   const RocksMemory& memory) {
    const rocksdb::Options options = rocks_options(dir.string(), memory);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, options);
    for (const std::string& column : columns) families.emplace_back(column, options);
    const auto status = rocksdb::RepairDB(dir.string(), options, families, options);
    if (status.ok()) return {};
    return tl::unexpected(from_status("repair " + dir.string(), status));
}

Result<RocksDatabase> RocksDatabase::open(const std::filesystem::path& dir,
                                          const std::vector<std::string>& columns,
                                          const RocksMemory& memory, Mode mode,
                                          const std::string& filtered) {
    rocksdb::Options options = rocks_options(dir.string(), memory);
    if (mode == Mode::salvage) {
        // Logs are held against the manifest all the same: without that, RocksDB 7.8 ends the
        // program by an assertion where it names any and may not be written.
        options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
        options.wal_filter = nullptr;
    }
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.reserve(columns.size() + 1);
    for (const std::string& column : columns) {
        families.emplace_back(column, options);
        if (column == filtered) filter_new_keys(families.back().options);
    }
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, options);

    RocksDatabase database;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        mode == Mode::write
            ? rocksdb::DB::Open(options, dir.string(), families, &database.columns_, &db)
            : rocksdb::DB::OpenForReadOnly(options, dir.string(), families, &database.columns_,
                                           &db);
    if (!status.ok()) {
        database.columns_.clear();
        return tl::unexpected(from_status("open " + dir.string(), status));
    }
    database.db_.reset(db);
    return database;
}

void RocksDatabase::close() {
    if (!db_) return;
    for (rocksdb::ColumnFamilyHandle* column : columns_) {
        // A failure here is of the handle alone, and the database goes in the next line.
        const rocksdb::Status freed = db_->DestroyColumnFamilyHandle(column);
        schema::check(freed.ok(), "a column family's handle is given back once");
    }
    columns_.clear();
    db_.reset();
}

}  // namespace filial::core
