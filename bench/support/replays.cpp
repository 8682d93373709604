#include "bench/support/replays.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>

#include "core/journal/rocks_options.h"
#include "schema/event.h"
#include "subscriber/replica.h"
#include "subscriber/replica_keys.h"

namespace filial::bench {

using schema::Bytes;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr std::size_t kSumBytes = 8;
/// So large that RocksDB keeps its whole log.
constexpr std::size_t kRecordingMemtable = std::size_t{1} << 30;
constexpr std::uint64_t kKeepLogSeconds = 86'400;

/// The folder of one database, gone at the end.
class Emptied {
  public:
    explicit Emptied(std::filesystem::path dir) : dir_(std::move(dir)) { remove(); }
    ~Emptied() { remove(); }
    Emptied(const Emptied&) = delete;
    Emptied& operator=(const Emptied&) = delete;

  private:
    void remove() {
        std::error_code ignored;
        std::filesystem::remove_all(dir_, ignored);
    }
    std::filesystem::path dir_;
};

subscriber::ReplicaOptions replica_options(const std::filesystem::path& dir) {
    subscriber::ReplicaOptions options;
    options.store.dir = dir;
    options.own = schema::StoreId{"asker"};
    options.topics = {"stock", "customers", "debts"};
    options.stores = {"*"};
    return options;
}

/// As subscriber/replica_store.cpp sets them up.
rocksdb::Options tuned() {
    const subscriber::ReplicaStoreOptions replica;
    auto options = core::rocks_options("bench", {replica.memtable_bytes, replica.cache_bytes});
    options.db_write_buffer_size = 0;
    options.max_write_buffer_number = 4;
    options.min_write_buffer_number_to_merge = 2;
    options.max_total_wal_size = 16 * replica.memtable_bytes;
    options.target_file_size_base = 8 << 20;
    options.max_bytes_for_level_base = 32 << 20;
    return options;
}

Result<std::unique_ptr<rocksdb::DB>> open(const std::filesystem::path& dir,
                                          const rocksdb::Options& options) {
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(options, dir.string(), &db);
    if (!status.ok()) return tl::unexpected(core::from_status("open " + dir.string(), status));
    return std::unique_ptr<rocksdb::DB>(db);
}

/// With both maps of a replica: its batches name them.
struct Both {
    Both() = default;
    Both(const Both&) = delete;
    Both& operator=(const Both&) = delete;
    ~Both() {
        for (rocksdb::ColumnFamilyHandle* each : columns) db->DestroyColumnFamilyHandle(each);
    }
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> columns;
};

Result<std::unique_ptr<Both>> open_both(const std::filesystem::path& dir,
                                        const rocksdb::Options& options) {
    rocksdb::ColumnFamilyOptions received(options);
    received.max_write_buffer_number = 2;
    received.min_write_buffer_number_to_merge = 1;
    received.write_buffer_size = subscriber::ReplicaStoreOptions().received_memtable_bytes;
    const std::vector<rocksdb::ColumnFamilyDescriptor> families{
        {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions(options)},
        {"received", received}};
    auto both = std::make_unique<Both>();
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(options, dir.string(), families, &both->columns, &db);
    if (!status.ok()) return tl::unexpected(core::from_status("open " + dir.string(), status));
    both->db.reset(db);
    return both;
}

Result<void> write(rocksdb::DB& db, rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions how;
    how.sync = true;
    const auto status = db.Write(how, &batch);
    if (!status.ok()) return tl::unexpected(core::from_status("write", status));
    return {};
}

/// Where the replica keeps the record's contribution.
Bytes record_key(const schema::Range& range, const schema::Segment& segment,
                 const schema::Event& event) {
    using subscriber::Part;
    Part part = Part::number;
    if (segment.topic == schema::kTopicCustomers) part = Part::fields;
    if (segment.topic == schema::kTopicControl) part = Part::transfer;
    if (segment.topic == schema::kTopicAccounts) part = Part::notes;
    return subscriber::contribution_key(
        {segment.topic, range.store, segment.epoch, part, event.key});
}

Result<void> take_all(subscriber::Replica& replica, const Logs& logs) {
    for (const schema::Range& block : logs.blocks) {
        if (const auto ok = replica.take(block); !ok) return ok;
        if (const auto ok = replica.flush(true); !ok) return ok;
    }
    return {};
}

}  // namespace

