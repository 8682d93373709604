#include "ledger/transfers.h"

#include <algorithm>
#include <array>

#include "ledger/notices.h"
#include "ledger/stock.h"

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

Bytes sent_key(std::string_view transfer) { return "sent/" + Bytes(transfer); }
Bytes arriving_key(std::string_view transfer) { return "arriving/" + Bytes(transfer); }

void write_sent(State& state, std::string_view transfer, const SentTransfer& sent) {
    schema::Writer out;
    out.array(6).str(sent.to).str(sent.sku).i64(sent.quantity.value());
    out.boolean(sent.cancel_asked).boolean(sent.settled).boolean(sent.taken_back);
    state.put(sent_key(transfer), out.take());
}

void write_arriving(State& state, std::string_view transfer, const ArrivingTransfer& arriving) {
    schema::Writer out;
    out.array(8).boolean(arriving.expected).str(arriving.from).str(arriving.sku);
    out.i64(arriving.sent.value()).boolean(arriving.received).str(arriving.received_sku);
    out.i64(arriving.quantity.value()).boolean(arriving.cancel_agreed);
    state.put(arriving_key(transfer), out.take());
}

Result<std::vector<Event>> with_stock_move(const State& state, const Operation& operation,
                                           Quantity delta, Event step) {
    auto moved =
        stock_moved(state, operation.at, operation.sku,
                    {delta, "transfer", operation.subject, fact_flag(operation), operation.cost});
    if (!moved) return tl::unexpected(moved.error());
    std::vector<Event> events;
    events.push_back(std::move(*moved));
    events.push_back(std::move(step));
    return events;
}

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
    return with_stock_move(state, operation, *leaves,
                           transfer_event(schema::kTransferSent, operation.at, operation.subject,
                                          operation.peer, step));
}

Result<std::vector<Event>> decide_receive(const State& state, const StoreId& self,
                                          const Operation& operation) {
    if (operation.peer == self.value()) {
        return fail(Errc::refused, "transfer " + operation.subject + " comes from " + self.value() +
                                       ", which is this store: name the one that sent it");
    }
    const auto arriving = arriving_transfer(state, operation.subject);
    if (!arriving) return tl::unexpected(arriving.error());
    if (arriving->received) {
        return fail(Errc::refused, "transfer " + operation.subject +
                                       " was already received here, nothing booked twice: what "
                                       "came besides is another transfer");
    }
    TransferStep step;
    step.peer = operation.peer;
    step.sku = operation.sku;
    step.quantity = operation.quantity;
    step.flags = fact_flag(operation);
    if (arriving->expected) {
        const auto differs = [&](const std::string& what) {
            step.flags |= schema::kFlagDifference;
            step.reason += (step.reason.empty() ? "" : ", ") + what;
        };
        if (arriving->sent != operation.quantity) {
            differs("sent were " + to_string(arriving->sent));
        }
        if (arriving->sku != operation.sku) differs("sent was " + arriving->sku);
        if (arriving->from != operation.peer) {
            // The store that waits for the news is the one that sent the goods.
            differs("received as from " + operation.peer);
            step.peer = arriving->from;
        }
    }
    if (arriving->cancel_agreed) {
        step.flags |= schema::kFlagFound;
        step.reason += (step.reason.empty() ? "" : ", ") + std::string(
                                                               "found after its "
                                                               "cancellation");
    }
    return with_stock_move(state, operation, operation.quantity,
                           transfer_event(schema::kTransferReceived, operation.at,
                                          operation.subject, step.peer, step));
}

Result<std::vector<Event>> decide_cancel(const State& state, const Operation& operation) {
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
    if (known.cancel_asked) {
        return refuse("was asked to be cancelled already: wait for the answer of " + known.to);
    }
    TransferStep step;
    step.peer = known.to;
    step.sku = known.sku;
    return std::vector<Event>{
        transfer_event(schema::kCancelRequested, operation.at, operation.subject, known.to, step)};
}

}  // namespace

