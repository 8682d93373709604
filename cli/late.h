#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

struct LateArgs {
    std::string after = "1d";  ///< Not heard of for longer is late.
};

/// `filial late`: the stores that did not call, each with what is missing here and what waits for
/// it. By this folder's replica where there is one, and by its broker: whoever is admitted and has
/// not fetched is late too. Nothing waits for them. Returns 3 if any is late, 0 else.
schema::Result<int> run_late(Context& context, const LateArgs& args);

}  // namespace filial::cli
