#include "subscriber/replica_store.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/write_batch.h>

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
    auto rocks = core::rocks_options("replica", {options.memtable_bytes, options.cache_bytes});
    // One memtable takes writes while up to three wait for the disk, each of the size that fits
    // into the processor's cache.
    rocks.db_write_buffer_size = 0;
    rocks.max_write_buffer_number = 4;
    rocks.max_total_wal_size = 16 * options.memtable_bytes;
    rocks.target_file_size_base = 8 << 20;
    rocks.max_bytes_for_level_base = 32 << 20;
    // Numbers are written in the order of their keys: each family's next key is looked for where
    // the last one was put. Without it, comparing keys is half of a replay's work.
    rocks.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
    return rocks;
}

}  // namespace

struct ReplicaWrite::Inside {
    rocksdb::WriteBatch batch = core::guarded_batch(64 << 10);
};

ReplicaWrite::ReplicaWrite() : inside_(std::make_unique<Inside>()) {}
ReplicaWrite::~ReplicaWrite() = default;

void ReplicaWrite::put(ByteView key, ByteView value) {
    const auto status = inside_->batch.Put(slice(key), slice(value));
    schema::check(status.ok(), "a write into memory succeeds");
}

void ReplicaWrite::erase(ByteView key) {
    const auto status = inside_->batch.Delete(slice(key));
    schema::check(status.ok(), "a write into memory succeeds");
}

bool ReplicaWrite::empty() const { return inside_->batch.Count() == 0; }
std::size_t ReplicaWrite::bytes() const { return inside_->batch.GetDataSize(); }
void ReplicaWrite::clear() { inside_->batch.Clear(); }

struct ReplicaStore::Inside {
    ReplicaStoreOptions options;
    core::FolderLock lock;
    std::unique_ptr<rocksdb::DB> db;
    std::uint64_t reserve = 0;  ///< Bytes to leave free.
    bool full = false;          ///< The last write met a full disk.

    Result<void> open() {
        db.reset();
        rocksdb::DB* opened = nullptr;
        const auto status = rocksdb::DB::Open(options_of(options), options.dir.string(), &opened);
        if (!status.ok()) {
            return tl::unexpected(core::from_status("open " + options.dir.string(), status));
        }
        db.reset(opened);
        return {};
    }

    /// A full disk shows in more ways than ENOSPC: a file that could not be made, a log that could
    /// not be closed. While there is no room for what opening writes, any failed write is of that.
    schema::Error as_full(schema::Error error) const {
        const auto free = core::free_bytes(options.dir);
        const bool no_room = free && *free < reserve + kOpeningBytes;
        if (error.code == Errc::io && no_room) error.code = Errc::no_space;
        return error;
    }

    /// Fails with `no_space` below the floor: RocksDB is not asked before there is room.
    Result<void> room() {
        const auto free = core::free_bytes(options.dir);
        if (!free) return tl::unexpected(free.error());
        if (*free < reserve) {
            return schema::fail(Errc::no_space,
                                options.dir.string() + ": need " + std::to_string(reserve) +
                                    " bytes free, there are " + std::to_string(*free));
        }
        if (!full) return {};
        if (const auto opened = open(); !opened) return tl::unexpected(as_full(opened.error()));
        full = false;
        return {};
    }
};

ReplicaStore::ReplicaStore(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
ReplicaStore::~ReplicaStore() = default;

Result<std::unique_ptr<ReplicaStore>> ReplicaStore::open(ReplicaStoreOptions options) {
    if (const auto made = core::create_folders(options.dir); !made) {
        return tl::unexpected(made.error());
    }
    auto lock = core::FolderLock::take(options.dir);
    if (!lock) return tl::unexpected(lock.error());
    auto inside = std::make_unique<Inside>();
    inside->lock = std::move(*lock);
    inside->options = std::move(options);
    const auto reserve = core::reserve_in(inside->options.dir, inside->options.free_bytes_floor);
    if (!reserve) return tl::unexpected(reserve.error());
    inside->reserve = *reserve;
    if (const auto opened = inside->open(); !opened) return tl::unexpected(opened.error());
    return std::unique_ptr<ReplicaStore>(new ReplicaStore(std::move(inside)));
}

Result<std::optional<Bytes>> ReplicaStore::get(ByteView key) const {
    if (!inside_->db) return schema::fail(Errc::no_space, "replica: waits for room on the disk");
    Bytes value;
    const auto status = inside_->db->Get(rocksdb::ReadOptions(), slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>();
    if (!status.ok()) return tl::unexpected(core::from_status("read the replica", status));
    return std::optional<Bytes>(std::move(value));
}

Result<void> ReplicaStore::scan(ByteView prefix, ByteView above, const Visit& each) const {
    if (!inside_->db) return schema::fail(Errc::no_space, "replica: waits for room on the disk");
    const std::unique_ptr<rocksdb::Iterator> at(inside_->db->NewIterator(rocksdb::ReadOptions()));
    at->Seek(slice(above > prefix ? above : prefix));
    if (!above.empty() && at->Valid() && view(at->key()) == above) at->Next();
    for (; at->Valid() && view(at->key()).substr(0, prefix.size()) == prefix; at->Next()) {
        if (!each(view(at->key()), view(at->value()))) return {};
    }
    if (at->status().ok()) return {};
    return tl::unexpected(core::from_status("read the replica", at->status()));
}

Result<void> ReplicaStore::write(ReplicaWrite& write, bool sync) {
    if (const auto room = inside_->room(); !room) return room;
    rocksdb::WriteOptions how;
    how.sync = sync;
    const auto status = inside_->db->Write(how, &write.inside().batch);
    if (status.ok()) return {};
    auto error = inside_->as_full(core::from_status("write the replica", status));
    inside_->full = error.code == Errc::no_space;
    return tl::unexpected(std::move(error));
}

}  // namespace filial::subscriber
