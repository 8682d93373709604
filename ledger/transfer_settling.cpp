#include "ledger/transfer_settling.h"

#include "ledger/stock.h"
#include "ledger/transfers.h"
#include "schema/trade_payloads.h"

namespace filial::ledger {

using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Operation;
using schema::Quantity;
using schema::Result;
using schema::TransferStep;

namespace {

Result<Quantity> difference(Quantity now, Quantity before) {
    const auto less = schema::negate(before);
    return less ? schema::add(now, *less) : less;
}

Result<SentTransfer> own_transfer(const State& state, const Operation& operation) {
    auto sent = sent_transfer(state, operation.subject);
    if (!sent) return tl::unexpected(sent.error());
    if (*sent) return std::move(**sent);
    return fail(Errc::refused, "transfer " + operation.subject +
                                   " was never sent from here: its source settles it; goods that "
                                   "left here unbooked are transfer-send");
}

Event step_of(std::string_view kind, const Operation& operation, const SentTransfer& sent,
              Quantity delta, std::uint64_t flags) {
    TransferStep step;
    step.peer = sent.to;
    step.sku = sent.sku;
    step.quantity = delta;
    step.reason = operation.document;
    step.flags = fact_flag(operation) | flags;
    return transfer_event(kind, operation.at, operation.subject, {}, step);
}

}  // namespace

Result<std::vector<Event>> decide_correct(const State& state, const Operation& operation) {
    const auto sent = own_transfer(state, operation);
    if (!sent) return tl::unexpected(sent.error());
    const auto refuse = [&](const std::string& why) {
        return fail(Errc::refused, "transfer " + operation.subject + ": " + why);
    };
    const auto left = sent->left();
    if (!left) return tl::unexpected(left.error());
    if (*left == operation.quantity) {
        return refuse(to_string(*left) + " are booked as gone already, nothing changes");
    }
    if (operation.quantity < sent->written_off) {
        return refuse(to_string(sent->written_off) +
                      " of it are written off: take that back first with transfer-write-off 0");
    }
    const auto delta = difference(operation.quantity, *left);
    if (!delta) return tl::unexpected(delta.error());
    const auto into_stock = schema::negate(*delta);
    if (!into_stock) return tl::unexpected(into_stock.error());
    Operation moved = operation;
    moved.sku = sent->sku;
    return with_stock_move(
        state, moved, *into_stock,
        step_of(schema::kTransferCorrected, operation, *sent, *delta, schema::kFlagDifference));
}

Result<std::vector<Event>> decide_write_off(const State& state, const Operation& operation) {
    const auto sent = own_transfer(state, operation);
    if (!sent) return tl::unexpected(sent.error());
    const auto refuse = [&](const std::string& why) {
        return fail(Errc::refused, "transfer " + operation.subject + ": " + why);
    };
    const auto delta = difference(operation.quantity, sent->written_off);
    const auto open = sent->open();
    if (!delta || !open) return tl::unexpected(delta ? open.error() : delta.error());
    if (delta->value() == 0) {
        return refuse(to_string(sent->written_off) + " are written off already, nothing changes");
    }
    if (delta->value() > 0 && *delta > *open) {
        return refuse("only " + to_string(*open) + " are out by what is known here");
    }
    return std::vector<Event>{
        step_of(schema::kTransferWrittenOff, operation, *sent, *delta, schema::kFlagWrittenOff)};
}

}  // namespace filial::ledger
