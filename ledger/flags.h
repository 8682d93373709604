#pragma once

#include <cstdint>

#include "schema/event.h"

namespace filial::ledger {

/// The marks that a person should see on this event (schema::Flag); 0 for a kind that has none, and
/// for one that repeats another event's: each finding is counted once, where it was found.
/// `corrupt` where its payload cannot be read.
schema::Result<std::uint64_t> flags_of(schema::Parser& parser, const schema::Event& event);

}  // namespace filial::ledger
