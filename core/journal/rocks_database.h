#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/journal/rocks_options.h"
#include "schema/result.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace filial::core {

/// An open RocksDB with named column families; closed when it goes.
class RocksDatabase {
  public:
    enum class Mode {
        write,  ///< Creates what is missing; recovers, which may write.
        read,   ///< Touches nothing on the disk; what the log holds is replayed into memory.
        /// As `read`, but what of the log can be read behind a damaged place is replayed too: for
        /// whoever can tell by himself what is whole.
        salvage,
    };

    /// `filtered`: the column, if any, that is mostly asked for keys that it does not have. Fails
    /// with `corrupt`, `no_space` or `io`.
    static schema::Result<RocksDatabase> open(const std::filesystem::path& dir,
                                              const std::vector<std::string>& columns,
                                              const RocksMemory& memory, Mode mode,
                                              const std::string& filtered = {});
    /// Makes one that cannot be opened into one that can, of whatever tables and logs in `dir` are
    /// readable. Only for copies: what cannot be read is dropped.
    static schema::Result<void> repair(const std::filesystem::path& dir,
                                       const std::vector<std::string>& columns,
                                       const RocksMemory& memory);
    /// True if there is a database in `dir`.
    static bool exists(const std::filesystem::path& dir);
    /// True if the one there has all of `columns`, or if that cannot be told. One whose making was
    /// cut short has not: nothing was ever written to it, and opening it for writing makes the
    /// rest.
    static bool complete(const std::filesystem::path& dir, const std::vector<std::string>& columns,
                         const RocksMemory& memory);

    ~RocksDatabase();
    RocksDatabase(RocksDatabase&&) noexcept;
    RocksDatabase& operator=(RocksDatabase&&) noexcept;

    rocksdb::DB& db() const { return *db_; }
    /// Of the `index`th name given to `open`.
    rocksdb::ColumnFamilyHandle* column(std::size_t index) const { return columns_[index]; }

  private:
    RocksDatabase();
    void close();
    std::unique_ptr<rocksdb::DB> db_;
    std::vector<rocksdb::ColumnFamilyHandle*> columns_;  ///< The database's own default comes last.
};

}  // namespace filial::core
