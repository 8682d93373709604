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
    std::string purpose;  ///< "credit-check": whose policy counts; empty: the topic's.
    bool official = false;
    std::string wait = "10s";  ///< For live answers.
};

/// `filial get`: each row with its own as-of. Returns 0 if all of it is fresh, 3 if some is older
/// than the policy; `not_found` if there is nothing. At a terminal a person is asked whether to
/// update first; on yes every store that matters is asked for what is newest, over whatever line is
/// up. With `official`, or where the policy says so, only live answers of all of them count: 5 with
/// the names of those who are missing.
schema::Result<int> run_get(Context& context, const GetArgs& args);

}  // namespace filial::cli
