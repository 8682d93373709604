#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

/// `filial receiver list`: who receives from the publisher and the broker of this folder, how far
/// each has come, and what waits for it. Exit code 5 if no program answers.
schema::Result<int> run_receiver_list(Context& context);

/// `filial receiver remove NAME`: each program that knows it keeps nothing of it any more, durably.
/// `not_found` if none does, `refused` while it is connected.
schema::Result<int> run_receiver_remove(Context& context, const std::string& name);

}  // namespace filial::cli
