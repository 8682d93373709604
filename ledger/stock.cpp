#include "ledger/stock.h"

#include "ledger/claims.h"
#include "ledger/documents.h"
#include "ledger/pot.h"

namespace filial::ledger {

using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Operation;
using schema::OperationKind;
using schema::Quantity;
using schema::Result;
using schema::StockMoved;

namespace {

schema::Bytes stock_key(std::string_view sku) { return "stock/" + schema::Bytes(sku); }

/// What is added for this operation, before flags.
Result<StockMoved> move_of(const State& state, const Operation& operation) {
    StockMoved move;
    move.document = operation.document;
    move.cost = operation.cost;
    move.flags = fact_flag(operation);
    move.delta = operation.quantity;
    switch (operation.kind) {
        case OperationKind::sell: {
            const auto leaves = schema::negate(operation.quantity);
            if (!leaves) return tl::unexpected(leaves.error());
            move.delta = *leaves;
            move.reason = "sale";
            return move;
        }
        case OperationKind::return_goods:
            move.reason = "return";
            return move;
        case OperationKind::adjust:
            move.reason = "adjust";
            return move;
        case OperationKind::receive:
            move.reason = "receipt";
            return move;
        case OperationKind::count: {
            const auto expected = on_hand(state, operation.subject);
            if (!expected) return tl::unexpected(expected.error());
            const auto missing = schema::negate(*expected);
            if (!missing) return tl::unexpected(missing.error());
            const auto delta = schema::add(operation.quantity, *missing);
            if (!delta) return tl::unexpected(delta.error());
            move.delta = *delta;
            move.reason = "count";
            return move;
        }
        default:
            return fail(Errc::invalid, "not an operation on stock");
    }
}

}  // namespace

Result<Quantity> on_hand(const State& state, std::string_view sku) {
    const auto sum = read_sum(state, stock_key(sku));
    if (!sum) return tl::unexpected(sum.error());
    return Quantity{*sum};
}

Result<Event> stock_moved(const State& state, schema::Timestamp at, std::string_view sku,
                          StockMoved move) {
    const auto before = on_hand(state, sku);
    if (!before) return tl::unexpected(before.error());
    const auto after = schema::add(*before, move.delta);
    if (!after) return fail("stock of " + std::string(sku), after.error());
    // What comes in is no reason to look, however little there was before.
    const bool too_many = after->value() < 0 && move.delta.value() < 0;
    if (too_many) move.flags |= schema::kFlagBelowZero;
    // A shipment takes as much from the claims as from the goods.
    const bool may_lack = move.delta.value() < 0 && move.reason != "shipment";
    if (may_lack && has_pot(state, schema::GrantOf::stock, sku)) {
        const auto pot = read_pot(state, schema::GrantOf::stock, sku);
        if (!pot) return tl::unexpected(pot.error());
        if (pot->known) {
            const auto left = reserve(state, schema::GrantOf::stock, sku, *pot);
            if (!left) return tl::unexpected(left.error());
            const auto rest = schema::add(*left, move.delta.value());
            if (!rest || *rest < 0) move.flags |= schema::kFlagOverCommitted;
        }
    }
    Event event;
    event.topic = schema::kTopicStock;
    event.kind = schema::kStockMoved;
    event.at = at;
    event.key = sku;
    event.payload = schema::encode(move);
    return event;
}

Result<std::vector<Event>> decide_stock(const State& state, const Operation& operation) {
    auto move = move_of(state, operation);
    if (!move) return fail("stock of " + operation.subject, move.error());
    const Quantity delta = move->delta;
    auto event = stock_moved(state, operation.at, operation.subject, std::move(*move));
    if (!event) return tl::unexpected(event.error());
    auto recalls = stock_shortfall(state, operation.at, operation.subject, delta);
    if (!recalls) return tl::unexpected(recalls.error());
    std::vector<Event> events;
    events.push_back(std::move(*event));
    for (Event& recall : *recalls) events.push_back(std::move(recall));
    return events;
}

Result<std::uint64_t> apply_stock_moved(State& state, const schema::LoggedEvent& logged) {
    const Event& event = logged.event;
    const auto move = schema::decode_stock_moved(parser(), event.payload);
    if (!move) return tl::unexpected(move.error());
    const schema::Bytes key = stock_key(event.key);
    const auto before = read_sum(state, key);
    if (!before) return tl::unexpected(before.error());
    const auto after = schema::add(*before, move->delta.value());
    if (!after) return fail("stock of " + event.key, after.error());
    write_sum(state, key, *after);
    const auto noted = note_goods(state, logged, move->delta.value(), move->reason, move->document);
    if (!noted) return tl::unexpected(noted.error());
    return move->flags;
}

}  // namespace filial::ledger
