#pragma once

#include "schema/query.h"
#include "subscriber/replica.h"

/// What a store's publisher has to know of other stores' logs before it decides on an account.
namespace filial::subscriber {

/// QueryKind::balance. The row's positions are of topic debts: everything of these logs up to there
/// is in the sum. Fails rather than leaving something out: `not_held` where not every store is
/// subscribed, `stale` while a log has two versions or a row of these customers is parked.
schema::Result<schema::Answer> balance_elsewhere(const Replica& replica,
                                                 const schema::Query& query);

/// QueryKind::homes.
schema::Result<schema::Answer> named_homes(const Replica& replica, const schema::Query& query);

}  // namespace filial::subscriber
