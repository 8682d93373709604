#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

/// `filial export DIR`: the replica as stock.csv, debts.csv, debts_by_store.csv, customers.csv and
/// in_transit.csv, rows sorted bytewise. Each file is there whole or not at all: not at all, and
/// said so, where its topic is not copied here. Ends with 3 where keys of it are parked.
schema::Result<int> run_export(Context& context, const std::string& dir);

}  // namespace filial::cli
