#pragma once

#include <string>

#include "cli/context.h"
#include "schema/operation.h"
#include "schema/ticket.h"

namespace filial::cli {

/// One sentence after an operation on grants, rounds and accounts: what happens next, and who is
/// waited for, with when that store was last heard of. Asks this store's replica once it holds the
/// event that was booked; where it cannot be asked, the sentence says where to look. Empty for
/// other operations.
std::string next_account_step(Context& context, const schema::Operation& operation,
                              const schema::Accepted& accepted);

}  // namespace filial::cli
