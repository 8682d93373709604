#include "ledger/debts.h"

#include <algorithm>

#include "ledger/bills.h"
#include "ledger/customers_rules.h"
#include "ledger/documents.h"
#include "ledger/grants.h"
#include "ledger/stock.h"
#include "ledger/told.h"

namespace filial::ledger {

using schema::DebtMoved;
using schema::DebtTold;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::GrantOf;
using schema::Money;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

schema::Bytes debt_key(std::string_view customer) { return "debt/" + schema::Bytes(customer); }

/// By how much `delta` is more than what is left.
std::int64_t beyond(const CreditView& view, std::int64_t delta) {
    if (delta <= 0) return 0;
    return std::max<std::int64_t>(0, delta - std::max<std::int64_t>(0, view.left.value_or(0)));
}

/// Why home itself may not charge now; empty if it may.
std::string home_says_no(const Pot& pot) {
    if (pot.blocked) return "is blocked";
    switch (pot.standing) {
        case Standing::open:
            return {};
        case Standing::fenced:
            return "waits for the verdict of round " + std::to_string(pot.rounds);
        case Standing::closed:
            return "has a closed account";
        case Standing::moved:
            if (pot.purpose == schema::RoundFor::merge) {
                return "was merged into " + pot.into + " at " + pot.peer;
            }
            return "has moved to " + pot.peer;
    }
    return {};
}

/// What whoever wants to charge beyond the room may do; for people.
std::string instead(const CreditView& view) {
    if (view.pot.known && view.pot.standing == Standing::moved &&
        view.pot.purpose == schema::RoundFor::merge) {
        return "charge that one, or take cash";
    }
    if (!view.is_home) {
        const std::string home = view.home.empty() ? "the customer's home" : "home " + view.home;
        return "ask " + home + " for more (grant ask), or take cash";
    }
    if (view.pot.blocked) return "take cash, or unblock him first (unblock-customer)";
    if (view.pot.standing == Standing::fenced) {
        return "take cash, wait for it, or cancel the round (round cancel)";
    }
    if (view.pot.standing == Standing::closed) {
        return "take cash, or open it again first (reopen-account)";
    }
    return "raise the limit, recall what other stores hold, or take cash";
}

Event told_event(const CreditView& view, const Setting& setting, schema::Timestamp at,
                 std::string_view customer, const DebtMoved& move) {
    DebtTold told;
    told.peer = view.home;
    told.epoch = setting.epoch;
    told.delta = move.delta;
    told.roomed = view.holds && setting.rules().a_payment_counts_once;
    told.reason = move.reason;
    told.document = move.document;
    told.flags = move.flags;
    told.beyond = move.beyond;
    const bool reversal = move.reason == "void" && move.delta.value() > 0;
    if (reversal && !setting.rules().a_reversal_takes_room) {
        told.delta = Money{-move.delta.value()};
    }
    Event event;
    event.topic = schema::kTopicAccounts;
    event.kind = schema::kDebtTold;
    event.at = at;
    event.key = customer;
    event.addressee = view.home;
    event.payload = schema::encode(told);
    return event;
}

/// One move, of a customer as this store sees his credit.
Result<std::vector<Event>> moved_in(const CreditView& view, const State& state,
                                    const Setting& setting, schema::Timestamp at,
                                    std::string_view customer, DebtMoved move) {
    const auto before = own_debt(state, customer);
    if (!before) return tl::unexpected(before.error());
    const auto after = schema::add(*before, move.delta);
    if (!after) return fail("debt of " + std::string(customer), after.error());
    const auto known = own_customer(state, customer);
    if (!known) return tl::unexpected(known.error());

    if (!(*known)->registered()) move.flags |= schema::kFlagUnknownKey;
    if (const std::int64_t more = beyond(view, move.delta.value()); more > 0) {
        move.flags |= schema::kFlagNoRoom;
        move.beyond = Money{more};
    }
    const bool elsewhere = !view.home.empty() && !view.is_home;
    if (view.is_home) {
        if (view.pot.standing == Standing::closed) move.flags |= schema::kFlagAfterClose;
        const auto twice = paid_before(state, customer, move.reason, move.document, move.delta);
        if (!twice) return tl::unexpected(twice.error());
        if (*twice) move.flags |= schema::kFlagPaidTwice;
    }
    Event event;
    if (elsewhere) event.addressee = view.home;
    event.topic = schema::kTopicDebts;
    event.kind = schema::kDebtMoved;
    event.at = at;
    event.key = customer;
    event.payload = schema::encode(move);
    std::vector<Event> events;
    events.reserve(2);
    events.push_back(std::move(event));
    if (elsewhere) {
        // A former home knows who goes on with it.
        const bool moved = view.pot.known && view.pot.standing == Standing::moved && !view.holds;
        const std::string_view whose = moved ? std::string_view(view.pot.into) : customer;
        events.push_back(told_event(view, setting, at, whose, move));
    }
    if (view.is_home && view.pot.standing == Standing::moved) {
        move.flags &= ~std::uint64_t{schema::kFlagUnknownKey};
        events.push_back(applied_at_once(setting, at, view.pot.into, move));
    }
    return events;
}

Result<std::vector<Event>> decide_charge(const State& state, const Setting& setting,
                                         const Operation& operation, DebtMoved move) {
    const auto view = credit_view(state, setting, operation.subject, operation.peer);
    if (!view) return tl::unexpected(view.error());
    const bool fits = !setting.rules().charges_fit_the_room ||
                      (view->left && operation.amount.value() <= *view->left);
    if (!fits && !is_fact(operation) && setting.policy().refuse_beyond_room) {
        const std::string why =
            view->left
                ? "only " + amount_text(GrantOf::credit, std::max<std::int64_t>(0, *view->left)) +
                      " of the credit of customer " + operation.subject + " is left here"
                : "customer " + operation.subject + " " + view->why_not;
        return fail(Errc::refused, why + ": " + instead(*view));
    }
    auto events = moved_in(*view, state, setting, operation.at, operation.subject, std::move(move));
    if (!events || !view->holds) return events;
    auto asks = top_up(state, setting, operation.at, GrantOf::credit, operation.subject, view->room,
                       *view->left - operation.amount.value(), operation.amount.value());
    if (!asks) return tl::unexpected(asks.error());
    for (Event& event : *asks) events->push_back(std::move(event));
    return events;
}

Result<std::vector<Event>> decide_limit(const State& state, const Setting& setting,
                                        const Operation& operation) {
    auto view = credit_view(state, setting, operation.subject);
    if (!view) return tl::unexpected(view.error());
    if (!view->home.empty() && !view->is_home) {
        return fail(Errc::refused, "the home of customer " + operation.subject + " is " +
                                       view->home + ": set the limit there");
    }
    if (view->pot.standing == Standing::moved) {
        return fail(Errc::refused, "customer " + operation.subject + " was merged into " +
                                       view->pot.into + ": set that one's limit");
    }
    const auto before = reserve(state, GrantOf::credit, operation.subject, view->pot);
    view->pot.limit = operation.amount.value();
    const auto after = reserve(state, GrantOf::credit, operation.subject, view->pot);
    if (!before || !after) return tl::unexpected(before ? after.error() : before.error());
    schema::LimitSet set{operation.amount, operation.document, 0, {}};
    const std::int64_t more_out =
        std::max<std::int64_t>(0, -*after) - std::max<std::int64_t>(0, -*before);
    if (more_out > 0 && setting.rules().a_cut_limit_counts) {
        set.flags = schema::kFlagOverCommitted;
        set.beyond = Money{more_out};
    }
    Event event;
    event.topic = schema::kTopicDebts;
    event.kind = schema::kLimitSet;
    event.at = operation.at;
    event.key = operation.subject;
    event.payload = schema::encode(set);
    std::vector<Event> events{std::move(event)};
    if (more_out > 0) {
        auto recalls =
            recall_shares(state, operation.at, GrantOf::credit, operation.subject, view->pot,
                          -*after, "the limit is " + to_string(operation.amount) + " now");
        if (!recalls) return tl::unexpected(recalls.error());
        for (Event& each : *recalls) events.push_back(std::move(each));
    }
    return events;
}

}  // namespace

