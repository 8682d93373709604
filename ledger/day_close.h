#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/state.h"
#include "schema/event.h"
#include "schema/operation.h"
#include "schema/trade_payloads.h"

/// The close of a day: a vector of positions, one a store, up to which events count. A store closes
/// one day after the other; each event of anybody's log lies between two cuts, so it counts once:
/// what came too late for its own day counts into the next one, as an adjustment. Nobody's clock
/// decides: any store that has the logs makes the same totals of the same cuts (day_totals.h).
namespace filial::ledger {

/// What this store closed last.
struct LastClose {
    std::string date;
    std::vector<schema::Position> cut;
};

/// nullopt if this store never closed a day.
schema::Result<std::optional<LastClose>> last_close(const State& state);

/// close-day: day.closed in control. Stores of the last cut stay in it, and no position goes back.
/// `refused` for a day that is closed or lies before one; `invalid` for what is no date, or a cut
/// that is empty, unreadable or names a store twice.
schema::Result<std::vector<schema::Event>> decide_close_day(const State& state,
                                                            const schema::Operation& operation);

schema::Result<void> apply_day_closed(State& state, const schema::Event& event);

}  // namespace filial::ledger
