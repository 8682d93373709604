#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

struct ReloadArgs {
    std::string at;     ///< Only this store's log; empty: of every log.
    std::string topic;  ///< Only this topic; empty: all of the log.
};

/// `filial reload`: has the store's replica drop one log, or one topic of one log or of all, and
/// load it again from its sources. At least one of the two must be named: a whole replica is
/// loaded again by taking its folder away. Returns when it is dropped, before it is loaded.
schema::Result<int> run_reload(Context& context, const ReloadArgs& args);

}  // namespace filial::cli
