#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/json.h"
#include "schema/query.h"

namespace filial::cli {

/// What came of asking every store that matters.
struct Live {
    std::string unit;
    std::vector<schema::AnswerRow> rows;  ///< The answer; empty where somebody is missing.
    std::vector<schema::AnswerRow>
        missing;  ///< Stores, each with why it matters and its last mark.
};

/// Asks the replica for an official answer to what `plain` asks, and waits up to `wait` for it.
/// Fails as any question does; that somebody is missing is no failure.
schema::Result<Live> ask_live(Link& link, const schema::Query& plain,
                              std::chrono::milliseconds wait);

/// "store9 (the customer's home) was last heard 2026-11-22 09:13:23 -03 (2 d 3 h ago)", one after
/// the other.
std::string missing_text(const std::vector<schema::AnswerRow>& missing);
/// The same as a list: store, why, lack, as_of, age_seconds.
Json missing_json(const std::vector<schema::AnswerRow>& missing);

/// Says on stderr, or as an object with "error" and "missing" on stdout, who is missing. Returns 5.
int report_missing(Console& console, const std::string& doing, const Live& live);

}  // namespace filial::cli
