#pragma once

#include <string>

#include "cli/context.h"
#include "cli/heard.h"
#include "schema/query.h"

namespace filial::cli {

struct AccountListArgs {
    std::string at;  ///< Only of customers at home there, or goods that lie there.
};

/// `filial rounds`: official operations under way and accounts to be reviewed; who is waited for.
schema::Result<int> run_rounds(Context& context, const AccountListArgs& args);

/// `filial grant list`: parts of limits and goods that other stores hold, and requests for more.
schema::Result<int> run_grant_list(Context& context, const AccountListArgs& args);

/// Whom a row of list_rounds waits for.
WaitsFor waits_of(const schema::AnswerRow& row);

}  // namespace filial::cli
