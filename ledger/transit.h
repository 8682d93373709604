#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/payloads.h"

/// Goods between two places. A transfer has a side in the log of its source and one in the log of
/// its destination; each side is made from its own log alone, so that the logs may come in any
/// order: a receipt may be known before its sending is.
namespace filial::ledger {

/// What one store's log, in one epoch, says of one transfer.
struct TransferSide {
    // As source.
    bool sent = false;
    std::string to;
    std::string sku;
    schema::Quantity quantity;  ///< As sent.
    bool cancel_requested = false;
    bool taken_back = false;  ///< The cancellation was agreed to; the goods are back.
    bool cancel_failed = false;
    // As destination.
    bool received = false;
    std::string from;
    std::string received_sku;
    schema::Quantity received_quantity;
    bool cancel_agreed = false;
    bool cancel_refused = false;
    std::uint64_t flags = 0;  ///< Of all its steps.
    friend bool operator==(const TransferSide&, const TransferSide&) = default;
};

/// Applies one step of the side's own log. False for a kind that is no step of a transfer.
bool apply(TransferSide& side, std::string_view kind, const schema::TransferStep& step);

schema::Bytes encode(const TransferSide& side);
schema::Result<TransferSide> decode_transfer_side(schema::Parser& parser, schema::ByteView bytes);

struct SideOf {
    schema::StoreId store;
    TransferSide side;
};

/// Goods that left one place and did not come to the other yet.
struct InTransit {
    schema::StoreId from;
    std::string to;
    std::string sku;
    schema::Quantity quantity;
};

/// What of one transfer is on the way: sent, not received by anybody from that source, not taken
/// back. One entry at most for each source. The same result for every order of `sides`; sides of
/// one store's epochs are taken together.
std::vector<InTransit> in_transit(const std::vector<SideOf>& sides);

}  // namespace filial::ledger
