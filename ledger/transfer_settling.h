#pragma once

#include <vector>

#include "ledger/state.h"
#include "schema/event.h"
#include "schema/operation.h"

/// What the source of a transfer says of it later, where sent and received do not agree. It owns
/// the difference: it finds that another quantity had left (goods move between its stock and the
/// way, nothing is lost), or it gives goods up. Both operations say the whole, the events the
/// difference, so that saying it twice books it once.
namespace filial::ledger {

/// transfer-correct: what really left here, in all; stock.moved and transfer.corrected. 0 for
/// goods that never left. `refused` where it stands so already, where it was never sent from here,
/// and below what is written off.
schema::Result<std::vector<schema::Event>> decide_correct(const State& state,
                                                          const schema::Operation& operation);

/// transfer-write-off: what is lost on the way, in all; transfer.written_off, flagged. 0 takes a
/// write-off back, since the goods turned up. The only thing that lowers on hand + in transit.
/// `refused` where it stands so already and for more than is out by what is known here.
schema::Result<std::vector<schema::Event>> decide_write_off(const State& state,
                                                            const schema::Operation& operation);

}  // namespace filial::ledger
