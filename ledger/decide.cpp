#include "ledger/decide.h"

#include "ledger/customers_rules.h"
#include "ledger/debts.h"
#include "ledger/documents.h"
#include "ledger/notices.h"
#include "ledger/stock.h"
#include "ledger/transfers.h"
#include "schema/limits.h"
#include "schema/payloads.h"

namespace filial::ledger {

using schema::Errc;
using schema::Error;
using schema::Event;
using schema::fail;
using schema::LoggedEvent;
using schema::Operation;
using schema::OperationKind;
using schema::Position;
using schema::Result;
using schema::StoreId;

namespace {

/// A row's array, numbers and headers, at most; measured 28 with the longest numbers.
constexpr std::size_t kRowOverhead = 56;

std::size_t row_bytes(const Event& event) {
    return event.kind.size() + event.key.size() + event.addressee.size() + event.payload.size() +
           event.extra.size() + kRowOverhead;
}

Event app_event(const Operation& operation) {
    Event event;
    event.topic = operation.topic;
    event.kind = operation.last_value ? schema::kAppValue : schema::kAppEvent;
    event.at = operation.at;
    event.key = operation.subject;
    event.payload = operation.payload;
    return event;
}

/// Places `event` behind the others and lets it take effect in `scratch`.
Result<void> add(Decision& decision, Scratch& scratch, const Position& first, Event event) {
    const std::size_t bytes = row_bytes(event);
    if (bytes > schema::kEventBytesMax) {
        return fail(Errc::too_large, "an event of " + std::to_string(bytes) + " bytes, at most " +
                                         std::to_string(schema::kEventBytesMax) +
                                         " are possible: hand it in in parts");
    }
    decision.bytes += bytes;
    if (decision.bytes > schema::kCommitBytesMax) {
        return fail(Errc::too_large, "the ticket's events take more than " +
                                         std::to_string(schema::kCommitBytesMax) +
                                         " bytes: hand it in as several tickets");
    }
    LoggedEvent logged;
    logged.epoch = first.epoch;
    logged.seq = schema::Sequence{first.seq.value() + decision.events.size()};
    logged.event = std::move(event);
    const auto flags = apply(scratch, logged);
    if (!flags) return tl::unexpected(flags.error());
    decision.flags |= *flags;
    decision.events.push_back(std::move(logged));
    return {};
}

}  // namespace

Result<std::vector<Event>> decide(const State& state, const StoreId& self,
                                  const Operation& operation) {
    switch (operation.kind) {
        case OperationKind::sell:
        case OperationKind::return_goods:
        case OperationKind::adjust:
        case OperationKind::receive:
        case OperationKind::count:
            return decide_stock(state, operation);
        case OperationKind::customer_add:
        case OperationKind::customer_edit:
            return decide_customer(state, self, operation);
        case OperationKind::limit:
        case OperationKind::charge:
        case OperationKind::credit_note:
        case OperationKind::pay:
            return decide_debt(state, self, operation);
        case OperationKind::transfer_send:
        case OperationKind::transfer_receive:
        case OperationKind::transfer_cancel:
            return decide_transfer(state, self, operation);
        case OperationKind::void_document:
            return decide_void(state, self, operation);
        case OperationKind::publish:
            return std::vector<Event>{app_event(operation)};
        case OperationKind::none:
            break;
    }
    return fail(Errc::invalid, "unknown operation");
}

Result<std::uint64_t> apply(State& state, const LoggedEvent& logged) {
    const Event& event = logged.event;
    const auto done = [](const Result<void>& result) -> Result<std::uint64_t> {
        if (!result) return tl::unexpected(result.error());
        return 0;
    };
    if (event.kind == schema::kStockMoved) return apply_stock_moved(state, event);
    if (event.kind == schema::kDebtMoved) return apply_debt_moved(state, event);
    if (event.topic == schema::kTopicCustomers) {
        if (event.kind != schema::kCustomerRegistered && event.kind != schema::kCustomerEdited) {
            return 0;
        }
        return done(apply_customer_changed(state, logged));
    }
    if (event.topic != schema::kTopicControl) return 0;
    if (event.kind == schema::kNoticeTaken) return done(apply_notice_taken(state, event));
    if (is_transfer_kind(event.kind)) return apply_transfer_step(state, event);
    return 0;
}

tl::expected<Decision, Refusal> decide_ticket(const State& state, const Position& first,
                                              const schema::ClientId& client, std::uint64_t number,
                                              std::span<const Operation> operations) {
    Decision decision;
    Scratch scratch(state);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto refuse = [&](const Error& error) {
            return tl::unexpected<Refusal>(Refusal{i, error});
        };
        auto events = decide(scratch, first.store, operations[i]);
        if (!events) return refuse(events.error());
        for (Event& event : *events) {
            event.client = client;
            event.number = number;
            event.index = static_cast<std::uint32_t>(decision.events.size());
            const auto added = add(decision, scratch, first, std::move(event));
            if (!added) return refuse(added.error());
        }
    }
    for (LoggedEvent& logged : decision.events) {
        logged.event.count = static_cast<std::uint32_t>(decision.events.size());
    }
    decision.changes = scratch.take();
    return decision;
}

Result<Decision> decide_notice(const State& state, const Position& first, const Position& origin,
                               const Event& notice, schema::Timestamp at) {
    auto events = take_notice(state, first.store, origin, notice, at);
    if (!events) return tl::unexpected(events.error());
    Decision decision;
    Scratch scratch(state);
    for (Event& event : *events) {
        const auto added = add(decision, scratch, first, std::move(event));
        if (!added) return tl::unexpected(added.error());
    }
    decision.changes = scratch.take();
    return decision;
}

Result<Decision> decide_undecided(const State& state, const Position& first, const Position& origin,
                                  const Event& notice, schema::Timestamp at) {
    Decision decision;
    Scratch scratch(state);
    const auto added = add(decision, scratch, first, take_undecided(origin, notice, at));
    if (!added) return tl::unexpected(added.error());
    decision.flags |= schema::kFlagUndecided;
    decision.changes = scratch.take();
    return decision;
}

}  // namespace filial::ledger
