#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schema/ids.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// What the database cannot have of a log that is new to it, so that it need not be asked: nearly
/// all that such a log says for the first time. All keys written since the start are in a Bloom
/// filter, which knows little after 300,000 of them; then the database is asked as ever. Once there
/// is a new log it grows with the keys from 2 to 256 KiB: it stays in the processor's cache.
class NewKeys {
  public:
    /// `store` must outlive it.
    explicit NewKeys(const ReplicaStore& store) : store_(store) {}

    /// Whether the database had nothing of it when this was first asked: no position stands there,
    /// and a position is written with the first event's effect and dropped after the last one's.
    bool is_new_log(const schema::StoreId& store, std::string_view topic);
    /// Whether something may have been written under this key since the start.
    bool may_have(schema::ByteView key) const;
    /// It is written now.
    void written(schema::ByteView key);

  private:
    /// 512 bits: what is asked of one key lies in one line of the processor's cache.
    struct Line {
        std::uint64_t words[8] = {};
    };

    std::size_t line_of(std::uint64_t hash) const;
    void grow();

    const ReplicaStore& store_;
    std::map<std::pair<schema::StoreId, std::string>, bool> logs_;
    std::vector<Line> lines_;  ///< Empty until there is a new log.
    int power_ = 0;            ///< Of two: so many lines.
    std::size_t keys_ = 0;     ///< Written; a key that was written again is another one.
};

}  // namespace filial::subscriber
