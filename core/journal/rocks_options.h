#pragma once

#include <rocksdb/options.h>
#include <rocksdb/status.h>
#include <rocksdb/write_batch.h>

#include <cstddef>
#include <string>

#include "schema/result.h"

/// RocksDB as a shop's machine needs it: little memory, nothing lost without a word, and no abort
/// on a full disk.
namespace filial::core {

/// A failed status as ours: `corrupt`, `no_space`, `not_found`, or `io` for all else.
schema::Error from_status(const std::string& doing, const rocksdb::Status& status);

/// What a database may take, and where it stands.
struct RocksMemory {
    std::size_t memtable_bytes;   ///< Written data of all column families held in memory.
    std::size_t cache_bytes;      ///< Blocks read, indexes and filters included.
    rocksdb::Env* env = nullptr;  ///< Null: the system's files; tests put faults in between.
};

/// Options of a database and of each of its column families. `name` is in its log lines.
/// Debian's RocksDB ends the process when its own info log meets a full disk; this one's warnings
/// go to our log lines, and nothing to a file.
rocksdb::Options rocks_options(const std::string& name, const RocksMemory& memory);

/// For a column family that is mostly asked for keys that it does not have, as a document's number
/// is when it is new: what is in memory says so without a search.
void filter_new_keys(rocksdb::ColumnFamilyOptions& options);

/// A write batch whose entries carry checksums from here to the log and the memtable.
rocksdb::WriteBatch guarded_batch(std::size_t bytes);

}  // namespace filial::core
