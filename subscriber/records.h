#pragma once

#include <map>
#include <optional>

#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// Records of the replica that are read, changed and written back: what changed since the last
/// write lies over what the database holds.
class Records {
  public:
    /// `store` must outlive it.
    explicit Records(const ReplicaStore& store) : store_(store) {}

    schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const;
    /// All records whose key begins with `prefix`, changes included.
    schema::Result<std::map<schema::Bytes, schema::Bytes>> all(schema::ByteView prefix) const;

    void put(schema::Bytes key, schema::Bytes value) {
        changes_[std::move(key)] = std::move(value);
    }
    void erase(schema::Bytes key) { changes_[std::move(key)] = std::nullopt; }

    void write_into(ReplicaWrite& write) const;
    void written() { changes_.clear(); }
    bool changed() const { return !changes_.empty(); }

  private:
    const ReplicaStore& store_;
    std::map<schema::Bytes, std::optional<schema::Bytes>> changes_;
};

}  // namespace filial::subscriber
