#include "ledger/transit.h"

#include <map>
#include <set>

namespace filial::ledger {
namespace {

constexpr std::uint64_t kSideVersion = 1;

}  // namespace

bool apply(TransferSide& side, std::string_view kind, const schema::TransferStep& step) {
    if (kind == schema::kTransferSent) {
        if (!side.sent) {
            side.to = step.peer;
            side.sku = step.sku;
            side.quantity = step.quantity;
        }
        side.sent = true;
    } else if (kind == schema::kTransferReceived) {
        side.received = true;
        side.from = step.peer;
        side.received_sku = step.sku;
        side.received_quantity = step.quantity;
    } else if (kind == schema::kCancelRequested) {
        side.cancel_requested = true;
    } else if (kind == schema::kCancelAgreed) {
        side.cancel_agreed = true;
    } else if (kind == schema::kCancelRefused) {
        side.cancel_refused = true;
    } else if (kind == schema::kTransferTakenBack) {
        side.taken_back = true;
    } else if (kind == schema::kCancelFailed) {
        side.cancel_failed = true;
    } else if (kind != schema::kTransferExpected && kind != schema::kTransferSettled) {
        return false;
    }
    side.flags |= step.flags;
    return true;
}

schema::Bytes encode(const TransferSide& side) {
    schema::Writer out;
    out.array(15).u64(kSideVersion).boolean(side.sent).str(side.to).str(side.sku);
    out.i64(side.quantity.value()).boolean(side.cancel_requested).boolean(side.taken_back);
    out.boolean(side.cancel_failed).boolean(side.received).str(side.from).str(side.received_sku);
    out.i64(side.received_quantity.value()).boolean(side.cancel_agreed);
    out.boolean(side.cancel_refused).u64(side.flags);
    return out.take();
}

schema::Result<TransferSide> decode_transfer_side(schema::Parser& parser, schema::ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("transfer's side", fields.error());
    if (fields->u64() != kSideVersion) {
        return schema::fail(schema::Errc::schema_too_new, "transfer's side: unknown version");
    }
    TransferSide side;
    side.sent = fields->boolean();
    side.to = fields->str();
    side.sku = fields->str();
    side.quantity = schema::Quantity{fields->i64()};
    side.cancel_requested = fields->boolean();
    side.taken_back = fields->boolean();
    side.cancel_failed = fields->boolean();
    side.received = fields->boolean();
    side.from = fields->str();
    side.received_sku = fields->str();
    side.received_quantity = schema::Quantity{fields->i64()};
    side.cancel_agreed = fields->boolean();
    side.cancel_refused = fields->boolean();
    side.flags = fields->u64();
    if (const auto done = parser.finish("transfer's side"); !done) {
        return tl::unexpected(done.error());
    }
    return side;
}

std::vector<InTransit> in_transit(const std::vector<SideOf>& sides) {
    std::map<schema::StoreId, const TransferSide*> sent;
    std::set<std::string> arrived;  // Sources whose goods somebody received.
    for (const auto& [store, side] : sides) {
        if (side.sent) sent.try_emplace(store, &side);
        if (side.received) arrived.insert(side.from);
    }
    for (const auto& [store, side] : sides) {
        if (side.taken_back) sent.erase(store);
    }

    std::vector<InTransit> result;
    for (const auto& [store, side] : sent) {
        if (arrived.contains(store.value())) continue;
        result.push_back({store, side->to, side->sku, side->quantity});
    }
    return result;
}

}  // namespace filial::ledger
