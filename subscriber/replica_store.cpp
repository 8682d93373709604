#include "subscriber/replica_store.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/write_batch.h>

#include "core/journal/database_copy.h"
#include "core/journal/folder.h"
#include "core/journal/rocks_options.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Result;

namespace {

/// Opening writes out what the log held in memory, and a manifest.
constexpr std::uint64_t kOpeningBytes = 1 << 20;

rocksdb::Slice slice(ByteView bytes) { return {bytes.data(), bytes.size()}; }
ByteView view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

rocksdb::Options options_of(const ReplicaStoreOptions& options) {
    auto rocks =
        core::rocks_options("replica", {options.memtable_bytes, options.cache_bytes, options.env});
    // One memtable takes writes while up to three wait for the disk, each of the size that fits
    // into the processor's cache.
    rocks.db_write_buffer_size = 0;
    rocks.max_write_buffer_number = 4;
    // Most of what two of them hold is newer values of the same keys: together they cost one file.
    rocks.min_write_buffer_number_to_merge = 2;
    rocks.max_total_wal_size = 16 * options.memtable_bytes;
    rocks.target_file_size_base = 8 << 20;
    rocks.max_bytes_for_level_base = 32 << 20;
    // Numbers are written in the order of their keys: each family's next key is looked for where
    // the last one was put. Without it, comparing keys is half of a replay's work.
    rocks.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
    return rocks;
}

/// Events as they came: appended at the end of each log, hardly ever read.
rocksdb::ColumnFamilyOptions received_options(const ReplicaStoreOptions& options) {
    auto rocks =
        core::rocks_options("replica", {options.memtable_bytes, options.cache_bytes, options.env});
    rocks.write_buffer_size = options.received_memtable_bytes;
    rocks.max_write_buffer_number = 2;
    rocks.compaction_style = rocksdb::kCompactionStyleUniversal;
    return rocks;
}

constexpr const char* kReceived = "received";

class RocksWrite : public ReplicaWrite {
  public:
    void put(ByteView key, ByteView value) override {
        const auto status = batch.Put(slice(key), slice(value));
        schema::check(status.ok(), "a write into memory succeeds");
    }
    void erase(ByteView key) override {
        const auto status = batch.Delete(slice(key));
        schema::check(status.ok(), "a write into memory succeeds");
    }
    void put_received(ByteView key, ByteView value) override { received.emplace_back(key, value); }
    void erase_received(ByteView first, ByteView end) override { erased.emplace_back(first, end); }
    bool empty() const override { return batch.Count() == 0 && received.empty() && erased.empty(); }
    std::size_t bytes() const override { return batch.GetDataSize(); }

    rocksdb::WriteBatch batch = core::guarded_batch(64 << 10);
    // Until the database adds them to the batch.
    std::vector<std::pair<ByteView, ByteView>> received;
    std::vector<std::pair<Bytes, Bytes>> erased;
};

Result<void> walk(rocksdb::Iterator& at, ByteView prefix, const ReplicaStore::Visit& each) {
    for (; at.Valid() && view(at.key()).substr(0, prefix.size()) == prefix; at.Next()) {
        if (!each(view(at.key()), view(at.value()))) return {};
    }
    if (at.status().ok()) return {};
    return tl::unexpected(core::from_status("read the replica", at.status()));
}

class RocksReplicaStore : public ReplicaStore {
  public:
    ~RocksReplicaStore() override { close(); }

    Result<void> start(ReplicaStoreOptions wanted);

    Result<std::optional<Bytes>> get(ByteView key) const override;
    Result<void> scan(ByteView prefix, ByteView above, const Visit& each) const override;
    Result<void> scan_received(ByteView prefix, ByteView from, const Visit& each) const override;
    std::unique_ptr<ReplicaWrite> begin() const override { return std::make_unique<RocksWrite>(); }
    Result<void> write(ReplicaWrite& write, bool sync) override;
    Result<void> copy_to(const std::filesystem::path& folder) const override;

  private:
    void close() {
        for (rocksdb::ColumnFamilyHandle* column : columns_) {
            const auto freed = db_->DestroyColumnFamilyHandle(column);
            schema::check(freed.ok(), "a column family's handle is given back once");
        }
        columns_.clear();
        db_.reset();
    }

    Result<void> open() {
        close();
        rocksdb::DB* opened = nullptr;
        const rocksdb::Options state = options_of(options_);
        const std::vector<rocksdb::ColumnFamilyDescriptor> families{
            {rocksdb::kDefaultColumnFamilyName, state}, {kReceived, received_options(options_)}};
        const auto status =
            rocksdb::DB::Open(state, options_.dir.string(), families, &columns_, &opened);
        if (!status.ok()) {
            columns_.clear();
            return tl::unexpected(core::from_status("open " + options_.dir.string(), status));
        }
        db_.reset(opened);
        return {};
    }

    rocksdb::ColumnFamilyHandle* received() const { return columns_.back(); }

