#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "ledger/transfer_state.h"
#include "schema/amounts.h"
#include "schema/event.h"
#include "schema/operation.h"
#include "schema/payloads.h"

/// Goods on their way between stores. The source's log says that they left, the destination's that
/// they came; a cancellation is asked of the destination, whose log alone says which came first,
/// and only its agreement brings them back into the source's stock.
namespace filial::ledger {

/// One step in topic control.
schema::Event transfer_event(std::string_view kind, schema::Timestamp at, std::string_view transfer,
                             std::string_view addressee, const schema::TransferStep& step);

/// A stock.moved of the operation's article, the step beside it, and behind them the recalls where
/// less is left than others were promised.
schema::Result<std::vector<schema::Event>> with_stock_move(const State& state,
                                                           const schema::Operation& operation,
                                                           schema::Quantity delta,
                                                           schema::Event step);

/// transfer-send, transfer-receive and transfer-more (stock.moved and the step), transfer-cancel,
/// and those of transfer_settling.h. A receipt is a fact: only the second one of the same transfer
/// is refused, since a scanner reads twice; what came later in truth is transfer-more. It is
/// flagged kFlagFound after this store agreed to the cancellation, and kFlagDifference where what
/// was sent is known and differs.
schema::Result<std::vector<schema::Event>> decide_transfer(const State& state,
                                                           const Setting& setting,
                                                           const schema::Operation& operation);

}  // namespace filial::ledger
