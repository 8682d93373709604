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

struct DocumentMove {
    enum class Of : std::uint8_t { stock = 0, debt = 1 };
    Of of = Of::stock;
    std::string key;         ///< SKU or customer.
    std::int64_t delta = 0;  ///< Thousandths or cents.
};

/// Books one applied move under its document. A move with reason "void" closes the document: what
/// stands under it is reversed. Moves without a document, and those of transfers, are not kept:
/// nothing voids them. Costs the same however many moves the document has.
schema::Result<void> note_move(State& state, const DocumentMove& move, std::string_view reason,
                               std::string_view document);

/// Reverses everything that stands under exactly that document, one move for each SKU and customer
/// (of nothing, where its moves had cancelled out already). `refused` where nothing stands there,
/// where it was voided already, and for a transfer.
schema::Result<std::vector<schema::Event>> decide_void(const State& state, const Setting& setting,
                                                       const schema::Operation& operation);

}  // namespace filial::ledger
