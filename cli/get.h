#pragma once

#include <string>

#include "cli/context.h"
#include "schema/query.h"

namespace filial::cli {

struct GetArgs {
    std::string what;  ///< "stock", "customer", "debt", or an application topic.
    std::string key;
    std::string at;       ///< Store; empty: all that have it.
    std::string max_age;  ///< "10m"; empty: the configured policy.
    bool official = false;
};

/// `filial get`: each row with its own as-of. Returns 0 if all of it is fresh, 3 if some is older
/// than the policy; `not_found` if there is nothing. `refused` for an official answer: nobody can
/// give one yet.
schema::Result<int> run_get(Context& context, const GetArgs& args);

struct ListArgs {
    std::string what;  ///< "debts" or "stock".
    std::string at;
    bool over_limit = false;
    bool below_zero = false;
};

/// `filial list`: a table, or one JSON object a line.
schema::Result<int> run_list(Context& context, const ListArgs& args);

}  // namespace filial::cli
