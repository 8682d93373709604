#include "ledger/accounts.h"

#include <algorithm>

#include "ledger/debts.h"
#include "ledger/grants.h"
#include "ledger/notices.h"

namespace filial::ledger {

using schema::AccountStep;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::GrantOf;
using schema::Money;
using schema::Operation;
using schema::OperationKind;
using schema::Position;
using schema::Result;
using schema::RoundFor;

namespace {

Event account_event(std::string_view kind, schema::Timestamp at, std::string_view customer,
                    std::string_view addressee, const AccountStep& step) {
    Event event;
    event.topic = schema::kTopicAccounts;
    event.kind = kind;
    event.at = at;
    event.key = customer;
    event.addressee = addressee;
    event.payload = schema::encode(step);
    return event;
}

RoundFor purpose_of(OperationKind kind) {
    if (kind == OperationKind::close_account) return RoundFor::close;
    if (kind == OperationKind::move_home) return RoundFor::move;
    if (kind == OperationKind::merge) return RoundFor::merge;
    if (kind == OperationKind::block_customer) return RoundFor::block;
    return RoundFor::none;
}

std::string name_of(RoundFor purpose) {
    if (purpose == RoundFor::move) return "change of home";
    if (purpose == RoundFor::merge) return "merge";
    return purpose == RoundFor::block ? "block" : "close";
}

/// Why no round can begin; empty if one can.
std::string why_no_round(const Pot& pot, RoundFor purpose) {
    if (pot.standing == Standing::moved) return "has moved to " + pot.peer + ": ask there";
    if (purpose == RoundFor::block) return pot.blocked ? "is blocked already" : "";
    if (pot.standing == Standing::fenced) {
        return "is in round " + std::to_string(pot.rounds) + " (" + name_of(pot.purpose) +
               ") already: wait for its verdict or cancel it (round cancel)";
    }
    const bool handed = purpose == RoundFor::move || purpose == RoundFor::merge;
    if (pot.blocked && handed) return "is blocked: unblock it first (unblock-customer)";
    if (pot.standing == Standing::closed && (handed || !pot.review)) {
        return handed ? "has a closed account: reopen it first (reopen-account)"
                      : "has a closed account already";
    }
    return {};
}

std::string not_at_home(const std::string& customer, const std::string& home) {
    return "customer " + customer + " is not at home here" +
           (home.empty() ? ", as far as this store's own log says" : ", but at " + home);
}

/// The round, or the block, and a recall of every grant that lives.
Result<std::vector<Event>> open_round(const State& state, const Setting& setting,
                                      schema::Timestamp at, const std::string& customer,
                                      const Pot& pot, AccountStep step) {
    const bool to_itself =
        step.purpose == RoundFor::merge
            ? step.peer == setting.self.value() && step.into == customer
            : step.purpose == RoundFor::move && step.peer == setting.self.value();
    if (to_itself) {
        return fail(Errc::refused, "customer " + customer + " is there already: name another one");
    }
    const std::string no = why_no_round(pot, step.purpose);
    if (!no.empty()) return fail(Errc::refused, "customer " + customer + " " + no);
    const bool block = step.purpose == RoundFor::block;
    if (!block) step.round = pot.rounds + 1;
    std::vector<Event> events{account_event(block ? schema::kAccountBlocked : schema::kRoundOpened,
                                            at, customer, {}, step)};
    auto recalls = recall_shares(state, at, GrantOf::credit, customer, pot, 0,
                                 name_of(step.purpose), step.round);
    if (!recalls) return tl::unexpected(recalls.error());
    for (Event& event : *recalls) events.push_back(std::move(event));
    return events;
}

Result<std::vector<Event>> decide_round(const State& state, const Setting& setting,
                                        const Operation& operation) {
    const bool hinted = schema::takes_home_hint(operation.kind);
    const auto view =
        credit_view(state, setting, operation.subject, hinted ? operation.peer : std::string());
    if (!view) return tl::unexpected(view.error());
    AccountStep step;
    step.purpose = purpose_of(operation.kind);
    if (!hinted) step.peer = operation.peer;
    step.into = operation.subject;
    step.reason = operation.document;
    if (step.purpose == RoundFor::merge) {
        step.into.clear();
        for (const auto& [name, value] : operation.fields) {
            if (name == "into") step.into = value;
        }
        if (step.into.empty()) {
            return fail(Errc::invalid, "into: missing, name the customer that goes on");
        }
    }
    if (view->home.empty()) {
        return fail(Errc::refused, "the home of customer " + operation.subject +
                                       " is not known here: ask at the customer's home");
    }
    if (!view->is_home) {
        return std::vector<Event>{
            account_event(schema::kRoundAsked, operation.at, operation.subject, view->home, step)};
    }
    return open_round(state, setting, operation.at, operation.subject, view->pot, step);
}

bool covered(const std::vector<Position>& upto, const Position& ack) {
    return std::any_of(upto.begin(), upto.end(), [&](const Position& position) {
        return position.store == ack.store && position >= ack;
    });
}

/// What is owed by everything that the holders answered after, and that home was told of.
Result<Money> balance_at(const State& state, const Setting& setting, const std::string& customer,
                         const Pot& pot) {
    const auto own = own_debt(state, customer);
    if (!own) return own;
    const auto found = setting.inputs.balances.find(customer);
    const auto stale = [&](const std::string& why) {
        return fail(Errc::stale, "the balance of customer " + customer + " " + why +
                                     ": try again when more has been received");
    };
    if (found == setting.inputs.balances.end()) return stale("was not read");
    for (const auto* list : {&pot.acks, &pot.told}) {
        for (const Position& heard : *list) {
            if (heard.store == setting.self || covered(found->second.upto, heard)) continue;
            return stale("is older than " + to_string(heard));
        }
    }
    return schema::add(*own, found->second.elsewhere);
}

/// " (store1 10.00, store2 20.00)": where it was charged and paid.
std::string parts_of(const Setting& setting, const std::string& customer, Money own) {
    const auto found = setting.inputs.balances.find(customer);
    std::vector<std::pair<std::string, Money>> parts{{setting.self.value(), own}};
    if (found != setting.inputs.balances.end()) {
        const auto& others = found->second.by_store;
        parts.insert(parts.end(), others.begin(), others.end());
    }
    std::string text;
    for (const auto& [store, amount] : parts) {
        if (amount.value() == 0) continue;
        text += (text.empty() ? " (" : ", ") + store + " " + to_string(amount);
    }
    return text.empty() ? text : text + ")";
}

Result<std::vector<Event>> verdict_on_close(const State& state, const Setting& setting,
                                            const Operation& operation, const Pot& pot,
                                            AccountStep step) {
    const auto balance = balance_at(state, setting, operation.subject, pot);
    if (!balance) return tl::unexpected(balance.error());
    step.debt = *balance;
    const auto own = own_debt(state, operation.subject);
    if (!own) return tl::unexpected(own.error());
    const bool settled = balance->value() == 0 || !setting.rules().a_verdict_reads_the_balance;
    if (!settled) {
        step.reason = balance->value() > 0 ? "owes " + to_string(*balance)
                                           : "is owed " + to_string(Money{-balance->value()});
        step.reason += parts_of(setting, operation.subject, *own);
    }
    return std::vector<Event>{
        account_event(settled ? schema::kAccountClosed : schema::kRoundRefused, operation.at,
                      operation.subject, {}, step)};
}

/// Limit, totals and positions in one event that the new home takes; in the same write where the
/// customer that goes on is at home here too.
Result<std::vector<Event>> hand_over(const State& state, const Setting& setting,
                                     const Operation& operation, const Pot& pot, AccountStep step) {
    const auto own = own_debt(state, operation.subject);
    if (!own) return tl::unexpected(own.error());
    const auto debt = sum_of({own->value(), pot.booked});
    if (!debt) return tl::unexpected(debt.error());
    step.limit = Money{pot.limit};
    step.merged = pot.merged;
    Pot heard = pot;
    for (const Position& ack : pot.acks) heard.note_told(ack);
    step.acks = std::move(heard.told);
    step.debt = Money{setting.rules().a_new_home_knows_the_debt ? *debt : own->value()};
    if (step.peer == setting.self.value()) {
        // Whom he is merged into may have moved since the round began.
        const auto other = read_pot(state, GrantOf::credit, step.into);
        if (!other) return tl::unexpected(other.error());
        if (other->known && other->standing == Standing::moved) {
            step.peer = other->peer;
            step.into = other->into;
        }
    }
    const bool here = step.peer == setting.self.value();
    std::vector<Event> events{account_event(schema::kAccountHanded, operation.at, operation.subject,
                                            here ? "" : step.peer, step)};
    if (!here) return events;
    const std::string into = step.into;
    step.into = operation.subject;
    events.push_back(account_event(schema::kAccountTaken, operation.at, into, {}, step));
    return events;
}

Result<std::vector<Event>> decide_verdict(const State& state, const Setting& setting,
                                          const Operation& operation, const Pot& pot) {
    if (pot.standing != Standing::fenced) {
        return fail(Errc::refused, "customer " + operation.subject +
                                       " has no round under way: nothing is to be decided");
    }
    const auto waiting = awaited(state, pot);
    if (!waiting) return tl::unexpected(waiting.error());
    if (!waiting->empty() && setting.rules().verdicts_wait) {
        return fail(Errc::refused, "round " + std::to_string(pot.rounds) + " of customer " +
                                       operation.subject + " is waiting for " +
                                       names_of(*waiting, GrantOf::credit));
    }
    AccountStep step;
    step.round = pot.rounds;
    step.purpose = pot.purpose;
    step.peer = pot.peer;
    step.into = pot.into;
    step.acks = pot.acks;
    if (pot.purpose == RoundFor::close) {
        return verdict_on_close(state, setting, operation, pot, std::move(step));
    }
    return hand_over(state, setting, operation, pot, std::move(step));
}

/// Operations that change where an account stands and nothing else.
Result<std::vector<Event>> decide_standing(const Operation& operation, const Pot& pot) {
    AccountStep step;
    step.round = pot.rounds;
    step.reason = operation.document;
    const auto one = [&](std::string_view kind) {
        return std::vector<Event>{account_event(kind, operation.at, operation.subject, {}, step)};
    };
    const auto refuse = [&](const char* why) {
        return fail(Errc::refused, "customer " + operation.subject + " " + why);
    };
    switch (operation.kind) {
        case OperationKind::round_cancel:
            if (pot.standing == Standing::fenced) return one(schema::kRoundCancelled);
            return refuse("has no round under way: there is nothing to cancel");
        case OperationKind::reopen_account:
            if (pot.standing == Standing::closed) return one(schema::kAccountReopened);
            return refuse("has no closed account: there is nothing to reopen");
        default:
            if (pot.blocked) return one(schema::kAccountUnblocked);
            return refuse("is not blocked");
    }
}

}  // namespace

Result<std::vector<Event>> decide_account(const State& state, const Setting& setting,
                                          const Operation& operation) {
    if (purpose_of(operation.kind) != RoundFor::none) {
        return decide_round(state, setting, operation);
    }
    const auto pot = read_pot(state, GrantOf::credit, operation.subject);
    if (!pot) return tl::unexpected(pot.error());
    if (pot->standing == Standing::moved) {
        return fail(Errc::refused,
                    "customer " + operation.subject + " has moved to " + pot->peer + ": ask there");
    }
    const auto view = credit_view(state, setting, operation.subject);
    if (!view) return tl::unexpected(view.error());
    if (!view->is_home) {
        return fail(Errc::refused,
                    not_at_home(operation.subject, view->home) + ": do it at his home");
    }
    if (operation.kind == OperationKind::round_verdict) {
        return decide_verdict(state, setting, operation, *pot);
    }
    return decide_standing(operation, *pot);
}

Result<std::vector<Event>> take_account(const State& state, const Setting& setting,
                                        const Position& origin, const Event& notice,
                                        const AccountStep& step, schema::Timestamp at) {
    AccountStep mine = step;
    mine.cause = origin;
    if (notice.kind == schema::kAccountHanded) {
        mine.acks.push_back(origin);  // What the old home's own log says of the debt is in it.
        const auto here = credit_view(state, setting, step.into);
        if (!here) return tl::unexpected(here.error());
        const bool gone = here->pot.known && here->pot.standing == Standing::moved;
        const bool first = step.cause.store.value().empty();
        const bool merged = step.purpose == RoundFor::merge;
        // Whom a customer is merged into has moved, or was never at home here. Who believes to know
        // the home passes it on once, so that two stores that believe it of each other stop.
        const bool elsewhere = !here->home.empty() && !here->is_home;
        if (merged && elsewhere && (gone || first)) {
            mine.peer = here->home;
            if (gone) mine.into = here->pot.into;
            return std::vector<Event>{
                account_event(schema::kAccountHanded, at, step.into, here->home, mine)};
        }
        mine.peer = origin.store.value();
        mine.into = notice.key;
        if (!merged) {
            // What this store's own log says of the customer is in it, and stays its own; of a
            // customer that was merged nothing is.
            const auto own = own_debt(state, step.into);
            if (!own) return tl::unexpected(own.error());
            const auto less = schema::negate(*own);
            if (!less) return tl::unexpected(less.error());
            const auto elsewhere_owed = schema::add(step.debt, *less);
            if (!elsewhere_owed) return tl::unexpected(elsewhere_owed.error());
            mine.debt = *elsewhere_owed;
        }
        return std::vector<Event>{account_event(schema::kAccountTaken, at, step.into, {}, mine)};
    }
    if (notice.kind != schema::kRoundAsked) return std::vector<Event>{};
    const auto view = credit_view(state, setting, notice.key);
    if (!view) return tl::unexpected(view.error());
    auto events = view->is_home ? open_round(state, setting, at, notice.key, view->pot, mine)
                                : fail(Errc::refused, not_at_home(notice.key, view->home));
    if (events || events.error().code != Errc::refused) return events;
    mine.peer = origin.store.value();
    mine.reason = events.error().message;
    return std::vector<Event>{
        account_event(schema::kRoundRefused, at, notice.key, origin.store.value(), mine)};
}

bool is_account_kind(std::string_view kind) {
    return kind.rfind("round.", 0) == 0 || kind.rfind("account.", 0) == 0;
}

}  // namespace filial::ledger
