#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/state.h"
#include "schema/amounts.h"
#include "schema/event.h"
#include "schema/ids.h"
#include "schema/operation.h"
#include "schema/payloads.h"

/// Goods on their way between stores. The source's log says that they left, the destination's that
/// they came; a cancellation is asked of the destination, whose log alone says which came first,
/// and only its agreement brings them back into the source's stock.
namespace filial::ledger {

/// A transfer in its source's log.
struct SentTransfer {
    std::string to;
    std::string sku;
    schema::Quantity quantity;
    bool cancel_asked = false;
    bool settled = false;     ///< The destination told that it received it.
    bool taken_back = false;  ///< The destination agreed to the cancellation.
};

/// A transfer in its destination's log: either half may come first.
struct ArrivingTransfer {
    bool expected = false;  ///< The source's notice was taken.
    std::string from;       ///< By that notice, or else as said at the receipt.
    std::string sku;        ///< By that notice, or else as received.
    schema::Quantity sent;  ///< By that notice.
    bool received = false;
    std::string received_sku;
    schema::Quantity quantity;  ///< Really received.
    bool cancel_agreed = false;
};

schema::Result<std::optional<SentTransfer>> sent_transfer(const State& state,
                                                          std::string_view transfer);
schema::Result<ArrivingTransfer> arriving_transfer(const State& state, std::string_view transfer);
/// True if the own log knows a transfer of this name, sent or arriving.
schema::Result<bool> is_transfer(const State& state, std::string_view transfer);

/// One step in topic control.
schema::Event transfer_event(std::string_view kind, schema::Timestamp at, std::string_view transfer,
                             std::string_view addressee, const schema::TransferStep& step);

/// transfer-send and transfer-receive (stock.moved and the step) and transfer-cancel. A receipt is
/// a fact: only the second one of the same transfer is refused. It is flagged kFlagFound after this
/// store agreed to the cancellation, and kFlagDifference where what was sent is known and differs.
schema::Result<std::vector<schema::Event>> decide_transfer(const State& state,
                                                           const schema::StoreId& self,
                                                           const schema::Operation& operation);

/// Any step of this store's own log. Gives the event's flags.
schema::Result<std::uint64_t> apply_transfer_step(State& state, const schema::Event& event);

/// Whether a kind is a step of a transfer.
bool is_transfer_kind(std::string_view kind);

}  // namespace filial::ledger
