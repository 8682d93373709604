#pragma once

#include <string_view>
#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/grant_payloads.h"
#include "schema/operation.h"

/// Sales from another place's stock that is reserved for this store (N2). A sale is a claim: it
/// moves no stock until the place ships. Available at the place is what is on hand, less what is
/// claimed and not shipped, less what others may still sell.
namespace filial::ledger {

/// sell-reserved, `refused` beyond the own room unless it is a fact; ship, `refused` beyond what is
/// claimed unless it is a fact, which takes the rest from what is available.
schema::Result<std::vector<schema::Event>> decide_claim(const State& state, const Setting& setting,
                                                        const schema::Operation& operation);

/// The own event that takes claim.made or claim.shipped; none where `notice` is another kind.
std::vector<schema::Event> take_claim(const schema::Position& origin, const schema::Event& notice,
                                      const schema::GrantStep& step, schema::Timestamp at);

/// Any claim.* step of the own log. Gives the event's flags.
schema::Result<std::uint64_t> apply_claim(State& state, const schema::LoggedEvent& logged);

/// After an own move of stock: the event's flag and the recalls where less is left than was
/// promised to others. The rule: every holder is asked for what it has not sold, up to what is
/// missing, and told why; what comes back beyond that is reserve again.
schema::Result<std::vector<schema::Event>> stock_shortfall(const State& state, schema::Timestamp at,
                                                           std::string_view sku,
                                                           schema::Quantity delta);

bool is_claim_kind(std::string_view kind);

}  // namespace filial::ledger
