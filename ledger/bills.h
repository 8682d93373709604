#pragma once

#include <string_view>

#include "ledger/state.h"
#include "schema/amounts.h"

/// What home knows to be charged and paid under one document of one customer, its own and what
/// others told it: the same bill may be paid at two stores on one day (N6).
namespace filial::ledger {

/// Whether a payment under this document was booked before and this one is more than what is
/// charged there, or, where no charge is known under it, is one more. False for anything but a
/// payment.
schema::Result<bool> paid_before(const State& state, std::string_view customer,
                                 std::string_view reason, std::string_view document,
                                 schema::Money delta);

/// Books what another store told under its document; moves without one are not kept. What this
/// store books itself stands with the document (documents.h).
schema::Result<void> note_told_bill(State& state, std::string_view customer,
                                    std::string_view reason, std::string_view document,
                                    schema::Money delta);

}  // namespace filial::ledger