Result<std::optional<SentTransfer>> sent_transfer(const State& state, std::string_view transfer) {
    const auto value = state.get(sent_key(transfer));
    if (!value) return std::optional<SentTransfer>{};
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of transfer " + Bytes(transfer), fields.error());
    SentTransfer sent;
    sent.to = fields->str();
    sent.sku = fields->str();
    sent.quantity = Quantity{fields->i64()};
    sent.cancel_asked = fields->boolean();
    sent.settled = fields->boolean();
    sent.taken_back = fields->boolean();
    const auto done = parser().finish("own state of transfer " + Bytes(transfer));
    if (!done) return tl::unexpected(done.error());
    return std::optional<SentTransfer>{std::move(sent)};
}

Result<ArrivingTransfer> arriving_transfer(const State& state, std::string_view transfer) {
    ArrivingTransfer arriving;
    const auto value = state.get(arriving_key(transfer));
    if (!value) return arriving;
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of transfer " + Bytes(transfer), fields.error());
    arriving.expected = fields->boolean();
    arriving.from = fields->str();
    arriving.sku = fields->str();
    arriving.sent = Quantity{fields->i64()};
    arriving.received = fields->boolean();
    arriving.received_sku = fields->str();
    arriving.quantity = Quantity{fields->i64()};
    arriving.cancel_agreed = fields->boolean();
    const auto done = parser().finish("own state of transfer " + Bytes(transfer));
    if (!done) return tl::unexpected(done.error());
    return arriving;
}

Result<bool> is_transfer(const State& state, std::string_view transfer) {
    return state.get(sent_key(transfer)) || state.get(arriving_key(transfer));
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

Result<std::vector<Event>> decide_transfer(const State& state, const StoreId& self,
                                           const Operation& operation) {
    switch (operation.kind) {
        case OperationKind::transfer_send:
            return decide_send(state, self, operation);
        case OperationKind::transfer_receive:
            return decide_receive(state, self, operation);
        default:
            return decide_cancel(state, operation);
    }
}

bool is_transfer_kind(std::string_view kind) { return kind.rfind("transfer.", 0) == 0; }

Result<std::uint64_t> apply_transfer_step(State& state, const Event& event) {
    const auto step = schema::decode_transfer_step(parser(), event.payload);
    if (!step) return tl::unexpected(step.error());
    const std::string& transfer = event.key;
    if (event.kind == schema::kTransferSent) {
        write_sent(state, transfer, {step->peer, step->sku, step->quantity, false, false, false});
        return step->flags;
    }
    if (!step->cause.store.value().empty()) note_taken(state, step->cause);

    auto sent = sent_transfer(state, transfer);
    if (!sent) return tl::unexpected(sent.error());
    auto arriving = arriving_transfer(state, transfer);
    if (!arriving) return tl::unexpected(arriving.error());
    if (event.kind == schema::kTransferReceived) {
        arriving->received = true;
        if (!arriving->expected) arriving->from = step->peer;
        arriving->received_sku = step->sku;
        arriving->quantity = step->quantity;
        write_arriving(state, transfer, *arriving);
    } else if (event.kind == schema::kTransferExpected) {
        arriving->expected = true;
        arriving->from = step->peer;
        arriving->sku = step->sku;
        arriving->sent = step->quantity;
        write_arriving(state, transfer, *arriving);
    } else if (event.kind == schema::kCancelAgreed) {
        arriving->cancel_agreed = true;
        write_arriving(state, transfer, *arriving);
    } else if (*sent) {
        if (event.kind == schema::kTransferSettled) (*sent)->settled = true;
        if (event.kind == schema::kCancelRequested) (*sent)->cancel_asked = true;
        if (event.kind == schema::kTransferTakenBack) (*sent)->taken_back = true;
        write_sent(state, transfer, **sent);
    }
    return step->flags;
}

}  // namespace filial::ledger
