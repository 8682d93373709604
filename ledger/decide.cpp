#include "ledger/decide.h"

#include "ledger/accounts.h"
#include "ledger/claims.h"
#include "ledger/customers_rules.h"
#include "ledger/day_close.h"
#include "ledger/debts.h"
#include "ledger/documents.h"
#include "ledger/grants.h"
#include "ledger/leaving.h"
#include "ledger/lives.h"
#include "ledger/notices.h"
#include "ledger/stock.h"
#include "ledger/told.h"
#include "ledger/transfers.h"
#include "ledger/verdicts.h"
#include "schema/limits.h"
#include "schema/payloads.h"
#include "schema/trade_payloads.h"
#include "schema/verdict_payload.h"

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

/// Places `event` behind the others and lets it take effect in `scratch`. After a failure both are
/// of no use.
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
    const schema::Sequence seq{first.seq.value() + decision.events.size()};
    decision.events.push_back({first.epoch, seq, std::move(event)});
    const auto flags = apply(scratch, decision.events.back());
    if (!flags) return tl::unexpected(flags.error());
    decision.flags |= *flags;
    return {};
}

/// Events that take a notice: they have their operation ids already.
Result<Decision> place(const State& state, const Position& first, std::vector<Event> events) {
    Decision decision;
    decision.events.reserve(events.size());
    Scratch scratch(state);
    for (Event& event : events) {
        const auto added = add(decision, scratch, first, std::move(event));
        if (!added) return tl::unexpected(added.error());
    }
    decision.changes = scratch.take();
    return decision;
}

}  // namespace

Result<std::vector<Event>> decide(const State& state, const Setting& setting,
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
        case OperationKind::customer_resolve:
            return decide_customer(state, setting.self, operation);
        case OperationKind::limit:
        case OperationKind::charge:
        case OperationKind::credit_note:
        case OperationKind::pay:
            return decide_debt(state, setting, operation);
        case OperationKind::transfer_send:
        case OperationKind::transfer_receive:
        case OperationKind::transfer_cancel:
        case OperationKind::transfer_more:
        case OperationKind::transfer_correct:
        case OperationKind::transfer_write_off:
            return decide_transfer(state, setting, operation);
        case OperationKind::void_document:
            return decide_void(state, setting, operation);
        case OperationKind::publish:
            return std::vector<Event>{app_event(operation)};
        case OperationKind::close_day:
            return decide_close_day(state, operation);
        case OperationKind::grant:
        case OperationKind::grant_return:
        case OperationKind::grant_recall:
        case OperationKind::grant_ask:
        case OperationKind::grant_write_off:
        case OperationKind::reserve:
        case OperationKind::reserve_return:
        case OperationKind::reserve_recall:
        case OperationKind::reserve_ask:
        case OperationKind::reserve_write_off:
        case OperationKind::grant_refuse:
        case OperationKind::reserve_refuse:
            return decide_grant(state, setting, operation);
        case OperationKind::sell_reserved:
        case OperationKind::ship:
            return decide_claim(state, setting, operation);
        case OperationKind::close_account:
        case OperationKind::move_home:
        case OperationKind::merge:
        case OperationKind::round_verdict:
        case OperationKind::round_cancel:
        case OperationKind::reopen_account:
        case OperationKind::block_customer:
        case OperationKind::unblock_customer:
            return decide_account(state, setting, operation);
        case OperationKind::retire_store:
        case OperationKind::tail_told:
        case OperationKind::leave:
        case OperationKind::left:
            return decide_life(state, setting, operation);
        case OperationKind::verdict:
            return decide_verdict(state, setting, operation);
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
    if (event.kind == schema::kStockMoved) return apply_stock_moved(state, logged);
    if (event.kind == schema::kDebtMoved) return apply_debt_moved(state, logged);
    if (event.kind == schema::kLimitSet) return apply_limit_set(state, event);
    if (event.topic == schema::kTopicCustomers) {
        if (event.kind != schema::kCustomerRegistered && event.kind != schema::kCustomerEdited) {
            return 0;
        }
        return done(apply_customer_changed(state, logged));
    }
    if (!schema::is_notice_topic(event.topic)) return 0;
    if (event.kind == schema::kNoticeTaken) return done(apply_notice_taken(state, event));
    if (is_transfer_kind(event.kind)) return apply_transfer_step(state, event);
    if (event.kind == schema::kDayClosed) return done(apply_day_closed(state, event));
    if (is_grant_kind(event.kind)) return apply_grant(state, logged);
    if (is_claim_kind(event.kind)) return apply_claim(state, logged);
    if (is_account_kind(event.kind)) return apply_account(state, logged);
    if (event.kind == schema::kDebtTold || event.kind == schema::kDebtApplied) {
        return apply_told(state, event);
    }
    if (is_leaving_kind(event.kind)) return done(apply_leaving(state, event));
    if (event.kind == schema::kStoreVerdict) return done(apply_verdict(state, event));
    if (event.kind == schema::kStoreRetired) {
        return done(apply_life(state, event.kind, {}, event.key));
    }
    return 0;
}

tl::expected<Decision, Refusal> decide_ticket(const State& state, const Position& first,
                                              const schema::ClientId& client, std::uint64_t number,
                                              std::span<const Operation> operations,
                                              const Inputs& inputs) {
    const Setting setting(first.store, first.epoch, inputs);
    Decision decision;
    decision.events.reserve(2 * operations.size());  // A debt is told to its customer's home.
    Scratch scratch(state);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto refuse = [&](const Error& error) {
            return tl::unexpected<Refusal>(Refusal{i, error});
        };
        auto events = decide(scratch, setting, operations[i]);
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
                               const Event& notice, schema::Timestamp at, const Inputs& inputs) {
    auto events = take_notice(state, Setting(first.store, first.epoch, inputs), origin, notice, at);
    if (!events) return tl::unexpected(events.error());
    return place(state, first, std::move(*events));
}

Result<Decision> decide_undecided(const State& state, const Position& first, const Position& origin,
                                  const Event& notice, schema::Timestamp at) {
    auto decision = place(state, first, {take_undecided(origin, notice, at)});
    if (decision) decision->flags |= schema::kFlagUndecided;
    return decision;
}

}  // namespace filial::ledger
