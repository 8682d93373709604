#pragma once

#include <filesystem>
#include <memory>

#include "schema/result.h"

namespace rocksdb {
class DB;
}  // namespace rocksdb

namespace filial::core {

/// Makes a whole database of what `db` holds now in `folder`, while it stays open: a RocksDB
/// checkpoint, whose tables are links where the file system is the same. What is missing above
/// `folder` is made; `invalid` if there is anything of that name. Durable on return.
schema::Result<void> copy_database(rocksdb::DB& db, const std::filesystem::path& folder);

}  // namespace filial::core
