#pragma once

#include <string>

#include "cli/json.h"
#include "schema/query.h"

namespace filial::cli {

/// The row's value by its unit: "112", "1825.74"; empty where the unit has no value.
std::string value_text(std::int64_t value, const std::string& unit);

/// One row as JSON: store, key, value (decimal text), unit, as_of, age_seconds, source, verdict,
/// pending, positions, partial, and what else the query gives.
Json row_json(const schema::AnswerRow& row, schema::QueryKind kind, const std::string& unit);

/// "stock 85123A at store1: 112", and below it what belongs to it (limit, fields, contributions).
std::string row_text(const schema::AnswerRow& row, const std::string& what, schema::QueryKind kind,
                     const std::string& unit);

/// "This data is from 2026-11-22 09:13:23 -03 (3 h 12 min ago)." and what else a reader must know:
/// pending, incomplete, who was heard longer ago.
std::string freshness_text(const schema::AnswerRow& row, const std::string& unit);

/// Why the row is not fresh, in a clause: "3 h 12 min old, older than the policy"; empty for fresh.
std::string stale_text(const schema::AnswerRow& row);

}  // namespace filial::cli
