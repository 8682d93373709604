#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace filial::cli {

/// What head office found in a store's log, as that store's replica has it.
struct ToldVerdict {
    std::string from;  ///< Who looked at it.
    std::string store;
    std::string finding;
    std::string key;
    std::string topic;
    std::string text;
    std::string at;
    schema::Position cause;
};
/// Those for `store`; empty: for all.
schema::Result<std::vector<ToldVerdict>> told_verdicts(Context& context, const std::string& store);

/// `filial verdicts`: what was found in this store's log, with `all` in anybody's.
schema::Result<int> run_verdicts(Context& context, bool all);

struct ValidateArgs {
    bool watch = false;
    std::string every = "1m";
};
/// `filial validate`, at head office: looks through what its replica has of all other stores and
/// writes one verdict for each event and finding that was not told before. With `watch` again after
/// each pause, until it is stopped.
schema::Result<int> run_validate(Context& context, const ValidateArgs& args);

}  // namespace filial::cli
