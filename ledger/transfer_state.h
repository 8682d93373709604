#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/state.h"
#include "schema/amounts.h"
#include "schema/event.h"

/// What a store's own log says of its transfers, as source and as destination.
namespace filial::ledger {

/// A transfer in its source's log.
struct SentTransfer {
    std::string to;
    std::string sku;
    schema::Quantity quantity;
    bool cancel_asked = false;
    bool settled = false;          ///< The destination told that it received it.
    bool taken_back = false;       ///< The destination agreed to the cancellation.
    schema::Quantity corrected;    ///< What left beyond `quantity`, as found out later.
    schema::Quantity back;         ///< Came back by the cancellation.
    schema::Quantity written_off;  ///< Given up, in all.
    schema::Quantity received;     ///< By the destination's notices, in all.

    /// What left and did not come back, by this log: `quantity` + `corrected` - `back`.
    schema::Result<schema::Quantity> left() const;
    /// What of it is neither received, as far as is known here, nor written off.
    schema::Result<schema::Quantity> open() const;
};

/// A transfer in its destination's log: either half may come first.
struct ArrivingTransfer {
    bool expected = false;  ///< The source's notice was taken.
    std::string from;       ///< By that notice, or else as said at the receipt.
    std::string sku;        ///< By that notice, or else as received.
    schema::Quantity sent;  ///< By that notice.
    bool received = false;
    std::string received_sku;
    schema::Quantity quantity;  ///< Really received, in all.
    bool cancel_agreed = false;
};

/// A receipt whose notice was taken before this store wrote that it had sent the goods.
struct EarlyReceipt {
    std::string at;  ///< The store that received them; empty: there is none.
    std::string sku;
    schema::Quantity quantity;
};
schema::Result<EarlyReceipt> early_receipt(const State& state, std::string_view transfer);

schema::Result<std::optional<SentTransfer>> sent_transfer(const State& state,
                                                          std::string_view transfer);
schema::Result<ArrivingTransfer> arriving_transfer(const State& state, std::string_view transfer);
void write_sent(State& state, std::string_view transfer, const SentTransfer& sent);
/// True if the own log knows a transfer of this name, sent or arriving.
schema::Result<bool> is_transfer(const State& state, std::string_view transfer);

/// Any step of this store's own log. Gives the event's flags.
schema::Result<std::uint64_t> apply_transfer_step(State& state, const schema::Event& event);

/// Whether a kind is a step of a transfer.
bool is_transfer_kind(std::string_view kind);

}  // namespace filial::ledger
