#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/state.h"
#include "schema/event.h"
#include "schema/ids.h"
#include "schema/operation.h"
#include "schema/payloads.h"

/// What customers owe, as far as this store's own log moved it. Charges, credit notes and payments
/// are facts of the store where they happen; the customer's home books them (S41, S42).
namespace filial::ledger {

/// What this store's own log added to what the customer owes.
schema::Result<schema::Money> own_debt(const State& state, std::string_view customer);

/// One move. Addressed to the customer's home where the own log knows it and it is another store;
/// kFlagUnknownKey where the own log does not know the customer. `overflow` when the sum would
/// leave 64 bits.
schema::Result<schema::Event> debt_moved(const State& state, const schema::StoreId& self,
                                         schema::Timestamp at, std::string_view customer,
                                         schema::DebtMoved move);

/// charge, credit-note, pay, limit. `refused` only for a limit of a customer whose home, by the own
/// log, is another store.
schema::Result<std::vector<schema::Event>> decide_debt(const State& state,
                                                       const schema::StoreId& self,
                                                       const schema::Operation& operation);

/// Adds the move to the store's contribution and to its document. Gives the event's flags.
schema::Result<std::uint64_t> apply_debt_moved(State& state, const schema::Event& event);

}  // namespace filial::ledger
