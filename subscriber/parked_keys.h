#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "schema/mark.h"
#include "schema/segment.h"
#include "subscriber/records.h"

namespace filial::subscriber {

/// Keys of other logs whose events cannot be applied here: the first such event and every later one
/// of its key are kept as they came, while the rest of the log goes on in order.
class ParkedKeys {
  public:
    schema::Result<void> load(const ReplicaStore& store);

    bool contains(const schema::StoreId& store, std::string_view topic,
                  const std::string& key) const;
    bool empty() const { return keys_.empty(); }

    /// Keeps row `index` of `segment`, of `key`, in the next write of `records`.
    void park(Records& records, const schema::StoreId& store, const schema::Segment& segment,
              std::size_t index, const std::string& key, const std::string& reason);

    void forget(const schema::StoreId& store, std::string_view topic);
    std::size_t size() const { return keys_.size(); }
    /// In the order of their names, the first `at_most` of them.
    std::vector<schema::ParkedKey> all(std::size_t at_most = SIZE_MAX) const;
    /// Of the last one parked since the start, for the health line.
    const std::string& last_reason() const { return last_reason_; }

  private:
    using Name = std::tuple<schema::StoreId, std::string, std::string>;  // store, topic, key
    std::set<Name> keys_;
    std::string last_reason_;
};

}  // namespace filial::subscriber
