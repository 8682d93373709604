#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/journal/rocks_database.h"

namespace filial::core {

/// Makes a database that RocksDB cannot open (no CURRENT, a manifest that is cut or gone) into one
/// again, of the tables and the logs of writes in `dir`: tables by RocksDB's own repair, which
/// knows a column by its name; logs, which know columns by number alone, by writing their records
/// again. A number is the column's place in `columns` from 1 on, the order in which RocksDB has
/// made them; 0 is the default one. Of a value whose last log is gone an older one may stand there.
///
/// Only for copies: `dir` is written to. Fails with `corrupt` or `io`.
schema::Result<RocksDatabase> rebuild_database(const std::filesystem::path& dir,
                                               const std::vector<std::string>& columns,
                                               const RocksMemory& memory);

}  // namespace filial::core
