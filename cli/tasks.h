#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace filial::cli {

/// Something that a person has to do.
struct Task {
    std::string kind;
    std::string owner;  ///< The store that has to do it.
    std::string subject;
    std::string text;
    std::string due;  ///< Empty: no date.
    bool overdue = false;
};
using Tasks = std::vector<Task>;

struct TaskArgs {
    bool all = false;  ///< Of every store, not only of this one.
};

/// `filial tasks`: what a person at this store has to do, made of what the replica holds now, so
/// that a task is gone once it is done: differences of own transfers, found goods, conflicts and
/// double registrations of customers at home here. One JSON object a task. Where topics are not
/// copied here it has those of the others, says which are missing, and ends with 3.
schema::Result<int> run_tasks(Context& context, const TaskArgs& args);

}  // namespace filial::cli
