#pragma once

#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/grant_payloads.h"

/// Debts that other stores tell to the customer's home (S41, S42, N6). Each becomes exactly one own
/// event there, which is what home has booked.
namespace filial::ledger {

/// debt.applied, or, where the own log says that another store is the customer's home by now, the
/// same news for that one. kFlagPaidTwice where the document was paid before, kFlagAfterClose where
/// the account is closed. Nothing is refused: it has happened.
schema::Result<std::vector<schema::Event>> take_told(const State& state, const Setting& setting,
                                                     const schema::Position& origin,
                                                     const schema::Event& notice,
                                                     const schema::DebtTold& told,
                                                     schema::Timestamp at);

/// What home writes, in the same write as the move, where its own move is of a customer who was
/// merged into another one that is at home here too.
schema::Event applied_at_once(const Setting& setting, schema::Timestamp at,
                              const std::string& customer, const schema::DebtMoved& move);

/// debt.told and debt.applied of the own log. Gives the event's flags; those of debt.told stand on
/// the move itself.
schema::Result<std::uint64_t> apply_told(State& state, const schema::Event& event);

}  // namespace filial::ledger
