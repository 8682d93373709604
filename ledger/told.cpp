#include "ledger/told.h"

#include "ledger/bills.h"
#include "ledger/customers_rules.h"
#include "ledger/debts.h"
#include "ledger/notices.h"

namespace filial::ledger {

using schema::DebtTold;
using schema::Event;
using schema::GrantOf;
using schema::Position;
using schema::Result;

namespace {

/// Who has to book it, and for whom, if it is not this store. A store that only believes to know
/// another home passes news on once, so that two stores that believe it of each other stop.
struct Onward {
    std::string home;
    std::string customer;
};

Result<Onward> onward(const State& state, const Setting& setting, const Pot& pot,
                      const std::string& customer, const DebtTold& told) {
    if (pot.known) {
        if (pot.standing != Standing::moved) return Onward{};
        return Onward{pot.peer, pot.into};
    }
    const auto known = own_customer(state, customer);
    if (!known) return tl::unexpected(known.error());
    const bool first = told.cause.store.value().empty();
    const OwnCustomer& own = **known;
    if (!first || !own.registered() || own.home == setting.self.value()) return Onward{};
    return Onward{own.home, customer};
}

Event told_event(std::string_view kind, schema::Timestamp at, const std::string& customer,
                 const std::string& addressee, const DebtTold& told) {
    Event event;
    event.topic = schema::kTopicAccounts;
    event.kind = kind;
    event.at = at;
    event.key = customer;
    event.addressee = addressee;
    event.payload = schema::encode(told);
    return event;
}

/// Whoever handed it in named the home of a customer whom the own log did not know.
Result<std::uint64_t> learn_home(State& state, const Event& event, const DebtTold& told) {
    if ((told.flags & schema::kFlagUnknownKey) == 0 || !told.cause.store.value().empty()) return 0;
    if (told.roomed) return 0;  // Whoever granted the room is known.
    auto room = read_room(state, GrantOf::credit, {}, event.key);
    if (!room) return tl::unexpected(room.error());
    if (!room->home.empty()) return 0;
    room->home = told.peer;
    write_room(state, GrantOf::credit, {}, event.key, *room);
    return 0;
}

}  // namespace

Result<std::vector<Event>> take_told(const State& state, const Setting& setting,
                                     const Position& origin, const Event& notice,
                                     const DebtTold& told, schema::Timestamp at) {
    std::string customer = notice.key;
    auto pot = read_pot(state, GrantOf::credit, customer);
    if (!pot) return tl::unexpected(pot.error());
    DebtTold mine = told;
    mine.cause = origin;
    const auto next = onward(state, setting, *pot, customer, told);
    if (!next) return tl::unexpected(next.error());
    if (!next->home.empty() && next->home != setting.self.value()) {
        mine.peer = next->home;
        if (told.first.store.value().empty()) mine.first = origin;
        return std::vector<Event>{
            told_event(schema::kDebtTold, at, next->customer, next->home, mine)};
    }
    if (!next->home.empty()) {  // Two customers of this home were merged.
        customer = next->customer;
        pot = read_pot(state, GrantOf::credit, customer);
        if (!pot) return tl::unexpected(pot.error());
    }
    mine.peer = origin.store.value();
    // The teller may not know the customer; that this store does not is another thing.
    mine.flags &= ~std::uint64_t{schema::kFlagUnknownKey};
    const auto view = credit_view(state, setting, customer);
    if (!view) return tl::unexpected(view.error());
    if (!view->is_home) mine.flags |= schema::kFlagUnknownKey;
    if (pot->standing == Standing::closed) mine.flags |= schema::kFlagAfterClose;
    const auto twice = paid_before(state, customer, told.reason, told.document, told.delta);
    if (!twice) return tl::unexpected(twice.error());
    if (*twice) mine.flags |= schema::kFlagPaidTwice;
    if (told.roomed && pot->share(mine.peer, told.epoch) == nullptr) {
        mine.flags |= schema::kFlagGivenUp;
    }
    return std::vector<Event>{told_event(schema::kDebtApplied, at, customer, {}, mine)};
}

Event applied_at_once(const Setting& setting, schema::Timestamp at, const std::string& customer,
                      const schema::DebtMoved& move) {
    DebtTold told;
    told.peer = setting.self.value();
    told.epoch = setting.epoch;
    told.delta = move.delta;
    told.reason = move.reason;
    told.document = move.document;
    told.flags = move.flags;
    told.beyond = move.beyond;
    return told_event(schema::kDebtApplied, at, customer, {}, told);
}

Result<std::uint64_t> apply_told(State& state, const Event& event) {
    const auto told = schema::decode_debt_told(parser(), event.payload);
    if (!told) return tl::unexpected(told.error());
    if (!told->cause.store.value().empty()) note_taken(state, told->cause);
    if (event.kind != schema::kDebtApplied) return learn_home(state, event, *told);
    auto pot = read_pot(state, GrantOf::credit, event.key);
    if (!pot) return tl::unexpected(pot.error());
    const auto booked = sum_of({pot->booked, told->delta.value()});
    if (!booked) return tl::unexpected(booked.error());
    pot->booked = *booked;
    const bool passed_on = !told->first.store.value().empty();
    if (!told->cause.store.value().empty()) pot->note_told(passed_on ? told->first : told->cause);
    pot->known = pot->known || (told->flags & schema::kFlagUnknownKey) == 0;
    // Without a share (it was written off) it is the reserve that has to bear it.
    if (told->roomed && pot->share(told->peer, told->epoch) != nullptr) {
        Share& share = pot->change(told->peer, told->epoch);
        const auto less = minus(told->delta.value());
        if (!less) return tl::unexpected(less.error());
        const auto out = sum_of({share.out, *less});
        if (!out) return tl::unexpected(out.error());
        share.out = *out;
    }
    if ((told->flags & schema::kFlagAfterClose) != 0) pot->review = true;
    const auto written = write_pot(state, GrantOf::credit, event.key, *pot);
    if (!written) return tl::unexpected(written.error());
    const auto billed = note_told_bill(state, event.key, told->reason, told->document, told->delta);
    if (!billed) return tl::unexpected(billed.error());
    return told->flags;
}

}  // namespace filial::ledger
