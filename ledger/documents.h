#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/ids.h"
#include "schema/operation.h"

/// Which moves stand under which document number of this store, so that a document can be voided:
/// each of its moves is reversed once and never again.
namespace filial::ledger {

/// Books one applied move under its document: of goods, in thousandths, or of a debt, in cents. A
/// move with reason "void" closes the document: what stood under it before is reversed. Moves
/// without a document, and those of transfers, are not kept: nothing voids them. Of what earlier
/// tickets booked there nothing is read for it, however much it is.
schema::Result<void> note_goods(State& state, const schema::LoggedEvent& logged, std::int64_t delta,
                                std::string_view reason, std::string_view document);
/// `billed`: home books it, on the customer's bill (bills.h).
schema::Result<void> note_debt(State& state, const schema::LoggedEvent& logged, std::int64_t delta,
                               std::string_view reason, std::string_view document, bool billed);

/// What this store itself booked on a bill, and what was paid of it; cents, from 0 upwards.
struct Bill {
    std::int64_t charged = 0;
    std::int64_t paid = 0;
};
/// Of one customer under one document of this store; what was voided is not in it. Takes as long as
/// there are moves of his under that number.
schema::Result<Bill> own_bill(const State& state, std::string_view customer,
                              std::string_view document);

/// Reverses everything that stands under exactly that document, one move for each SKU and customer
/// (of nothing, where its moves had cancelled out already). `refused` where nothing stands there,
/// where it was voided already, and for a transfer.
schema::Result<std::vector<schema::Event>> decide_void(const State& state, const Setting& setting,
                                                       const schema::Operation& operation);

}  // namespace filial::ledger
