#include "ledger/pot.h"

#include <algorithm>

#include "ledger/debts.h"
#include "ledger/stock.h"

namespace filial::ledger {

using schema::Bytes;
using schema::Epoch;
using schema::fail;
using schema::Fields;
using schema::GrantOf;
using schema::Result;

namespace {

constexpr std::string_view kUnfinishedKey = "unfinished";

Bytes pot_key(GrantOf of, std::string_view id) {
    return (of == GrantOf::credit ? "pot/c/" : "pot/s/") + Bytes(id);
}

void write_amounts(schema::Writer& out, const std::vector<Amount>& amounts) {
    out.array(amounts.size());
    for (const Amount& each : amounts) out.array(2).str(each.store).i64(each.amount);
}

std::vector<Amount> read_amounts(Fields& fields) {
    std::vector<Amount> amounts;
    Fields list = fields.array();
    while (list.more()) {
        Fields parts = list.array();
        Amount each;
        each.store = parts.str();
        each.amount = parts.i64();
        amounts.push_back(std::move(each));
    }
    return amounts;
}

Pot fields_of(Fields& fields) {
    Pot pot;
    pot.known = fields.boolean();
    pot.standing = static_cast<Standing>(fields.u64());
    pot.blocked = fields.boolean();
    pot.review = fields.boolean();
    pot.limit = fields.i64();
    pot.booked = fields.i64();
    pot.rounds = fields.u64();
    pot.purpose = static_cast<schema::RoundFor>(fields.u64());
    pot.peer = fields.str();
    pot.into = fields.str();
    Fields acks = fields.array();
    while (acks.more()) pot.acks.push_back(schema::read_position(acks));
    Fields shares = fields.array();
    while (shares.more()) {
        Fields parts = shares.array();
        Share share;
        share.store = parts.str();
        share.epoch = Epoch{parts.u32()};
        share.out = parts.i64();
        share.given = schema::Sequence{parts.u64()};
        share.recalls = parts.u64();
        share.recalled = schema::Sequence{parts.u64()};
        pot.shares.push_back(std::move(share));
    }
    pot.requests = read_amounts(fields);
    pot.claims = read_amounts(fields);
    Fields merged = fields.array();
    while (merged.more()) pot.merged.emplace_back(merged.str());
    pot.unnamed = fields.boolean();
    Fields told = fields.array();
    while (told.more()) pot.told.push_back(schema::read_position(told));
    return pot;
}

Result<void> note_unfinished(State& state, std::string_view customer, bool is) {
    auto all = unfinished(state);
    if (!all) return tl::unexpected(all.error());
    const auto found = std::find(all->begin(), all->end(), customer);
    if ((found != all->end()) == is) return {};
    if (is) {
        all->emplace_back(customer);
    } else {
        all->erase(found);
    }
    schema::Writer out;
    out.array(all->size());
    for (const std::string& each : *all) out.str(each);
    state.put(kUnfinishedKey, out.take());
    return {};
}

}  // namespace

const Share* Pot::share(std::string_view store, Epoch epoch) const {
    for (const Share& each : shares) {
        if (each.store == store && each.epoch == epoch) return &each;
    }
    return nullptr;
}

Share& Pot::change(std::string_view store, Epoch epoch) {
    for (Share& each : shares) {
        if (each.store == store && each.epoch == epoch) return each;
    }
    shares.push_back({std::string(store), epoch, 0, {}, 0, {}});
    return shares.back();
}

void Pot::drop(std::string_view store, Epoch epoch) {
    const auto is = [&](const Share& each) { return each.store == store && each.epoch == epoch; };
    shares.erase(std::remove_if(shares.begin(), shares.end(), is), shares.end());
}

void Pot::note_told(const schema::Position& position) {
    for (schema::Position& newest : told) {
        if (newest.store != position.store) continue;
        newest = std::max(newest, position);
        return;
    }
    told.push_back(position);
}

Result<Pot> read_pot(const State& state, GrantOf of, std::string_view id) {
    const auto read =
        kept_row<Pot>(state, pot_key(of, id), [&](schema::ByteView value) -> Result<Pot> {
            auto fields = parser().array(value);
            if (!fields) return fail("own state of the grants of " + Bytes(id), fields.error());
            Pot pot = fields_of(*fields);
            const auto done = parser().finish("own state of grants");
            if (!done) return tl::unexpected(done.error());
            return pot;
        });
    if (!read) return tl::unexpected(read.error());
    Pot pot = **read;
    if (pot.shares.empty()) return pot;
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    const auto told = [&](const Share& share) { return lives->told(share.store, share.epoch); };
    pot.shares.erase(std::remove_if(pot.shares.begin(), pot.shares.end(), told), pot.shares.end());
    return pot;
}

bool has_pot(const State& state, GrantOf of, std::string_view id) {
    const Bytes key = pot_key(of, id);
    const Row* row = state.row(key);
    return row != nullptr ? row->value.has_value() : state.get(key).has_value();
}

Result<void> write_pot(State& state, GrantOf of, std::string_view id, const Pot& pot) {
    schema::Writer out;
    out.array(17).boolean(pot.known).u64(static_cast<std::uint64_t>(pot.standing));
    out.boolean(pot.blocked);
    out.boolean(pot.review).i64(pot.limit).i64(pot.booked).u64(pot.rounds);
    out.u64(static_cast<std::uint64_t>(pot.purpose)).str(pot.peer).str(pot.into);
    out.array(pot.acks.size());
    for (const schema::Position& position : pot.acks) schema::write_position(out, position);
    out.array(pot.shares.size());
    for (const Share& share : pot.shares) {
        out.array(6).str(share.store).u64(share.epoch.value()).i64(share.out);
        out.u64(share.given.value()).u64(share.recalls).u64(share.recalled.value());
    }
    write_amounts(out, pot.requests);
    write_amounts(out, pot.claims);
    out.array(pot.merged.size());
    for (const std::string& each : pot.merged) out.str(each);
    out.boolean(pot.unnamed);
    out.array(pot.told.size());
    for (const schema::Position& position : pot.told) schema::write_position(out, position);
    state.put(pot_key(of, id), out.take());
    if (of != GrantOf::credit || pot.rounds == 0) return {};
    return note_unfinished(state, id,
                           pot.standing == Standing::fenced || pot.review || pot.unnamed);
}

Result<std::int64_t> reserve(const State& state, GrantOf of, std::string_view id, const Pot& pot,
                             const Rules& rules) {
    std::int64_t left = pot.limit;
    if (of == GrantOf::stock) {
        const auto hand = on_hand(state, id);
        if (!hand) return tl::unexpected(hand.error());
        left = hand->value();
    } else {
        const auto own = own_debt(state, id);
        if (!own) return tl::unexpected(own.error());
        const auto less = schema::negate(*own);
        if (!less) return tl::unexpected(less.error());
        const auto rest = sum_of({left, less->value()});
        if (!rest) return rest;
        left = *rest;
    }
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    const auto take = [&](std::int64_t amount) -> Result<void> {
        const auto less = minus(amount);
        if (!less) return tl::unexpected(less.error());
        const auto rest = sum_of({left, *less});
        if (!rest) return tl::unexpected(rest.error());
        left = *rest;
        return {};
    };
    if (const auto ok = take(pot.booked); !ok) return tl::unexpected(ok.error());
    for (const Share& share : pot.shares) {
        const bool lost = lives->over(share.store, share.epoch);
        if (lost && !rules.lost_room_stays_unaccounted) continue;
        if (const auto ok = take(share.out); !ok) return tl::unexpected(ok.error());
    }
    return left;
}

Result<std::vector<Awaited>> awaited(const State& state, const Pot& pot) {
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    std::vector<Awaited> all;
    for (const Share& share : pot.shares) {
        const bool lost = lives->over(share.store, share.epoch);
        if (lost && share.out == 0) continue;  // It could not charge without a room that it had.
        all.push_back({share.store, share.epoch, share.out, lost});
    }
    return all;
}

std::string names_of(const std::vector<Awaited>& awaited, GrantOf of) {
    std::string text;
    for (const Awaited& each : awaited) {
        if (!text.empty()) text += ", ";
        if (each.lost) {
            text += "what " + each.store + " lost with its epoch " +
                    std::to_string(each.epoch.value()) + " (" + amount_text(of, each.out) + ")";
        } else {
            text += each.store;
        }
    }
    return text;
}

Result<std::vector<std::string>> unfinished(const State& state) {
    std::vector<std::string> all;
    const auto value = state.get(kUnfinishedKey);
    if (!value) return all;
    auto list = parser().array(*value);
    if (!list) return fail("own state of rounds", list.error());
    while (list->more()) all.emplace_back(list->str());
    const auto done = parser().finish("own state of rounds");
    if (!done) return tl::unexpected(done.error());
    return all;
}

std::string amount_text(GrantOf of, std::int64_t amount) {
    return of == GrantOf::credit ? to_string(schema::Money{amount})
                                 : to_string(schema::Quantity{amount});
}

Result<std::int64_t> sum_of(std::initializer_list<std::int64_t> amounts) {
    std::int64_t sum = 0;
    for (const std::int64_t amount : amounts) {
        const auto added = schema::add(sum, amount);
        if (!added) return added;
        sum = *added;
    }
    return sum;
}

Result<std::int64_t> minus(std::int64_t amount) {
    const auto less = schema::negate(schema::Money{amount});
    if (!less) return tl::unexpected(less.error());
    return less->value();
}

}  // namespace filial::ledger
