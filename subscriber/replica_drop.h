#pragma once

#include <string>

#include "schema/ids.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// Takes one topic of one log out of the replica: contributions, what is read from them, position,
/// mark, parked rows. Many writes, but after a crash `finish_drops` goes on, so that the log is
/// never taken up again on top of a remainder.
schema::Result<void> drop_topic(ReplicaStore& store, const schema::StoreId& origin,
                                const std::string& topic);

/// Completes what a crash interrupted; called at opening, before anything else.
schema::Result<void> finish_drops(ReplicaStore& store);

/// Erases all records of one family.
schema::Result<void> drop_family(ReplicaStore& store, char family);

/// Rebuilds all sums from the contributions beside them and compares. `corrupt`, naming the first
/// key that differs or is no contribution's.
schema::Result<void> check_against_contributions(const ReplicaStore& store);

}  // namespace filial::subscriber
