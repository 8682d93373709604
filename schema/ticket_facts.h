#pragma once

#include <cstdint>
#include <span>

#include "schema/event.h"
#include "schema/operation.h"

namespace filial::schema {

/// What of a ticket happened in the physical world, as one number: goods sold, returned, received
/// or transferred, debts charged, paid or credited, documents voided; by kind, SKU or customer,
/// quantity or amount, and document, in whatever order. A ticket and the events that were made of
/// it have the same number, and so have the operations that book these events again. Counts and
/// corrections are left out: an event does not say what was counted. Never 0.
std::uint64_t facts_of(std::span<const Operation> operations);
/// Of the events of one ticket. `corrupt` where a payload cannot be read.
Result<std::uint64_t> facts_of(std::span<const LoggedEvent> events);

}  // namespace filial::schema
