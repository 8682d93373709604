#pragma once

#include <functional>
#include <string>

#include "core/journal/damaged_journal.h"

namespace filial::broker {

/// Puts a damaged broker's journal together again, out of itself: of each log what can be read from
/// its beginning without a hole and proves to be its chain, and what can be read of the rest. A log
/// that was trimmed stays so where its bases are whole and it can be read up to their ends; else
/// its trimmed events are lost here, which is logged with their positions. The damaged database
/// stays beside it, as `damaged-N`. What stood behind a hole, or is lost, comes from the stores
/// again, as whatever is new does: a store's own log has all of it. `stop` is asked now and then;
/// with true nothing has changed. Fails as the journal does.
schema::Result<void> rebuild_journal(core::DamagedJournal& damaged, const std::string& why,
                                     const std::function<bool()>& stop);

}  // namespace filial::broker
