#pragma once

#include "cli/context.h"

namespace filial::cli {

/// `filial status --flags`: how many events a person should look at, by store and by what is odd
/// about them, of all logs that this store's replica has. One JSON object: {store: {flag: count}}.
/// What is not copied here is named, and the answer then not whole.
schema::Result<int> run_flags(Context& context);

}  // namespace filial::cli
