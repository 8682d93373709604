#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "core/journal/journal.h"

namespace filial::core {

/// Puts one row into the batch.
schema::Result<void> put(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* column,
                         schema::ByteView key, schema::ByteView value);

/// Puts what `append` brings into the batch, for column family `log`, and moves `head` on. Fails as
/// a commit does; then `head` is as it was.
schema::Result<void> add_append(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* log,
                                const Append& append, LogHead& head);

/// Erases the commits of the topic before the one that holds the trim's position, and moves `head`
/// on.
schema::Result<void> add_trim(rocksdb::WriteBatch& batch, rocksdb::DB& db,
                              rocksdb::ColumnFamilyHandle* log, const Trim& trim, LogHead& head);

}  // namespace filial::core
