#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/payloads.h"
#include "schema/timestamp.h"

/// Goods between two places. A transfer has a side in the log of its source and one in the log of
/// its destination; each side is made from its own log alone, so that the logs may come in any
/// order: a receipt may be known before its sending is. What left a stock is out until it came into
/// another one: what is on hand everywhere plus what is out changes by nothing that a transfer
/// does, at every set of prefixes of the logs, and is lowered only by a write-off.
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
    schema::Quantity received_quantity;  ///< In all.
    bool cancel_agreed = false;
    bool cancel_refused = false;
    std::uint64_t flags = 0;  ///< Of all its steps.
    // As source, later.
    schema::Quantity corrected;    ///< Left beyond `quantity`, as found out later.
    schema::Quantity back;         ///< Came back by the cancellation.
    schema::Quantity written_off;  ///< Given up, in all.
    bool settled = false;          ///< Took a receipt's notice.
    schema::Timestamp sent_at;
    // As destination, later.
    schema::Timestamp received_at;  ///< The last time.
    bool announced = false;         ///< Took the notice of a sending.
    friend bool operator==(const TransferSide&, const TransferSide&) = default;
};

/// Whether a kind is a step of a transfer that is known here.
bool is_transfer_step(std::string_view kind);
/// Applies one step of the side's own log, written at `at` by its clock. False for a kind that is
/// no step of a transfer.
bool apply(TransferSide& side, std::string_view kind, const schema::TransferStep& step,
           schema::Timestamp at);

schema::Bytes encode(const TransferSide& side);
schema::Result<TransferSide> decode_transfer_side(schema::Parser& parser, schema::ByteView bytes);

struct SideOf {
    schema::StoreId store;
    TransferSide side;
};

/// Why goods are out.
enum class OutState : std::uint8_t {
    on_the_way,    ///< Sent; nothing of it came.
    cancel_asked,  ///< The same, and the destination was asked to cancel it.
    early,         ///< Received; the log that sent it is not here yet.
    missing,       ///< Received was less than sent.
    surplus,       ///< Received was more, or another article, or goods given up before.
    found,         ///< Received after the source had taken it back.
    never_sent,    ///< Received; the source says that it never sent it.
};
/// "on the way", "cancellation asked", "received early", "missing", "surplus", "found",
/// "never sent".
std::string_view name_of(OutState state);
/// Whether a person has to settle it: transfer-correct, transfer-write-off or a late transfer-send
/// at its owner, which is the source, or transfer-more where the rest came later.
bool is_discrepancy(OutState state);

/// How long its owner has to settle a discrepancy, from the receipt on; then it is overdue.
constexpr std::int64_t kDiscrepancyDays = 7;

/// Goods that left one place and did not come to the other yet; below zero for those that came and
/// did not leave yet, by what the logs here say.
struct GoodsOut {
    schema::StoreId from;
    std::string to;
    std::string sku;
    schema::Quantity quantity;
    OutState state = OutState::on_the_way;
    schema::Timestamp since;  ///< Sent, by the source's clock; of what was received: received.
};

/// What of one transfer is out: sent, less what came back, what was given up and what anybody
/// received as from that source. At most one entry for each source and article, by source, SKU. The
/// same result for every order of `sides`; sides of one store's epochs are taken together.
/// Quantities that leave 64 bits are shown at the limit.
std::vector<GoodsOut> goods_out(const std::vector<SideOf>& sides);

}  // namespace filial::ledger
