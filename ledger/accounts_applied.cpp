// What each step of an account in the own log does to its state.
#include <algorithm>

#include "ledger/accounts.h"
#include "ledger/notices.h"
#include "ledger/pot.h"

namespace filial::ledger {

using schema::AccountStep;
using schema::GrantOf;
using schema::Result;
using schema::RoundFor;

namespace {

/// A new home begins with what the old one knew; its own part is not in the event (take_account).
Result<void> take_over(std::string_view customer, const AccountStep& step, Pot& pot) {
    if (step.purpose == RoundFor::move) {
        Pot fresh;
        fresh.known = true;
        fresh.rounds = std::max(pot.rounds, step.round);
        fresh.unnamed = true;
        fresh.booked = pot.booked;  // Told to this store already, and so not to the old home.
        fresh.told = pot.told;
        pot = std::move(fresh);
    }
    const auto booked = sum_of({pot.booked, step.debt.value()});
    const auto limit = sum_of({pot.limit, step.limit.value()});
    if (!booked || !limit) return tl::unexpected(booked ? limit.error() : booked.error());
    pot.booked = *booked;
    pot.limit = *limit;
    for (const schema::Position& position : step.acks) pot.note_told(position);
    const auto add = [&](const std::string& merged) {
        const auto& known = pot.merged;
        if (merged == customer || std::find(known.begin(), known.end(), merged) != known.end()) {
            return;
        }
        pot.merged.push_back(merged);
    };
    for (const std::string& each : step.merged) add(each);
    if (step.purpose == RoundFor::merge) add(step.into);
    return {};
}

void open_round(Pot& pot, const AccountStep& step) {
    pot.standing = Standing::fenced;
    pot.rounds = step.round;
    pot.purpose = step.purpose;
    pot.peer = step.peer;
    pot.into = step.into;
    pot.acks.clear();
    pot.requests.clear();
}

}  // namespace

Result<std::uint64_t> apply_account(State& state, const schema::LoggedEvent& logged) {
    const schema::Event& event = logged.event;
    const auto step = schema::decode_account_step(parser(), event.payload);
    if (!step) return tl::unexpected(step.error());
    if (!step->cause.store.value().empty()) note_taken(state, step->cause);
    const std::string& kind = event.kind;
    // Asked of, or answered to, another store: nothing stands differently here.
    if (kind == schema::kRoundAsked || !event.addressee.empty()) {
        if (kind != schema::kAccountHanded) return step->flags;
    }
    auto pot = read_pot(state, GrantOf::credit, event.key);
    if (!pot) return tl::unexpected(pot.error());
    const bool passed_on = kind == schema::kAccountHanded && !step->cause.store.value().empty();
    if (passed_on) return step->flags;
    pot->known = true;
    if (kind == schema::kRoundOpened) {
        open_round(*pot, *step);
    } else if (kind == schema::kRoundCancelled || kind == schema::kRoundRefused) {
        pot->standing = Standing::open;
        pot->review = false;
    } else if (kind == schema::kAccountClosed) {
        pot->standing = Standing::closed;
        pot->review = false;
    } else if (kind == schema::kAccountReopened) {
        pot->standing = Standing::open;
        pot->review = false;
    } else if (kind == schema::kAccountBlocked) {
        pot->blocked = true;
    } else if (kind == schema::kAccountUnblocked) {
        pot->blocked = false;
    } else if (kind == schema::kAccountHanded) {
        pot->standing = Standing::moved;
        pot->peer = step->peer;
        pot->into = step->into;
        pot->limit = 0;
        pot->booked = 0;
        pot->shares.clear();
        pot->merged.clear();
        pot->told.clear();
        pot->unnamed = false;
    } else if (kind == schema::kAccountTaken) {
        const auto taken = take_over(event.key, *step, *pot);
        if (!taken) return tl::unexpected(taken.error());
    }
    const auto written = write_pot(state, GrantOf::credit, event.key, *pot);
    if (!written) return tl::unexpected(written.error());
    return step->flags;
}

}  // namespace filial::ledger
