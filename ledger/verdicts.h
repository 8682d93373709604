#pragma once

#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/operation.h"

namespace filial::ledger {

/// Head office tells a store what it found in its log: one `store.verdict`, addressed to that
/// store. Each event of a store is judged once for each finding: the same again is `already_done`.
/// `invalid` for a payload that names no event, or one of another store or of this one.
schema::Result<std::vector<schema::Event>> decide_verdict(const State& state,
                                                          const Setting& setting,
                                                          const schema::Operation& operation);

/// Remembers what was told.
schema::Result<void> apply_verdict(State& state, const schema::Event& event);

}  // namespace filial::ledger
