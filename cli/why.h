#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

struct WhyArgs {
    std::string what;  ///< "debt", "stock", "credit".
    std::string key;
    std::string at;  ///< Only events of this store.
};

/// `filial why`: every event behind a number that this store's replica has, with its place, its
/// operation and when it came here; those that wait for the customer's home or are parked marked;
/// and whether they add up to the number. `credit` also has what topic accounts says of the
/// customer. One JSON object an event. `not_found` where there is none.
schema::Result<int> run_why(Context& context, const WhyArgs& args);

}  // namespace filial::cli
