#pragma once

#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/ids.h"

/// What other stores' logs say to this one, in `control` and `accounts`. Every notice becomes
/// exactly one own event in the same topic, which is also the position that this store has in the
/// other's log: once it is in the own log, the notice is taken, and delivered again, or after a
/// later one of either topic, it changes nothing.
namespace filial::ledger {

/// Up to where the notices of `origin` are taken; seq 0: none yet.
schema::Result<schema::Position> last_taken(const State& state, const schema::StoreId& origin);

/// The own events that take `notice`, which stands at `origin` in another store's log: one of its
/// topic, and what follows from it: a stock.moved where goods come back, recalls where a round
/// begins. None if it is neither addressed to this store nor for everybody (is_for_everybody), or
/// was taken already. Decided from the own log alone. A notice of an unknown kind or version, one
/// that cannot be read, and one that fits nothing here become notice.taken. `at`: this store's
/// clock. Fails only if the own state is damaged, or with `overflow`.
schema::Result<std::vector<schema::Event>> take_notice(const State& state, const Setting& setting,
                                                       const schema::Position& origin,
                                                       const schema::Event& notice,
                                                       schema::Timestamp at);

/// Kinds that only the stores which write and take them act on: grants, claims, told
/// debts, accounts, stores' ends. A replica that shows none of them has nothing to apply.
bool concerns_one_store(std::string_view kind);

/// Moves the position on; called by `apply` for every own event that names its cause.
void note_taken(State& state, const schema::Position& cause);

/// The own event that takes a notice which take_notice could not decide: notice.taken, flagged
/// kFlagUndecided, so that the notices behind it go on and a person finds it. Never fails.
schema::Event take_undecided(const schema::Position& origin, const schema::Event& notice,
                             schema::Timestamp at);

schema::Result<void> apply_notice_taken(State& state, const schema::Event& event);

/// Client of the events that take notices of this store; their number is the notice's seq.
schema::ClientId notice_client(const schema::StoreId& origin);

}  // namespace filial::ledger
