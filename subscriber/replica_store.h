#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "schema/bytes.h"
#include "schema/result.h"

namespace rocksdb {
class Env;
}

namespace filial::subscriber {

struct ReplicaStoreOptions {
    std::filesystem::path dir;  ///< Created if missing.
    /// Small on purpose: a memtable that stays in the processor's cache takes writes twice as fast
    /// as RocksDB's default of 64 MiB (measured with a real sequence of products).
    std::size_t memtable_bytes = 2 << 20;
    std::size_t cache_bytes = 8 << 20;
    /// Of the events kept as they came: they only grow, so a larger one is written less often.
    std::size_t received_memtable_bytes = 4 << 20;
    /// Below it writes fail with `no_space`; default: see core::default_reserve.
    std::optional<std::uint64_t> free_bytes_floor;
    rocksdb::Env* env = nullptr;  ///< Null: the system's files; tests put faults in between.
};

/// What is written together. Later entries of a key win. Made by the store that writes it.
class ReplicaWrite {
  public:
    virtual ~ReplicaWrite() = default;
    virtual void put(schema::ByteView key, schema::ByteView value) = 0;
    virtual void erase(schema::ByteView key) = 0;
    /// The same in the second map, of events as they came. Both stay the caller's, and have to be
    /// there until this is written or gone: these are most of a write's bytes.
    virtual void put_received(schema::ByteView key, schema::ByteView value) = 0;
    /// Erases everything of the second map from `first` on, below `end`.
    virtual void erase_received(schema::ByteView first, schema::ByteView end) = 0;
    virtual bool empty() const = 0;
    virtual std::size_t bytes() const = 0;
};

/// What a replica is kept in: two sorted maps of bytes: its state, which is small and rewritten all
/// the time, and the events as they came, which only grow. One write changes both. One process, one
/// thread.
class ReplicaStore {
  public:
    /// In RocksDB. `locked` if another process has it, `corrupt`, `no_space` or `io`.
    static schema::Result<std::unique_ptr<ReplicaStore>> open(ReplicaStoreOptions options);
    virtual ~ReplicaStore() = default;

    virtual schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const = 0;

    /// Calls `each(key, value)` for the keys that begin with `prefix`, from the first one above
    /// `above` (empty: from the first), in bytewise order, until it returns false. Writes made
    /// meanwhile are not seen.
    using Visit = std::function<bool(schema::ByteView key, schema::ByteView value)>;
    virtual schema::Result<void> scan(schema::ByteView prefix, schema::ByteView above,
                                      const Visit& each) const = 0;
    /// The same in the second map, from the first key at or above `from`.
    virtual schema::Result<void> scan_received(schema::ByteView prefix, schema::ByteView from,
                                               const Visit& each) const = 0;

    virtual std::unique_ptr<ReplicaWrite> begin() const = 0;
    /// All or nothing; `write` is of this store's `begin`. With `sync`, durable on return, with
    /// everything written before. `no_space`: nothing counts as written and the same write may be
    /// tried again later. Fails with `io` or `corrupt` otherwise, after which the process should
    /// end.
    virtual schema::Result<void> write(ReplicaWrite& write, bool sync) = 0;

    /// Makes a copy of what is written in `folder`, which must not be there yet; `invalid` for a
    /// store that is not on a disk.
    virtual schema::Result<void> copy_to(const std::filesystem::path& folder) const;
};

}  // namespace filial::subscriber
