#pragma once

#include <map>
#include <optional>

#include "subscriber/new_keys.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// Records of the replica that are read, changed and written back: what changed since the last
/// write lies over what the database holds.
class Records {
  public:
    /// `store` must outlive it.
    explicit Records(const ReplicaStore& store) : store_(store), new_keys_(store) {}
    Records(const Records&) = delete;
    Records& operator=(const Records&) = delete;

    /// `log_is_new`: `key` is of a log that is_new_log is true for, so that the database need not
    /// be asked for most of what it cannot have.
    schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key,
                                                     bool log_is_new = false) const;
    /// The database had nothing of this log's topic when this was first asked, and what it has now
    /// was written through here; except for numbers.
    bool is_new_log(const schema::StoreId& store, std::string_view topic) {
        return new_keys_.is_new_log(store, topic);
    }
    /// All records whose key begins with `prefix`, changes included.
    schema::Result<std::map<schema::Bytes, schema::Bytes>> all(schema::ByteView prefix) const;

    void put(schema::Bytes key, schema::Bytes value) { change(std::move(key), std::move(value)); }
    void erase(schema::Bytes key) { change(std::move(key), std::nullopt); }

    void write_into(ReplicaWrite& write) const;
    void written();
    /// This was written, but not through here.
    void stands(schema::ByteView key) { new_keys_.written(key); }
    bool changed() const { return !changes_.empty(); }

  private:
    using Changes = std::map<schema::Bytes, std::optional<schema::Bytes>, std::less<>>;
    void change(schema::Bytes key, std::optional<schema::Bytes> value) {
        changes_.insert_or_assign(near_, std::move(key), std::move(value));
    }

    const ReplicaStore& store_;
    Changes changes_;
    /// Where the key that was last asked for stands or would stand: it is put next.
    mutable Changes::const_iterator near_ = changes_.end();
    NewKeys new_keys_;
};

}  // namespace filial::subscriber
