#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/json.h"

namespace filial::cli {

/// How long ago each store was heard of, by this store's replica: microseconds of its last mark;
/// -1 for a store that nothing came of yet.
using Heard = std::map<std::string, std::int64_t>;
schema::Result<Heard> heard_stores(Context& context);

/// For a question about the store `at` that found nothing: `not_found` where nothing was ever heard
/// here of a store of that name, with those that are known. A slip in a name is no empty answer.
/// Nothing is wrong where `at` is empty or this store.
schema::Result<void> knows_store(Context& context, const std::string& at, const std::string& doing);

/// "2 d 3 h ago", or "never".
std::string heard_text(const Heard& heard, const std::string& store);
/// Seconds; null for never.
Json heard_json(const Heard& heard, const std::string& store);
/// "store9, last heard 2 d 3 h ago"; "store9" where the replica could not be asked.
std::string with_heard(const Heard& heard, const std::string& store);
/// Who has to answer, and what nobody can answer for any more: "what store3 lost (12.00)".
struct WaitsFor {
    std::vector<std::string> stores;
    std::vector<std::string> lost;
};
/// "waiting for store9, last heard 2 d 3 h ago, and store3, not heard of yet"; empty for nobody.
std::string waiting_for(const Heard& heard, const WaitsFor& waits);

}  // namespace filial::cli
