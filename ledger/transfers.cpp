#include "ledger/transfers.h"

#include <algorithm>
#include <array>

#include "ledger/claims.h"
#include "ledger/notices.h"
#include "ledger/stock.h"
#include "ledger/transfer_settling.h"
#include "schema/trade_payloads.h"

namespace filial::ledger {

using schema::Bytes;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Operation;
using schema::OperationKind;
using schema::Quantity;
using schema::Result;
using schema::StoreId;
using schema::TransferStep;

namespace {

Result<std::vector<Event>> decide_send(const State& state, const StoreId& self,
                                       const Operation& operation) {
    if (operation.peer == self.value()) {
        return fail(Errc::refused, "transfer " + operation.subject + " goes to " + self.value() +
                                       ", which is this store: name another one");
    }
    const auto sent = sent_transfer(state, operation.subject);
    if (!sent) return tl::unexpected(sent.error());
    if (*sent) {
        return fail(Errc::refused, "transfer " + operation.subject + " was sent already, to " +
                                       (*sent)->to + ": give every transfer a number of its own");
    }
    const auto leaves = schema::negate(operation.quantity);
    if (!leaves) return tl::unexpected(leaves.error());
    TransferStep step;
    step.peer = operation.peer;
    step.sku = operation.sku;
    step.quantity = operation.quantity;
    step.flags = fact_flag(operation);
    const auto early = early_receipt(state, operation.subject);
    if (!early) return tl::unexpected(early.error());
    const bool other = early->at != operation.peer || early->sku != operation.sku ||
                       early->quantity != operation.quantity;
    if (!early->at.empty() && other) {
        step.flags |= schema::kFlagDifference;
        step.reason = early->at + " received " + to_string(early->quantity) + " of " + early->sku;
    }
    return with_stock_move(state, operation, *leaves,
                           transfer_event(schema::kTransferSent, operation.at, operation.subject,
                                          operation.peer, step));
}

/// A receipt and what it is found to be by what is known here: `total` with what came before.
Result<std::vector<Event>> received(const State& state, const Operation& operation,
                                    const ArrivingTransfer& arriving, Quantity total) {
    TransferStep step;
    step.peer = operation.peer;
    step.sku = operation.sku;
    step.quantity = operation.quantity;
    step.flags = fact_flag(operation);
    const auto note = [&](std::uint64_t flag, const std::string& what) {
        step.flags |= flag;
        step.reason += (step.reason.empty() ? "" : ", ") + what;
    };
    if (arriving.expected) {
        if (arriving.sent != total) {
            note(schema::kFlagDifference, "sent were " + to_string(arriving.sent));
        }
        if (arriving.sku != operation.sku) {
            note(schema::kFlagDifference, "sent was " + arriving.sku);
        }
        if (arriving.from != operation.peer) {
            // The store that waits for the news is the one that sent the goods.
            note(schema::kFlagDifference, "received as from " + operation.peer);
            step.peer = arriving.from;
        }
    }
    if (arriving.cancel_agreed) note(schema::kFlagFound, "found after its cancellation");
    return with_stock_move(state, operation, operation.quantity,
                           transfer_event(schema::kTransferReceived, operation.at,
                                          operation.subject, step.peer, step));
}

Result<std::vector<Event>> decide_receive(const State& state, const Setting& setting,
                                          const Operation& operation) {
    const StoreId& self = setting.self;
    if (operation.peer == self.value()) {
        return fail(Errc::refused, "transfer " + operation.subject + " comes from " + self.value() +
                                       ", which is this store: name the one that sent it");
    }
    const auto arriving = arriving_transfer(state, operation.subject);
    if (!arriving) return tl::unexpected(arriving.error());
    if (arriving->received && setting.rules().a_receipt_counts_once) {
        return fail(Errc::refused, "transfer " + operation.subject +
                                       " was already received here, nothing booked twice: what "
                                       "came of it later is transfer-more, anything else is "
                                       "another transfer");
    }
    return received(state, operation, *arriving, operation.quantity);
}

Result<std::vector<Event>> decide_more(const State& state, const Operation& operation) {
    const auto arriving = arriving_transfer(state, operation.subject);
    if (!arriving) return tl::unexpected(arriving.error());
    const auto refuse = [&](const std::string& why) {
        return fail(Errc::refused, "transfer " + operation.subject + " " + why);
    };
    if (!arriving->received) return refuse("was not received here yet: say transfer-receive");
    if (arriving->received_sku != operation.sku) {
        return refuse("came as " + arriving->received_sku + ": other goods are another transfer");
    }
    const auto total = schema::add(arriving->quantity, operation.quantity);
    if (!total) return tl::unexpected(total.error());
    return received(state, operation, *arriving, *total);
}

Result<std::vector<Event>> decide_cancel(const State& state, const Setting& setting,
                                         const Operation& operation) {
    const auto sent = sent_transfer(state, operation.subject);
    if (!sent) return tl::unexpected(sent.error());
    const auto refuse = [&](const std::string& why) {
        return fail(Errc::refused, "transfer " + operation.subject + " " + why);
    };
    if (!*sent) return refuse("was never sent from here: ask the store that sent it");
    const SentTransfer& known = **sent;
    if (known.to != operation.peer) {
        return refuse("was sent to " + known.to + ", not to " + operation.peer + ": ask there");
    }
    if (known.taken_back) return refuse("is cancelled already: the goods are back in stock here");
    if (known.settled) {
        return refuse("was received at " + known.to + ": have it sent back from there");
    }
    const auto open = known.open();
    if (!open) return tl::unexpected(open.error());
    if (open->value() <= 0) return refuse("has nothing out any more: it was corrected or given up");
    if (known.cancel_asked) {
        return refuse("was asked to be cancelled already: wait for the answer of " + known.to);
    }
    TransferStep step;
    step.peer = known.to;
    step.sku = known.sku;
    if (!setting.rules().only_agreement_brings_goods_back) {
        Operation back = operation;
        back.sku = known.sku;
        step.quantity = *open;
        return with_stock_move(state, back, *open,
                               transfer_event(schema::kTransferTakenBack, operation.at,
                                              operation.subject, known.to, step));
    }
    return std::vector<Event>{
        transfer_event(schema::kCancelRequested, operation.at, operation.subject, known.to, step)};
}

}  // namespace

Result<std::vector<Event>> with_stock_move(const State& state, const Operation& operation,
                                           Quantity delta, Event step) {
    auto moved =
        stock_moved(state, operation.at, operation.sku,
                    {delta, "transfer", operation.subject, fact_flag(operation), operation.cost});
    if (!moved) return tl::unexpected(moved.error());
    auto recalls = stock_shortfall(state, operation.at, operation.sku, delta);
    if (!recalls) return tl::unexpected(recalls.error());
    std::vector<Event> events;
    events.push_back(std::move(*moved));
    events.push_back(std::move(step));
    for (Event& recall : *recalls) events.push_back(std::move(recall));
    return events;
}

Event transfer_event(std::string_view kind, schema::Timestamp at, std::string_view transfer,
                     std::string_view addressee, const TransferStep& step) {
    Event event;
    event.topic = schema::kTopicControl;
    event.kind = kind;
    event.at = at;
    event.key = transfer;
    event.addressee = addressee;
    event.payload = schema::encode(step);
    return event;
}

Result<std::vector<Event>> decide_transfer(const State& state, const Setting& setting,
                                           const Operation& operation) {
    switch (operation.kind) {
        case OperationKind::transfer_send:
            return decide_send(state, setting.self, operation);
        case OperationKind::transfer_receive:
            return decide_receive(state, setting, operation);
        case OperationKind::transfer_more:
            return decide_more(state, operation);
        case OperationKind::transfer_correct:
            return decide_correct(state, operation);
        case OperationKind::transfer_write_off:
            return decide_write_off(state, operation);
        default:
            return decide_cancel(state, setting, operation);
    }
}

}  // namespace filial::ledger
