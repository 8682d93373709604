#pragma once

#include <map>

#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// A replica's state in memory, for as long as it is made a second time to be compared. Events as
/// they came are not kept: they stand in the replica that it is compared with.
class ShadowStore : public ReplicaStore {
  public:
    schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const override;
    schema::Result<void> scan(schema::ByteView prefix, schema::ByteView above,
                              const Visit& each) const override;
    schema::Result<void> scan_received(schema::ByteView prefix, schema::ByteView from,
                                       const Visit& each) const override;
    std::unique_ptr<ReplicaWrite> begin() const override;
    schema::Result<void> write(ReplicaWrite& write, bool sync) override;

    using Rows = std::map<schema::Bytes, schema::Bytes, std::less<>>;
    const Rows& rows() const { return rows_; }
    std::size_t bytes() const { return bytes_; }

  private:
    Rows rows_;
    std::size_t bytes_ = 0;
};

}  // namespace filial::subscriber