Result<std::vector<Put>> puts_by_record(const Logs& logs) {
    std::vector<Put> puts;
    puts.reserve(logs.events);
    schema::Parser parser;
    for (const schema::Range& block : logs.blocks) {
        for (const schema::Segment& segment : block.segments) {
            const bool sums =
                segment.topic == schema::kTopicStock || segment.topic == schema::kTopicDebts;
            for (std::size_t i = 0; i < segment.rows.size(); ++i) {
                const auto logged = segment.event(parser, i);
                if (!logged) return tl::unexpected(logged.error());
                puts.push_back({record_key(block, segment, logged->event),
                                sums ? Bytes(kSumBytes, 'x') : logged->event.payload});
            }
        }
    }
    return puts;
}

std::vector<Put> puts_by_position(const Logs& logs) {
    std::vector<Put> puts;
    puts.reserve(logs.events);
    for (const schema::Range& block : logs.blocks) {
        for (const schema::Segment& segment : block.segments) {
            for (std::size_t i = 0; i < segment.rows.size(); ++i) {
                puts.push_back(
                    {subscriber::parked_key(block.store.value(), segment.topic, segment.seqs[i]),
                     segment.rows[i]});
            }
        }
    }
    return puts;
}

Result<Spent> replay_logs(const std::filesystem::path& dir, const Logs& logs) {
    const Emptied emptied(dir);
    auto replica = subscriber::Replica::open(replica_options(dir));
    if (!replica) return tl::unexpected(replica.error());
    const Stopwatch watch;
    if (const auto ok = take_all(**replica, logs); !ok) return tl::unexpected(ok.error());
    const Spent spent = watch.spent();
    if (!(*replica)->parked().all().empty()) return fail(Errc::corrupt, "something was parked");
    return spent;
}

Result<Spent> replay_puts(const std::filesystem::path& dir, const std::vector<Put>& puts,
                          std::size_t batch_puts, Tuning tuning) {
    const Emptied emptied(dir);
    rocksdb::Options options;
    options.create_if_missing = true;
    auto db = open(dir, tuning == Tuning::replica ? tuned() : options);
    if (!db) return tl::unexpected(db.error());
    auto batch = tuning == Tuning::replica ? core::guarded_batch(64 << 10) : rocksdb::WriteBatch();
    const Stopwatch watch;
    for (std::size_t at = 0; at < puts.size();) {
        batch.Clear();
        for (const std::size_t end = std::min(at + batch_puts, puts.size()); at < end; ++at) {
            batch.Put(puts[at].key, puts[at].value);
        }
        if (const auto ok = write(**db, batch); !ok) return tl::unexpected(ok.error());
    }
    return watch.spent();
}

Result<Spent> replay_batches(const std::filesystem::path& dir,
                             const std::vector<std::string>& batches) {
    const Emptied emptied(dir);
    auto both = open_both(dir, tuned());
    if (!both) return tl::unexpected(both.error());
    const Stopwatch watch;
    for (const std::string& bytes : batches) {
        rocksdb::WriteBatch batch(bytes);
        if (const auto ok = write(*(*both)->db, batch); !ok) return tl::unexpected(ok.error());
    }
    return watch.spent();
}

Result<std::vector<std::string>> committed_batches(const std::filesystem::path& dir,
                                                   const Logs& logs) {
    const Emptied emptied(dir);
    {
        auto options = replica_options(dir);
        options.store.memtable_bytes = kRecordingMemtable;
        auto replica = subscriber::Replica::open(std::move(options));
        if (!replica) return tl::unexpected(replica.error());
        if (const auto ok = take_all(**replica, logs); !ok) return tl::unexpected(ok.error());
    }
    auto options = tuned();
    options.WAL_ttl_seconds = kKeepLogSeconds;
    auto both = open_both(dir, options);
    if (!both) return tl::unexpected(both.error());
    std::unique_ptr<rocksdb::TransactionLogIterator> at;
    if (const auto status = (*both)->db->GetUpdatesSince(0, &at); !status.ok()) {
        return tl::unexpected(core::from_status("read RocksDB's log", status));
    }
    std::vector<std::string> batches;
    for (; at->Valid(); at->Next()) batches.push_back(at->GetBatch().writeBatchPtr->Data());
    if (!at->status().ok()) {
        return tl::unexpected(core::from_status("read RocksDB's log", at->status()));
    }
    if (batches.size() < logs.blocks.size()) {
        return fail(Errc::gap, "RocksDB's log has " + std::to_string(batches.size()) +
                                   " batches of " + std::to_string(logs.blocks.size()));
    }
    return batches;
}

}  // namespace filial::bench
