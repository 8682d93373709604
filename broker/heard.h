#pragma once

#include <string>
#include <vector>

#include "broker/heard_stores.h"
#include "broker/readmissions.h"
#include "core/journal/journal.h"
#include "core/link/allow_list.h"
#include "core/link/mark_book.h"

namespace filial::broker {

/// The highest epoch of `store` that the marks of other stores speak of.
schema::Epoch known_epoch(const schema::StoreId& store, const core::MarkBook& marks);

/// Why `store` may not go on yet as this machine, for people; empty where it may. What a broker
/// granted and took may be forgotten, here or on another disk, so every store that is admitted with
/// a log of its own has to be heard first, since this memory began and also on what it has read,
/// and what others have read or taken of this store's log has to be held here, or by the machine
/// itself: else its next events would stand at their places. Pure.
std::string not_heard(const schema::StoreId& store, const Attempt& attempt,
                      const core::LogHead* held, const std::vector<core::Admission>& admitted,
                      const core::MarkBook& marks, const HeardStores& heard);

}  // namespace filial::broker
