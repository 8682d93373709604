#pragma once

#include <vector>

#include "cli/context.h"
#include "cli/json_operation.h"

namespace filial::cli {

/// Names the home of each customer whose debt moves, who is asked about or who is to be closed or
/// blocked, as this store's replica shows it: the store's own log may never have heard of him, and
/// nobody would tell his home then. What the caller named stays. Nothing is named where the replica
/// does not answer within half a second: the till waits for nobody.
void name_homes(Context& context, std::vector<PlacedOperation>& operations);

}  // namespace filial::cli
