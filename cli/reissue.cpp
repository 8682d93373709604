#include "cli/reissue.h"

#include <algorithm>

#include "schema/grant_payloads.h"
#include "schema/hash.h"
#include "schema/payloads.h"

namespace filial::cli {

using schema::Event;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

/// Form for what is made again: a fact of the log, on its own day.
Operation fact_of(const Event& event, OperationKind kind) {
    Operation operation;
    operation.kind = kind;
    operation.at = event.at;
    operation.subject = event.key;
    operation.recorded = true;
    return operation;
}

OperationKind kind_of_move(std::string_view reason) {
    if (reason == "sale") return OperationKind::sell;
    if (reason == "return") return OperationKind::return_goods;
    if (reason == "receipt") return OperationKind::receive;
    // What was counted depends on all before it; what was missing then is missing now.
    if (reason == "adjust" || reason == "count") return OperationKind::adjust;
    return OperationKind::none;
}

OperationKind kind_of_debt(std::string_view reason) {
    if (reason == "charge") return OperationKind::charge;
    if (reason == "payment") return OperationKind::pay;
    if (reason == "credit-note") return OperationKind::credit_note;
    return OperationKind::none;
}

/// One event: adds an operation, or says that it is none. What stands in the same write as another
/// event and follows from it is neither.
Result<void> add(const schema::StoreId& store, const Event& event, Orphan& orphan) {
    schema::Parser parser;
    const auto leave_out = [&] { orphan.left_out.push_back(event.kind + " " + event.key); };
    if (event.kind == schema::kStockMoved) {
        const auto moved = schema::decode_stock_moved(parser, event.payload);
        if (!moved) return tl::unexpected(moved.error());
        if (moved->reason == "transfer") return {};  // Its step says it.
        const OperationKind kind = kind_of_move(moved->reason);
        if (kind == OperationKind::none) return leave_out(), Result<void>{};
        Operation operation = fact_of(event, kind);
        operation.quantity = moved->delta;
        if (kind == OperationKind::sell)
            operation.quantity = schema::Quantity{-moved->delta.value()};
        operation.document = moved->document;
        operation.cost = moved->cost;
        orphan.operations.push_back(std::move(operation));
        return {};
    }
    if (event.kind == schema::kDebtMoved) {
        const auto moved = schema::decode_debt_moved(parser, event.payload);
        if (!moved) return tl::unexpected(moved.error());
        const OperationKind kind = kind_of_debt(moved->reason);
        if (kind == OperationKind::none) return leave_out(), Result<void>{};
        Operation operation = fact_of(event, kind);
        operation.amount = moved->delta;
        if (kind != OperationKind::charge) operation.amount = schema::Money{-moved->delta.value()};
        operation.document = moved->document;
        // The room for it was that of the old life.
        operation.fact = kind == OperationKind::charge;
        orphan.operations.push_back(std::move(operation));
        return {};
    }
    if (event.kind == schema::kTransferSent || event.kind == schema::kTransferReceived) {
        const auto step = schema::decode_transfer_step(parser, event.payload);
        if (!step) return tl::unexpected(step.error());
        const bool sent = event.kind == schema::kTransferSent;
        Operation operation =
            fact_of(event, sent ? OperationKind::transfer_send : OperationKind::transfer_receive);
        operation.peer = step->peer;
        operation.sku = step->sku;
        operation.quantity = step->quantity;
        orphan.operations.push_back(std::move(operation));
        return {};
    }
    // Told to a customer's home together with the debt that stands before it.
    if (event.kind != schema::kDebtTold && event.key != store.value()) leave_out();
    return {};
}

/// A document that was reversed: one operation, whatever it had moved.
Result<std::string> voided_document(std::span<const schema::LoggedEvent> events) {
    schema::Parser parser;
    std::string document;
    for (const schema::LoggedEvent& logged : events) {
        std::string reason;
        if (logged.event.kind == schema::kStockMoved) {
            const auto moved = schema::decode_stock_moved(parser, logged.event.payload);
            if (!moved) return tl::unexpected(moved.error());
            if (moved->reason == "void") document = moved->document;
        } else if (logged.event.kind == schema::kDebtMoved) {
            const auto moved = schema::decode_debt_moved(parser, logged.event.payload);
            if (!moved) return tl::unexpected(moved.error());
            if (moved->reason == "void") document = moved->document;
        }
    }
    return document;
}

}  // namespace

Result<Orphan> orphan_of(const schema::StoreId& store,
                         std::span<const schema::LoggedEvent> events) {
    schema::check(!events.empty(), "a ticket has events");
    const schema::LoggedEvent& first = events.front();
    Orphan orphan;
    orphan.position = {store, first.epoch, first.seq};
    orphan.client = first.event.client;
    orphan.number = first.event.number;
    orphan.at = first.event.at;
    const auto voided = voided_document(events);
    if (!voided) return tl::unexpected(voided.error());
    if (!voided->empty()) {
        Operation operation = fact_of(first.event, OperationKind::void_document);
        operation.subject = *voided;
        orphan.operations.push_back(std::move(operation));
        return orphan;
    }
    for (const schema::LoggedEvent& logged : events) {
        if (const auto ok = add(store, logged.event, orphan); !ok) {
            return schema::fail("event " + std::to_string(logged.seq.value()), ok.error());
        }
    }
    return orphan;
}

schema::ClientId reissue_client(const schema::StoreId& store, schema::Epoch epoch) {
    return schema::hash16_of("reissue\n" + store.value() + "\n" + std::to_string(epoch.value()));
}

}  // namespace filial::cli
