#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

/// `filial backup DIR`: the store's log and its replica as they are now, into a new folder, while
/// the programs run or not. The replica comes first, so that it never has more of the own log than
/// the log. Keys are not in it: a backup is no second machine. `invalid` if DIR is there.
schema::Result<int> run_backup(Context& context, const std::string& dir);

}  // namespace filial::cli
