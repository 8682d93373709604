#include "ledger/transfer_state.h"

#include "ledger/notices.h"
#include "schema/payloads.h"
#include "schema/trade_payloads.h"

namespace filial::ledger {

using schema::Bytes;
using schema::Event;
using schema::fail;
using schema::Quantity;
using schema::Result;
using schema::TransferStep;

namespace {

Bytes sent_key(std::string_view transfer) { return "sent/" + Bytes(transfer); }
Bytes arriving_key(std::string_view transfer) { return "arriving/" + Bytes(transfer); }

Bytes early_key(std::string_view transfer) { return "early/" + Bytes(transfer); }

void write_arriving(State& state, std::string_view transfer, const ArrivingTransfer& arriving) {
    schema::Writer out;
    out.array(8).boolean(arriving.expected).str(arriving.from).str(arriving.sku);
    out.i64(arriving.sent.value()).boolean(arriving.received).str(arriving.received_sku);
    out.i64(arriving.quantity.value()).boolean(arriving.cancel_agreed);
    state.put(arriving_key(transfer), out.take());
}

}  // namespace

Result<Quantity> SentTransfer::left() const {
    const auto away = schema::negate(back);
    if (!away) return away;
    const auto gone = schema::add(quantity, corrected);
    return gone ? schema::add(*gone, *away) : gone;
}

Result<Quantity> SentTransfer::open() const {
    const auto gone = left();
    const auto known = schema::add(received, written_off);
    if (!gone || !known) return gone ? known : gone;
    const auto less = schema::negate(*known);
    return less ? schema::add(*gone, *less) : less;
}

void write_sent(State& state, std::string_view transfer, const SentTransfer& sent) {
    schema::Writer out;
    out.array(10).str(sent.to).str(sent.sku).i64(sent.quantity.value());
    out.boolean(sent.cancel_asked).boolean(sent.settled).boolean(sent.taken_back);
    out.i64(sent.corrected.value()).i64(sent.back.value()).i64(sent.written_off.value());
    out.i64(sent.received.value());
    state.put(sent_key(transfer), out.take());
}

Result<EarlyReceipt> early_receipt(const State& state, std::string_view transfer) {
    EarlyReceipt early;
    const auto value = state.get(early_key(transfer));
    if (!value) return early;
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of transfer " + Bytes(transfer), fields.error());
    early.at = fields->str();
    early.sku = fields->str();
    early.quantity = Quantity{fields->i64()};
    const auto done = parser().finish("own state of transfer " + Bytes(transfer));
    if (!done) return tl::unexpected(done.error());
    return early;
}

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
    sent.corrected = Quantity{fields->i64()};
    sent.back = Quantity{fields->i64()};
    sent.written_off = Quantity{fields->i64()};
    sent.received = Quantity{fields->i64()};
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

bool is_transfer_kind(std::string_view kind) { return kind.rfind("transfer.", 0) == 0; }

namespace {

Result<void> grow(Quantity& sum, Quantity delta) {
    const auto after = schema::add(sum, delta);
    if (!after) return tl::unexpected(after.error());
    sum = *after;
    return {};
}

/// Of several receivers the last one counts, which is who the goods are at.
Result<void> note_early(State& state, std::string_view transfer, const TransferStep& step) {
    auto early = early_receipt(state, transfer);
    if (!early) return tl::unexpected(early.error());
    if (early->at != step.peer || early->sku != step.sku) *early = {step.peer, step.sku, {}};
    if (const auto added = grow(early->quantity, step.quantity); !added) return added;
    schema::Writer out;
    out.array(3).str(early->at).str(early->sku).i64(early->quantity.value());
    state.put(early_key(transfer), out.take());
    return {};
}

Result<void> apply_sent(State& state, std::string_view transfer, const TransferStep& step) {
    SentTransfer sent;
    sent.to = step.peer;
    sent.sku = step.sku;
    sent.quantity = step.quantity;
    const auto early = early_receipt(state, transfer);
    if (!early) return tl::unexpected(early.error());
    if (!early->at.empty()) {
        sent.settled = true;
        if (early->sku == sent.sku) sent.received = early->quantity;
        state.erase(early_key(transfer));
    }
    write_sent(state, transfer, sent);
    return {};
}

Result<void> apply_to_source(SentTransfer& sent, const Event& event, const TransferStep& step) {
    if (event.kind == schema::kTransferCorrected) return grow(sent.corrected, step.quantity);
    if (event.kind == schema::kTransferWrittenOff) return grow(sent.written_off, step.quantity);
    if (event.kind == schema::kCancelRequested) sent.cancel_asked = true;
    if (event.kind == schema::kTransferTakenBack) {
        sent.taken_back = true;
        return grow(sent.back, step.quantity);
    }
    if (event.kind == schema::kTransferSettled) {
        sent.settled = true;
        if (step.sku == sent.sku) return grow(sent.received, step.quantity);
    }
    return {};
}

Result<void> apply_to_destination(ArrivingTransfer& arriving, const Event& event,
                                  const TransferStep& step) {
    if (event.kind == schema::kTransferReceived) {
        arriving.received = true;
        if (!arriving.expected) arriving.from = step.peer;
        arriving.received_sku = step.sku;
        return grow(arriving.quantity, step.quantity);
    }
    if (event.kind == schema::kTransferExpected) {
        arriving.expected = true;
        arriving.from = step.peer;
        arriving.sku = step.sku;
        arriving.sent = step.quantity;
    }
    if (event.kind == schema::kCancelAgreed) arriving.cancel_agreed = true;
    return {};
}

bool is_of_destination(std::string_view kind) {
    return kind == schema::kTransferReceived || kind == schema::kTransferExpected ||
           kind == schema::kCancelAgreed;
}

}  // namespace

Result<std::uint64_t> apply_transfer_step(State& state, const Event& event) {
    const auto step = schema::decode_transfer_step(parser(), event.payload);
    if (!step) return tl::unexpected(step.error());
    const std::string& transfer = event.key;
    if (event.kind == schema::kTransferSent) {
        const auto applied = apply_sent(state, transfer, *step);
        if (!applied) return tl::unexpected(applied.error());
        return step->flags;
    }
    if (!step->cause.store.value().empty()) note_taken(state, step->cause);
    if (is_of_destination(event.kind)) {
        auto arriving = arriving_transfer(state, transfer);
        if (!arriving) return tl::unexpected(arriving.error());
        const auto applied = apply_to_destination(*arriving, event, *step);
        if (!applied) return fail("transfer " + transfer, applied.error());
        write_arriving(state, transfer, *arriving);
        return step->flags;
    }
    auto sent = sent_transfer(state, transfer);
    if (!sent) return tl::unexpected(sent.error());
    if (!*sent) {
        const bool early = event.kind == schema::kTransferSettled;
        const auto noted = early ? note_early(state, transfer, *step) : Result<void>();
        if (!noted) return tl::unexpected(noted.error());
        return step->flags;
    }
    const auto applied = apply_to_source(**sent, event, *step);
    if (!applied) return fail("transfer " + transfer, applied.error());
    write_sent(state, transfer, **sent);
    return step->flags;
}

}  // namespace filial::ledger
