#pragma once

#include <string>

#include "cli/context.h"
#include "schema/query.h"

namespace filial::cli {

struct TransferListArgs {
    std::string at;       ///< Only transfers from or to this store.
    std::string overdue;  ///< Only those out for longer, "7d", and discrepancies past their date.
};

/// `filial transfer list`: goods that left one place and are not at the other, for how long, and
/// what has to be settled by whom until when. One JSON object a line.
schema::Result<int> run_transfer_list(Context& context, const TransferListArgs& args);

/// How long ago `field` of the row says, by this machine's clock and the store's; 0 if it does not.
std::int64_t ago_us(Context& context, const schema::AnswerRow& row, const std::string& field);

}  // namespace filial::cli
