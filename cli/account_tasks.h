#pragma once

#include "cli/tasks.h"

namespace filial::cli {

/// Tasks about limits, grants and official operations: rounds that wait for longer than a day or
/// can be decided, closed accounts to be reviewed, requests for a part, what is beyond a limit,
/// unaccounted parts, payments made twice. Each says what to type. Of one owner; empty: of all.
/// `goods_alone`: where credit is not copied, only of goods.
schema::Result<void> add_account_tasks(Context& context, const std::string& owner, bool goods_alone,
                                       Tasks& tasks);

}  // namespace filial::cli
