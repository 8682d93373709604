#include "core/journal/database_rebuild.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/journal/folder.h"
#include "core/journal/write_log_copy.h"
#include "core/log.h"

namespace filial::core {

namespace fs = std::filesystem;
using rocksdb::Slice;
using rocksdb::Status;
using schema::Result;

namespace {

/// Puts what stands in a record of a log into `to`, whatever the numbers of its columns are there.
class Again : public rocksdb::WriteBatch::Handler {
  public:
    Again(const RocksDatabase& database, std::size_t columns, rocksdb::WriteBatch& to)
        : database_(database), columns_(columns), to_(to) {}

    Status PutCF(std::uint32_t column, const Slice& key, const Slice& value) override {
        auto* handle = handle_of(column);
        return handle == nullptr ? Status::OK() : to_.Put(handle, key, value);
    }
    Status DeleteCF(std::uint32_t column, const Slice& key) override {
        auto* handle = handle_of(column);
        return handle == nullptr ? Status::OK() : to_.Delete(handle, key);
    }
    Status SingleDeleteCF(std::uint32_t column, const Slice& key) override {
        return DeleteCF(column, key);
    }
    Status DeleteRangeCF(std::uint32_t column, const Slice& from, const Slice& to) override {
        auto* handle = handle_of(column);
        return handle == nullptr ? Status::OK() : to_.DeleteRange(handle, from, to);
    }
    void LogData(const Slice&) override {}

  private:
    rocksdb::ColumnFamilyHandle* handle_of(std::uint32_t column) const {
        if (column > columns_) return nullptr;
        return database_.column(column == 0 ? columns_ : column - 1);
    }

    const RocksDatabase& database_;
    std::size_t columns_;
    rocksdb::WriteBatch& to_;
};

/// By their names; those of RocksDB's logs are numbers of one width.
std::vector<fs::path> files_in(const fs::path& dir, bool (*wanted)(const fs::path& name)) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
        if (wanted(at->path().filename())) files.push_back(at->path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

Result<void> replay(const fs::path& log, const RocksDatabase& database, std::size_t columns) {
    Status written;
    const auto read = read_write_log(log, [&](schema::ByteView record) {
        if (!written.ok()) return;
        rocksdb::WriteBatch again;
        Again handler(database, columns, again);
        // What is no batch has proved to be whole, and is of another version: it is left out.
        if (!rocksdb::WriteBatch(std::string(record)).Iterate(&handler).ok()) return;
        written = database.db().Write(rocksdb::WriteOptions(), &again);
    });
    if (!read) return read;
    return written.ok() ? Result<void>{}
                        : tl::unexpected(from_status("replay " + log.string(), written));
}

}  // namespace

Result<RocksDatabase> rebuild_database(const fs::path& dir, const std::vector<std::string>& columns,
                                       const RocksMemory& memory) {
    std::error_code error;
    const fs::path aside = dir / "logs";
    fs::create_directory(aside, error);
    std::vector<fs::path> logs;
    const auto is_log = [](const fs::path& name) { return name.extension() == ".log"; };
    for (const fs::path& log : files_in(dir, is_log)) {
        logs.push_back(aside / log.filename());
        fs::rename(log, logs.back(), error);
        if (error) {
            return schema::fail(schema::Errc::io,
                                "rename " + log.string() + ": " + error.message());
        }
    }
    if (const auto repaired = RocksDatabase::repair(dir, columns, memory); !repaired) {
        // Of no tables nothing can be made; what leads to them is in the way of a new database.
        log(Level::info, "no tables to build a database of",
            {{"dir", dir.string()}, {"error", repaired.error().message}});
        // A new manifest of an old one's name would be written into that file, to which `dir` may
        // only have a link.
        for (const fs::path& file : files_in(dir, [](const fs::path& name) {
                 return name == "CURRENT" || name.string().starts_with("MANIFEST-");
             })) {
            fs::remove(file, error);
        }
    }
    auto database = RocksDatabase::open(dir, columns, memory, RocksDatabase::Mode::write);
    if (!database) return database;
    for (const fs::path& log : logs) {
        const auto done = replay(log, *database, columns.size());
        if (!done) return tl::unexpected(done.error());
    }
    return database;
}

}  // namespace filial::core
