#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/heard.h"
#include "schema/query.h"

namespace filial::cli {

/// Everything that this store's replica shows of a customer's account. `not_found` where it knows
/// nothing of him.
struct AccountRows {
    schema::AnswerRow account;
    std::vector<schema::AnswerRow> holders;
    std::vector<schema::AnswerRow> requests;
    std::vector<schema::AnswerRow> notes;

    /// What a round, or a block, waits for.
    WaitsFor awaited() const;
};
schema::Result<AccountRows> account_rows(Context& context, const std::string& customer);

/// `filial account`: limit, debt, reserve, who holds what, what was asked and decided.
schema::Result<int> run_account(Context& context, const std::string& customer);

}  // namespace filial::cli