    /// The events go into the same batch: RocksDB writes both maps or neither.
    void complete(RocksWrite& write) const {
        for (const auto& [first, end] : write.erased) {
            const auto status = write.batch.DeleteRange(received(), slice(first), slice(end));
            schema::check(status.ok(), "a write into memory succeeds");
        }
        for (const auto& [key, value] : write.received) {
            const auto status = write.batch.Put(received(), slice(key), slice(value));
            schema::check(status.ok(), "a write into memory succeeds");
        }
        write.erased.clear();
        write.received.clear();
    }

    /// A full disk shows in more ways than ENOSPC: a file that could not be made, a log that could
    /// not be closed. While there is no room for what opening writes, any failed write is of that.
    schema::Error as_full(schema::Error error) const {
        const auto free = core::free_bytes(options_.dir);
        const bool no_room = free && *free < reserve_ + kOpeningBytes;
        if (error.code == Errc::io && no_room) error.code = Errc::no_space;
        return error;
    }

    /// Fails with `no_space` below the floor: RocksDB is not asked before there is room.
    Result<void> room() {
        const auto free = core::free_bytes(options_.dir);
        if (!free) return tl::unexpected(free.error());
        if (*free < reserve_) {
            return schema::fail(Errc::no_space,
                                options_.dir.string() + ": need " + std::to_string(reserve_) +
                                    " bytes free, there are " + std::to_string(*free));
        }
        if (!full_) return {};
        if (const auto opened = open(); !opened) return tl::unexpected(as_full(opened.error()));
        full_ = false;
        return {};
    }

    ReplicaStoreOptions options_;
    core::FolderLock lock_;
    std::unique_ptr<rocksdb::DB> db_;
    std::vector<rocksdb::ColumnFamilyHandle*> columns_;
    std::uint64_t reserve_ = 0;  ///< Bytes to leave free.
    bool full_ = false;          ///< The last write met a full disk.
};

Result<void> RocksReplicaStore::start(ReplicaStoreOptions wanted) {
    options_ = std::move(wanted);
    if (const auto made = core::create_folders(options_.dir); !made) return made;
    auto lock = core::FolderLock::take(options_.dir);
    if (!lock) return tl::unexpected(lock.error());
    lock_ = std::move(*lock);
    const auto reserve = core::reserve_in(options_.dir, options_.free_bytes_floor);
    if (!reserve) return tl::unexpected(reserve.error());
    reserve_ = *reserve;
    return open();
}

Result<std::optional<Bytes>> RocksReplicaStore::get(ByteView key) const {
    if (!db_) return schema::fail(Errc::no_space, "replica: waits for room on the disk");
    Bytes value;
    const auto status = db_->Get(rocksdb::ReadOptions(), slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>();
    if (!status.ok()) return tl::unexpected(core::from_status("read the replica", status));
    return std::optional<Bytes>(std::move(value));
}

Result<void> RocksReplicaStore::scan(ByteView prefix, ByteView above, const Visit& each) const {
    if (!db_) return schema::fail(Errc::no_space, "replica: waits for room on the disk");
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
    at->Seek(slice(above > prefix ? above : prefix));
    if (!above.empty() && at->Valid() && view(at->key()) == above) at->Next();
    return walk(*at, prefix, each);
}

Result<void> RocksReplicaStore::scan_received(ByteView prefix, ByteView from,
                                              const Visit& each) const {
    if (!db_) return schema::fail(Errc::no_space, "replica: waits for room on the disk");
    rocksdb::ReadOptions how;
    how.fill_cache = false;  // Read once; what is asked every minute stays in the cache.
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(how, received()));
    at->Seek(slice(from > prefix ? from : prefix));
    return walk(*at, prefix, each);
}

/// After a full disk the database is opened again, since RocksDB does not recover by itself.
Result<void> RocksReplicaStore::write(ReplicaWrite& write, bool sync) {
    auto& batch = static_cast<RocksWrite&>(write);
    if (const auto enough = room(); !enough) return enough;
    rocksdb::WriteOptions how;
    how.sync = sync;
    complete(batch);
    const auto status = db_->Write(how, &batch.batch);
    if (status.ok()) return {};
    auto error = as_full(core::from_status("write the replica", status));
    full_ = error.code == Errc::no_space;
    return tl::unexpected(std::move(error));
}

Result<void> RocksReplicaStore::copy_to(const std::filesystem::path& folder) const {
    if (!db_) return schema::fail(Errc::no_space, "replica: waits for room on the disk");
    return core::copy_database(*db_, folder);
}

}  // namespace

Result<void> ReplicaStore::copy_to(const std::filesystem::path&) const {
    return schema::fail(Errc::invalid, "this replica is not on a disk");
}

Result<std::unique_ptr<ReplicaStore>> ReplicaStore::open(ReplicaStoreOptions options) {
    auto store = std::make_unique<RocksReplicaStore>();
    if (const auto started = store->start(std::move(options)); !started) {
        return tl::unexpected(started.error());
    }
    return std::unique_ptr<ReplicaStore>(std::move(store));
}

}  // namespace filial::subscriber
