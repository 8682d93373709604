#pragma once

#include <vector>

#include "core/journal/log_damage.h"
#include "schema/codec.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// One look at every row of a replica, in steps that bound the time each of them takes: whether it
/// can be read, and is what its key says.
class ReplicaScrub {
  public:
    /// Reads about `bytes` further; false when all is read. `corrupt` where the store cannot be
    /// read, or holds what belongs to no log.
    schema::Result<bool> step(const ReplicaStore& store, std::size_t bytes);

    /// Rows of logs that are damaged.
    const std::vector<core::LogDamage>& damages() const { return damages_; }

  private:
    schema::Result<void> check_state(schema::ByteView key, schema::ByteView value);
    void check_received(schema::ByteView key, schema::ByteView value);

    bool received_ = false;  ///< The first map is done.
    schema::Bytes above_;    ///< Looked at up to here.
    std::vector<core::LogDamage> damages_;
    schema::Parser parser_;
};

}  // namespace filial::subscriber