Result<Money> own_debt(const State& state, std::string_view customer) {
    const auto sum = read_sum(state, debt_key(customer));
    if (!sum) return tl::unexpected(sum.error());
    return Money{*sum};
}

Result<CreditView> credit_view(const State& state, const Setting& setting,
                               std::string_view customer, std::string_view hint) {
    CreditView view;
    auto pot = read_pot(state, GrantOf::credit, customer);
    if (!pot) return tl::unexpected(pot.error());
    auto room = read_room(state, GrantOf::credit, {}, customer);
    if (!room) return tl::unexpected(room.error());
    const bool moved = pot->known && pot->standing == Standing::moved;
    std::optional<std::int64_t> held;  // Of an open grant.
    if (moved || !pot->known) {
        const auto left = room_left(state, GrantOf::credit, customer, *room, setting.epoch);
        if (!left) return tl::unexpected(left.error());
        held = *left;
    }
    // Whoever granted a part after this store was home is home now, whoever it was handed to.
    if (moved && held) {
        view.home = room->home;
    } else if (pot->known) {
        view.home = moved ? pot->peer : setting.self.value();
    } else if (room->open && room->epoch == setting.epoch) {
        view.home = room->home;
    } else {
        const auto known = own_customer(state, customer);
        if (!known) return tl::unexpected(known.error());
        // What was heard of the home before may be wrong, or he has moved since: the hint is newer.
        // That this store is home, its own log would know.
        view.home = room->home;
        if (view.home.empty() && (*known)->registered()) view.home = (*known)->home;
        const bool newer = !(*known)->registered() || !room->home.empty();
        if (newer && !hint.empty() && hint != setting.self.value()) view.home = hint;
    }
    view.is_home = view.home == setting.self.value();
    if (view.is_home) {
        const std::string no = home_says_no(*pot);
        if (no.empty() || !setting.rules().closed_is_closed) {
            const auto left = reserve(state, GrantOf::credit, customer, *pot, setting.rules());
            if (!left) return tl::unexpected(left.error());
            view.left = *left;
        }
        view.why_not = no;
    } else {
        // What the own log says, and what a broken rule would let it do.
        view.holds = held.has_value();
        view.left = held;
        const Rules& rules = setting.rules();
        if (!rules.only_a_holder_frees_room || !rules.grants_end_with_their_epoch) {
            const auto left =
                room_left(state, GrantOf::credit, customer, *room, setting.epoch, rules);
            if (!left) return tl::unexpected(left.error());
            view.left = *left;
        }
        view.why_not = "has no credit here";
        if (pot->known && pot->standing == Standing::moved) view.why_not = home_says_no(*pot);
    }
    view.pot = std::move(*pot);
    view.room = std::move(*room);
    return view;
}

