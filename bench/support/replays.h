#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/support/logs.h"
#include "bench/support/stopwatch.h"
#include "schema/result.h"

namespace filial::bench {

/// What raw RocksDB is given for one event.
struct Put {
    schema::Bytes key;
    schema::Bytes value;
};

/// One put for each event, under the key that the replica keeps its contribution under and with a
/// value no larger than what it keeps there: 8 bytes for a number, which the replica keeps beside
/// its sum, and the event's payload for anything else. `all` of them in the order of the blocks.
schema::Result<std::vector<Put>> puts_by_record(const Logs& logs);
/// One put for each event as it stands in its log: position -> row.
std::vector<Put> puts_by_position(const Logs& logs);

enum class Tuning {
    replica,   ///< Options, memtable and checksums of the replica's own database.
    defaults,  ///< RocksDB's own.
};

// Each in a new database in `dir`, which is removed, one synced write a block. What was spent from
// the first write to the last; opening and closing is not in it.

/// Into a replica of all topics.
schema::Result<Spent> replay_logs(const std::filesystem::path& dir, const Logs& logs);
/// In batches of `batch` puts.
schema::Result<Spent> replay_puts(const std::filesystem::path& dir, const std::vector<Put>& puts,
                                  std::size_t batch, Tuning tuning);
/// The serialised WriteBatches that a replica has committed.
schema::Result<Spent> replay_batches(const std::filesystem::path& dir,
                                     const std::vector<std::string>& batches);

/// Replays `logs` into a replica once and reads back from RocksDB's own log what was committed,
/// batch by batch.
schema::Result<std::vector<std::string>> committed_batches(const std::filesystem::path& dir,
                                                           const Logs& logs);

}  // namespace filial::bench
