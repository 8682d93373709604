#include "ledger/claims.h"

#include <algorithm>

#include "ledger/grants.h"
#include "ledger/notices.h"
#include "ledger/stock.h"

namespace filial::ledger {

using schema::Errc;
using schema::Event;
using schema::fail;
using schema::GrantOf;
using schema::GrantStep;
using schema::LoggedEvent;
using schema::Operation;
using schema::OperationKind;
using schema::Position;
using schema::Quantity;
using schema::Result;

namespace {

std::int64_t claimed_by(const Pot& pot, const std::string& store) {
    for (const Amount& claim : pot.claims) {
        if (claim.store == store) return claim.amount;
    }
    return 0;
}

Result<void> add_claim(Pot& pot, const std::string& store, std::int64_t amount) {
    const auto booked = sum_of({pot.booked, amount});
    const auto mine = sum_of({claimed_by(pot, store), amount});
    if (!booked || !mine) return tl::unexpected(booked ? mine.error() : booked.error());
    pot.booked = *booked;
    const auto is = [&](const Amount& each) { return each.store == store; };
    pot.claims.erase(std::remove_if(pot.claims.begin(), pot.claims.end(), is), pot.claims.end());
    if (*mine != 0) pot.claims.push_back({store, *mine});
    return {};
}

Result<std::vector<Event>> decide_sale(const State& state, const Setting& setting,
                                       const Operation& operation) {
    const std::string& place = operation.peer;
    const std::int64_t quantity = operation.quantity.value();
    if (place == setting.self.value()) {
        return fail(Errc::refused, place + " is this store: sell it from its own stock");
    }
    const auto room = read_room(state, GrantOf::stock, place, operation.subject);
    if (!room) return tl::unexpected(room.error());
    const auto holds = room_left(state, GrantOf::stock, operation.subject, *room, setting.epoch);
    if (!holds) return tl::unexpected(holds.error());
    const auto left =
        room_left(state, GrantOf::stock, operation.subject, *room, setting.epoch, setting.rules());
    if (!left) return tl::unexpected(left.error());
    const std::int64_t most = std::max<std::int64_t>(0, left->value_or(0));
    if (quantity > most && !is_fact(operation) && setting.rules().charges_fit_the_room) {
        return fail(Errc::refused,
                    "only " + to_string(Quantity{most}) + " of " + operation.subject +
                        " is reserved at " + place +
                        " for this store: ask it for more (grant ask --stock), or sell "
                        "from the shelf");
    }
    GrantStep step;
    step.of = GrantOf::stock;
    step.peer = place;
    step.epoch = setting.epoch;
    step.amount = quantity;
    step.roomed = holds->has_value();
    step.document = operation.document;
    step.flags = fact_flag(operation);
    if (quantity > most) {
        step.flags |= schema::kFlagNoRoom;
        step.beyond = quantity - most;
    }
    std::vector<Event> events{
        grant_event(schema::kClaimMade, operation.at, operation.subject, place, step)};
    if (!*holds) return events;
    auto asks = top_up(state, setting, operation.at, GrantOf::stock, operation.subject, *room,
                       **holds - quantity, quantity);
    if (!asks) return tl::unexpected(asks.error());
    for (Event& event : *asks) events.push_back(std::move(event));
    return events;
}

Result<std::vector<Event>> decide_ship(const State& state, const Operation& operation) {
    const auto pot = read_pot(state, GrantOf::stock, operation.subject);
    if (!pot) return tl::unexpected(pot.error());
    const std::int64_t claimed = claimed_by(*pot, operation.peer);
    if (operation.quantity.value() > claimed && !is_fact(operation)) {
        return fail(Errc::refused, "only " + to_string(Quantity{claimed}) + " of " +
                                       operation.subject + " is sold by " + operation.peer +
                                       " and not shipped yet: ship no more than that");
    }
    const auto leaves = schema::negate(operation.quantity);
    if (!leaves) return tl::unexpected(leaves.error());
    auto moved = stock_moved(
        state, operation.at, operation.subject,
        {*leaves, "shipment", operation.document, fact_flag(operation), operation.cost});
    if (!moved) return tl::unexpected(moved.error());
    GrantStep step;
    step.of = GrantOf::stock;
    step.peer = operation.peer;
    step.amount = std::min(claimed, operation.quantity.value());
    step.document = operation.document;
    step.flags = fact_flag(operation);
    if (operation.quantity.value() > claimed) {
        step.flags |= schema::kFlagNoRoom;
        step.beyond = operation.quantity.value() - claimed;
    }
    std::vector<Event> events{std::move(*moved)};
    events.push_back(
        grant_event(schema::kClaimShipped, operation.at, operation.subject, operation.peer, step));
    return events;
}

}  // namespace

Result<std::vector<Event>> decide_claim(const State& state, const Setting& setting,
                                        const Operation& operation) {
    if (operation.kind == OperationKind::ship) return decide_ship(state, operation);
    return decide_sale(state, setting, operation);
}

std::vector<Event> take_claim(const Position& origin, const Event& notice, const GrantStep& step,
                              schema::Timestamp at) {
    const bool made = notice.kind == schema::kClaimMade;
    if (!made && notice.kind != schema::kClaimShipped) return {};
    GrantStep mine = step;
    mine.peer = origin.store.value();
    if (made) mine.epoch = origin.epoch;
    mine.cause = origin;
    return {
        grant_event(made ? schema::kClaimBooked : schema::kClaimSettled, at, notice.key, {}, mine)};
}

Result<std::uint64_t> apply_claim(State& state, const LoggedEvent& logged) {
    const Event& event = logged.event;
    const auto step = schema::decode_grant_step(parser(), event.payload);
    if (!step) return tl::unexpected(step.error());
    if (!step->cause.store.value().empty()) note_taken(state, step->cause);
    if (event.kind == schema::kClaimSettled) return step->flags;
    const auto less = minus(step->amount);
    if (!less) return tl::unexpected(less.error());
    if (event.kind == schema::kClaimMade) {
        if (!step->roomed) return step->flags;
        auto room = read_room(state, step->of, step->peer, event.key);
        if (!room) return tl::unexpected(room.error());
        const auto base = sum_of({room->base, *less});
        if (!base) return tl::unexpected(base.error());
        room->base = *base;
        write_room(state, step->of, step->peer, event.key, *room);
        return step->flags;
    }
    auto pot = read_pot(state, step->of, event.key);
    if (!pot) return tl::unexpected(pot.error());
    pot->known = true;
    const bool booked = event.kind == schema::kClaimBooked;
    const auto added = add_claim(*pot, step->peer, booked ? step->amount : *less);
    if (!added) return tl::unexpected(added.error());
    // Without a share (it was written off) it comes from what is available.
    if (booked && step->roomed && pot->share(step->peer, step->epoch) != nullptr) {
        Share& share = pot->change(step->peer, step->epoch);
        const auto out = sum_of({share.out, *less});
        if (!out) return tl::unexpected(out.error());
        share.out = *out;
    }
    const auto written = write_pot(state, step->of, event.key, *pot);
    if (!written) return tl::unexpected(written.error());
    return step->flags;
}

Result<std::vector<Event>> stock_shortfall(const State& state, schema::Timestamp at,
                                           std::string_view sku, Quantity delta) {
    std::vector<Event> none;
    if (delta.value() >= 0 || !has_pot(state, GrantOf::stock, sku)) return none;
    const auto pot = read_pot(state, GrantOf::stock, sku);
    if (!pot) return tl::unexpected(pot.error());
    if (!pot->known) return none;
    const auto before = reserve(state, GrantOf::stock, sku, *pot);
    if (!before) return tl::unexpected(before.error());
    const auto after = sum_of({*before, delta.value()});
    if (!after) return tl::unexpected(after.error());
    if (*after >= 0) return none;
    const auto missing = minus(*after);
    if (!missing) return tl::unexpected(missing.error());
    return recall_shares(state, at, GrantOf::stock, sku, *pot, *missing,
                         "less is on hand than was reserved");
}

bool is_claim_kind(std::string_view kind) { return kind.rfind("claim.", 0) == 0; }

}  // namespace filial::ledger