Result<std::vector<Event>> debt_moved(const State& state, const Setting& setting,
                                      schema::Timestamp at, std::string_view customer,
                                      DebtMoved move, std::string_view hint) {
    const auto view = credit_view(state, setting, customer, hint);
    if (!view) return tl::unexpected(view.error());
    return moved_in(*view, state, setting, at, customer, std::move(move));
}

Result<std::vector<Event>> decide_debt(const State& state, const Setting& setting,
                                       const Operation& operation) {
    if (operation.kind == OperationKind::limit) return decide_limit(state, setting, operation);
    DebtMoved move;
    move.document = operation.document;
    move.flags = fact_flag(operation);
    move.delta = operation.amount;
    move.reason = "charge";
    if (operation.kind == OperationKind::charge) {
        return decide_charge(state, setting, operation, std::move(move));
    }
    const auto down = schema::negate(operation.amount);
    if (!down) return fail("debt of " + operation.subject, down.error());
    move.delta = *down;
    move.reason = operation.kind == OperationKind::pay ? "payment" : "credit-note";
    return debt_moved(state, setting, operation.at, operation.subject, std::move(move),
                      operation.peer);
}

Result<std::uint64_t> apply_debt_moved(State& state, const schema::LoggedEvent& logged) {
    const Event& event = logged.event;
    const auto move = schema::decode_debt_moved(parser(), event.payload);
    if (!move) return tl::unexpected(move.error());
    const schema::Bytes key = debt_key(event.key);
    const auto before = read_sum(state, key);
    if (!before) return tl::unexpected(before.error());
    const auto after = schema::add(*before, move->delta.value());
    if (!after) return fail("debt of " + event.key, after.error());
    write_sum(state, key, *after);
    const auto noted = note_debt(state, logged, move->delta.value(), move->reason, move->document,
                                 event.addressee.empty());
    if (!noted) return tl::unexpected(noted.error());
    if ((move->flags & schema::kFlagAfterClose) != 0) {
        auto pot = read_pot(state, GrantOf::credit, event.key);
        if (!pot) return tl::unexpected(pot.error());
        pot->known = true;
        pot->review = true;
        const auto written = write_pot(state, GrantOf::credit, event.key, *pot);
        if (!written) return tl::unexpected(written.error());
    }
    return move->flags;
}

Result<std::uint64_t> apply_limit_set(State& state, const Event& event) {
    const auto set = schema::decode_limit_set(parser(), event.payload);
    if (!set) return tl::unexpected(set.error());
    auto pot = read_pot(state, GrantOf::credit, event.key);
    if (!pot) return tl::unexpected(pot.error());
    pot->known = true;
    pot->limit = set->amount.value();
    const auto written = write_pot(state, GrantOf::credit, event.key, *pot);
    if (!written) return tl::unexpected(written.error());
    return set->flags;
}

}  // namespace filial::ledger
