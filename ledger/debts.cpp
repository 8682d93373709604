#include "ledger/debts.h"

#include "ledger/customers_rules.h"
#include "ledger/documents.h"
#include "ledger/stock.h"

namespace filial::ledger {

using schema::DebtMoved;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Money;
using schema::Operation;
using schema::OperationKind;
using schema::Result;
using schema::StoreId;

namespace {

schema::Bytes debt_key(std::string_view customer) { return "debt/" + schema::Bytes(customer); }

Result<std::vector<Event>> decide_limit(const State& state, const StoreId& self,
                                        const Operation& operation) {
    const auto customer = own_customer(state, operation.subject);
    if (!customer) return tl::unexpected(customer.error());
    if (customer->registered() && customer->home != self.value()) {
        return fail(Errc::refused, "the home of customer " + operation.subject + " is " +
                                       customer->home + ": set the limit there");
    }
    Event event;
    event.topic = schema::kTopicDebts;
    event.kind = schema::kLimitSet;
    event.at = operation.at;
    event.key = operation.subject;
    event.payload = schema::encode(schema::LimitSet{operation.amount, operation.document});
    return std::vector<Event>{std::move(event)};
}

}  // namespace

Result<Money> own_debt(const State& state, std::string_view customer) {
    const auto sum = read_sum(state, debt_key(customer));
    if (!sum) return tl::unexpected(sum.error());
    return Money{*sum};
}

Result<Event> debt_moved(const State& state, const StoreId& self, schema::Timestamp at,
                         std::string_view customer, DebtMoved move) {
    const auto before = own_debt(state, customer);
    if (!before) return tl::unexpected(before.error());
    const auto after = schema::add(*before, move.delta);
    if (!after) return fail("debt of " + std::string(customer), after.error());
    const auto known = own_customer(state, customer);
    if (!known) return tl::unexpected(known.error());

    Event event;
    if (!known->registered()) move.flags |= schema::kFlagUnknownKey;
    if (known->home != self.value()) event.addressee = known->home;
    event.topic = schema::kTopicDebts;
    event.kind = schema::kDebtMoved;
    event.at = at;
    event.key = customer;
    event.payload = schema::encode(move);
    return event;
}

Result<std::vector<Event>> decide_debt(const State& state, const StoreId& self,
                                       const Operation& operation) {
    if (operation.kind == OperationKind::limit) return decide_limit(state, self, operation);
    DebtMoved move;
    move.document = operation.document;
    move.flags = fact_flag(operation);
    move.delta = operation.amount;
    move.reason = "charge";
    if (operation.kind != OperationKind::charge) {
        const auto down = schema::negate(operation.amount);
        if (!down) return fail("debt of " + operation.subject, down.error());
        move.delta = *down;
        move.reason = operation.kind == OperationKind::pay ? "payment" : "credit-note";
    }
    auto event = debt_moved(state, self, operation.at, operation.subject, std::move(move));
    if (!event) return tl::unexpected(event.error());
    std::vector<Event> events;
    events.push_back(std::move(*event));
    return events;
}

Result<std::uint64_t> apply_debt_moved(State& state, const Event& event) {
    const auto move = schema::decode_debt_moved(parser(), event.payload);
    if (!move) return tl::unexpected(move.error());
    const schema::Bytes key = debt_key(event.key);
    const auto before = read_sum(state, key);
    if (!before) return tl::unexpected(before.error());
    const auto after = schema::add(*before, move->delta.value());
    if (!after) return fail("debt of " + event.key, after.error());
    write_sum(state, key, *after);
    const auto noted = note_move(state, {DocumentMove::Of::debt, event.key, move->delta.value()},
                                 move->reason, move->document);
    if (!noted) return tl::unexpected(noted.error());
    return move->flags;
}

}  // namespace filial::ledger
