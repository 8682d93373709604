#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

struct ListArgs {
    std::string what;  ///< "debts" or "stock".
    std::string at;
    bool over_limit = false;
    bool below_zero = false;
};

/// `filial list`: a table, or one JSON object a line. A row that is not fresh says why in its NOTE;
/// the exit code is then 3, as where something of it is parked and in no row.
schema::Result<int> run_list(Context& context, const ListArgs& args);

}  // namespace filial::cli
