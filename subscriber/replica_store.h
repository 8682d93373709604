#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "schema/bytes.h"
#include "schema/result.h"

namespace filial::subscriber {

struct ReplicaStoreOptions {
    std::filesystem::path dir;  ///< Created if missing.
    /// Small on purpose: a memtable that stays in the processor's cache takes writes twice as fast
    /// as RocksDB's default of 64 MiB (measured with a real sequence of products).
    std::size_t memtable_bytes = 2 << 20;
    std::size_t cache_bytes = 8 << 20;
    /// Below it writes fail with `no_space`; default: see core::default_reserve.
    std::optional<std::uint64_t> free_bytes_floor;
};

/// What is written together. Later entries of a key win.
class ReplicaWrite {
  public:
    ReplicaWrite();
    ~ReplicaWrite();
    void put(schema::ByteView key, schema::ByteView value);
    void erase(schema::ByteView key);
    bool empty() const;
    std::size_t bytes() const;
    void clear();
    struct Inside;
    Inside& inside() { return *inside_; }

  private:
    std::unique_ptr<Inside> inside_;
};

/// The replica's RocksDB as a sorted map of bytes. One process, one thread.
class ReplicaStore {
  public:
    /// `locked` if another process has it, `corrupt`, `no_space` or `io`.
    static schema::Result<std::unique_ptr<ReplicaStore>> open(ReplicaStoreOptions options);
    ~ReplicaStore();

    schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const;

    /// Calls `each(key, value)` for the keys that begin with `prefix`, from the first one above
    /// `above` (empty: from the first), in bytewise order, until it returns false. Writes made
    /// meanwhile are not seen.
    using Visit = std::function<bool(schema::ByteView key, schema::ByteView value)>;
    schema::Result<void> scan(schema::ByteView prefix, schema::ByteView above,
                              const Visit& each) const;

    /// All or nothing. With `sync`, durable on return, with everything written before. `no_space`:
    /// nothing counts as written and the same write may be tried again later (the database is
    /// opened again then, since RocksDB does not recover from a full disk by itself). Fails with
    /// `io` or `corrupt` otherwise, after which the process should end.
    schema::Result<void> write(ReplicaWrite& write, bool sync);

  private:
    struct Inside;
    explicit ReplicaStore(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

}  // namespace filial::subscriber
