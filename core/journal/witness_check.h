#pragma once

#include "core/journal/head_witness.h"
#include "core/journal/journal_store.h"

namespace filial::core {

/// Compares the log of `of`, as the database would recover it, with its head witness, without
/// writing to either. `corrupt`, with positions, where an acknowledged event is missing or is
/// another one than acknowledged, or where the witness itself should be there and is not.
schema::Result<void> check_witness(const JournalStore::Setup& setup, const schema::StoreId& of,
                                   const HeadWitness& witness);

}  // namespace filial::core
