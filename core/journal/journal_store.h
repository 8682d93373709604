#pragma once

#include <rocksdb/write_batch.h>

#include <map>
#include <optional>
#include <vector>

#include "core/journal/journal.h"
#include "core/journal/rocks_database.h"
#include "core/journal/write_thread.h"

namespace filial::core {

/// Column families, in the order of RocksDatabase::column: three by name, and the default one that
/// every database has, so that an older one needs nothing new.
enum JournalColumn : std::size_t { kLogColumn, kHeadsColumn, kStateColumn, kRedoColumn };

/// The key in `heads` that says a witness was written. No store's name begins with a zero.
inline constexpr std::string_view kWitnessedKey{"\0witnessed", 10};

using LogHeads = std::map<schema::StoreId, LogHead>;

/// What the database says at opening.
struct Recovered {
    LogHeads heads;
    bool witnessed = false;  ///< A head witness was written once: it must be there.
};

/// The journal's database, and what becomes of it when a write fails: after a full disk it is
/// opened again before the next write, after anything else it takes no more writes.
class JournalStore {
  public:
    struct Setup {
        std::filesystem::path dir;
        RocksMemory memory;
        std::uint64_t free_bytes_floor = 0;
    };

    /// Whether there is a database that was made to its end; see RocksDatabase::complete.
    static bool exists(const Setup& setup);
    /// `corrupt` if a head is damaged.
    static schema::Result<JournalStore> open(Setup setup, RocksDatabase::Mode mode);

    /// Heads as recovered at opening.
    const Recovered& recovered() const { return recovered_; }

    /// Whether a write may be tried now: enough space for `bytes` above the floor, and the database
    /// open again if the last write met a full disk. `heads` is what must be in it then. `no_space`
    /// or the failure that stopped this journal.
    /// `frees`: the write makes room, and may take of what is left free for such.
    schema::Result<void> ready(std::size_t bytes, const LogHeads& heads, bool frees = false);
    /// Writes `batch` whole or not at all; `ready` was asked before. One that failed for want of
    /// space may stand in RocksDB's log all the same, if it was the sync that found none: what it
    /// brought is taken back when the database is opened again, before the next write. A process
    /// that ends before keeps it whole, which nobody was told.
    /// A synced write behind others that were not syncs those first, by themselves. Else its own
    /// sync would cover them too, and where RocksDB has just begun another log they stand in the
    /// one before: if that sync fails, RocksDB 7.8's job beside it syncs the same log once more and
    /// ends the process by an assertion (WritableFileWriter, file/writable_file_writer.h).
    schema::Result<void> write(rocksdb::WriteBatch& batch, bool sync);
    /// The same, synced, in a thread of its own, as WriteThread does it: reads go on meanwhile.
    /// `end` must follow for each, before anything but a read or a further `begin`; it fails as
    /// `fill` does, or as an earlier one that was begun, and then nothing was written.
    void begin(WriteThread::Fill fill, WriteThread::Written written);
    schema::Result<void> end();
    /// Whether `end` would not wait.
    bool written() const { return thread_->written(); }
    /// How many were begun and not ended.
    std::size_t begun() const { return thread_->begun(); }
    /// Makes all writes so far durable.
    schema::Result<void> sync();

    /// Writes tables of all that stands in the log of writes.
    schema::Result<void> settle();

    /// Asked before every read: the failure that left no database to read from, if there is none.
    schema::Result<void> readable() const;
    rocksdb::DB& db() const { return database_->db(); }
    rocksdb::ColumnFamilyHandle* column(JournalColumn column) const {
        return database_->column(column);
    }
    /// True after a failed write, until a later one succeeds.
    bool failing() const { return stopped_ || reopen_first_; }

  private:
    explicit JournalStore(Setup setup) : setup_(std::move(setup)) {}
    schema::Result<void> recover();
    schema::Result<void> reopen(const LogHeads& heads);
    schema::Result<void> check_space(std::uint64_t bytes, std::uint64_t floor);
    schema::Result<void> wrote(const rocksdb::Status& status, const rocksdb::WriteBatch& batch);
    tl::unexpected<schema::Error> failed(schema::Error error);
    void remember(const rocksdb::WriteBatch& batch);
    schema::Result<void> take_back();

    Setup setup_;
    std::optional<RocksDatabase> database_;
    std::unique_ptr<WriteThread> thread_ = std::make_unique<WriteThread>();
    Recovered recovered_;
    std::optional<schema::Error> stopped_;
    bool reopen_first_ = false;
    bool unsynced_ = false;  ///< Something was written and not synced.
    /// A key of the write that failed, and what stood there before it.
    struct Before {
        std::size_t column;
        schema::Bytes key;
        std::optional<schema::Bytes> value;
    };
    std::vector<Before> before_;
    std::uint64_t free_ = 0;           ///< When last asked.
    std::int64_t free_asked_at_ = -1;  ///< Monotonic, microseconds.
};

}  // namespace filial::core
