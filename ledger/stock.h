#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/state.h"
#include "schema/event.h"
#include "schema/operation.h"
#include "schema/payloads.h"

/// Goods at this place. Every operation here is a fact: booked, flagged where it looks wrong, and
/// refused only when a sum would leave 64 bits.
/// A move that leaves less than is reserved for others and claimed is flagged, and what the others
/// have not sold is recalled.
namespace filial::ledger {

/// kFlagFact where the operation was handed in as something that had happened already.
inline std::uint64_t fact_flag(const schema::Operation& operation) {
    return operation.fact ? std::uint64_t{schema::kFlagFact} : 0;
}

/// Whether it happened already, so that nobody can be told to do something else instead.
inline bool is_fact(const schema::Operation& operation) {
    return operation.fact || operation.recorded;
}

/// What this place's own log says is on hand.
schema::Result<schema::Quantity> on_hand(const State& state, std::string_view sku);

/// One move of `sku`, with kFlagBelowZero added when it takes more than was there and
/// kFlagOverCommitted when less would be left than others were promised. `overflow` when the sum
/// would leave 64 bits.
schema::Result<schema::Event> stock_moved(const State& state, schema::Timestamp at,
                                          std::string_view sku, schema::StockMoved move);

/// sell, return, adjust, receive, count. A count becomes the difference to what is on hand, 0 too.
schema::Result<std::vector<schema::Event>> decide_stock(const State& state,
                                                        const schema::Operation& operation);

/// Adds the move to what is on hand and to its document. Gives the event's flags.
schema::Result<std::uint64_t> apply_stock_moved(State& state, const schema::LoggedEvent& logged);

}  // namespace filial::ledger
