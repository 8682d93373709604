#include "subscriber/account_reader.h"

#include <algorithm>
#include <tuple>

#include "subscriber/control_fold.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using ledger::Pot;
using schema::Bytes;
using schema::ByteView;
using schema::GrantOf;
using schema::Result;
using schema::StoreId;

namespace {

constexpr schema::Epoch kEveryEpoch{0};

/// The record of one log, read as a T; an empty T where there is none.
template <class T>
Result<T> held(const ReplicaStore& store, const Contribution& name) {
    const auto value = store.get(contribution_key(name));
    if (!value) return tl::unexpected(value.error());
    if (!*value) return T{};
    schema::Parser parser;
    return T::decode(parser, **value);
}

HeldPart& part_of(PotView& view, const StoreId& store, schema::Epoch epoch) {
    for (HeldPart& part : view.parts) {
        if (part.store == store && part.epoch == epoch) return part;
    }
    view.parts.push_back({store, epoch, 0, std::nullopt, false, false});
    return view.parts.back();
}

}  // namespace

std::int64_t PotView::unaccounted() const {
    std::int64_t sum = 0;
    for (const HeldPart& part : parts) sum += part.lost ? part.out : 0;
    return sum;
}

Result<void> AccountReader::fill(PotView& view, std::int64_t limit,
                                 const std::vector<StoreId>& stores) const {
    const StoreId owner{view.owner};
    const HeldState state(store_, owner);
    auto pot = ledger::read_pot(state, view.of, view.id);
    if (!pot) return tl::unexpected(pot.error());
    view.pot = std::move(*pot);
    view.pot.limit = limit;
    const auto left = ledger::reserve(state, view.of, view.id, view.pot);
    if (!left) return tl::unexpected(left.error());
    view.reserve = *left;
    const auto lives = ledger::Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    if (!state.failed()) return state.failed();
    const bool asks = view.pot.standing == ledger::Standing::fenced || view.pot.blocked;
    for (const ledger::Share& share : view.pot.shares) {
        HeldPart& part = part_of(view, StoreId{share.store}, share.epoch);
        part.out = share.out;
        part.lost = lives->over(share.store, share.epoch);
        // A lost epoch could not charge without a room that it had.
        part.waits = (asks || share.recalls > 0) && !(part.lost && share.out == 0);
    }
    for (const StoreId& store : stores) {
        const HeldState holder(store_, store);
        const auto room = ledger::read_room(holder, view.of, view.owner, view.id);
        if (!room) return tl::unexpected(room.error());
        if (!holder.failed()) return holder.failed();
        if (!room->open || room->home != view.owner) continue;
        HeldPart& part = part_of(view, store, room->epoch);
        part.room = room->base;
    }
    std::sort(view.parts.begin(), view.parts.end(), [](const HeldPart& a, const HeldPart& b) {
        return std::tie(a.store, a.epoch) < std::tie(b.store, b.epoch);
    });
    return {};
}

Result<PotView> AccountReader::credit(const CustomerRecord& record,
                                      const std::vector<StoreId>& stores) const {
    PotView view;
    view.id = record.customer;
    view.owner = record.home();
    const auto balance = record.balance();
    if (!balance) return tl::unexpected(balance.error());
    view.balance = *balance;
    if (view.owner.empty()) {
        // Registered nowhere that is known here: whoever keeps a limit is home by its own log.
        for (const LimitPart& limit : record.limits) view.owner = limit.store.value();
    }
    if (view.owner.empty()) return view;
    const auto done = fill(view, record.limit(view.owner), stores);
    if (!done) return tl::unexpected(done.error());
    const bool set = std::any_of(record.limits.begin(), record.limits.end(),
                                 [&](const auto& one) { return one.store.value() == view.owner; });
    view.limited = set || view.pot.limit != 0 || !view.parts.empty();
    return view;
}

Result<PotView> AccountReader::stock(const std::string& place, const std::string& sku,
                                     const std::vector<StoreId>& stores) const {
    PotView view;
    view.of = GrantOf::stock;
    view.id = sku;
    view.owner = place;
    const auto done = fill(view, 0, stores);
    if (!done) return tl::unexpected(done.error());
    view.limited = !view.parts.empty() || !view.pot.claims.empty();
    return view;
}

Result<std::set<std::string>> AccountReader::holders(const std::string& home,
                                                     const std::string& customer) const {
    std::set<std::string> names;
    if (home.empty()) return names;
    const HeldState state(store_, StoreId{home});
    const auto pot = ledger::read_pot(state, GrantOf::credit, customer);
    if (!pot) return tl::unexpected(pot.error());
    if (!state.failed()) return tl::unexpected(state.failed().error());
    for (const ledger::Share& share : pot->shares) names.insert(share.store);
    return names;
}

Result<std::set<StoreId>> AccountReader::retired(const std::vector<StoreId>& stores) const {
    std::set<StoreId> gone;
    for (const StoreId& store : stores) {
        const HeldState state(store_, store);
        const auto lives = ledger::Lives::read(state);
        if (!lives) return tl::unexpected(lives.error());
        if (!state.failed()) return tl::unexpected(state.failed().error());
        for (const std::string& name : lives->retired()) gone.insert(StoreId{name});
    }
    return gone;
}

Result<AccountNotes> AccountReader::notes(const std::string& home,
                                          const std::string& customer) const {
    return held<AccountNotes>(store_, {std::string(schema::kTopicAccounts), StoreId{home},
                                       kEveryEpoch, Part::notes, customer});
}

Result<std::vector<PaidTwice>> AccountReader::paid_twice(const std::string& home,
                                                         const std::string& customer) const {
    std::vector<PaidTwice> all;
    for (const auto topic : {schema::kTopicAccounts, schema::kTopicDebts}) {
        auto list = held<PaidTwiceList>(
            store_, {std::string(topic), StoreId{home}, kEveryEpoch, Part::paid_twice, customer});
        if (!list) return tl::unexpected(list.error());
        all.insert(all.end(), list->payments.begin(), list->payments.end());
    }
    return all;
}

Result<void> AccountReader::scan_state(
    const StoreId& owner, std::string_view family, ByteView after,
    const std::function<bool(GrantOf of, ByteView name, ByteView key)>& each) const {
    bool more = true;
    for (const GrantOf of : {GrantOf::credit, GrantOf::stock}) {
        const bool credit = of == GrantOf::credit;
        const Bytes prefix = contribution_key(
            {std::string(credit ? schema::kTopicAccounts : schema::kTopicControl), owner,
             kEveryEpoch, Part::state, std::string(family) + (credit ? "c/" : "s/")});
        // A cursor is the key that was looked at last: these stand in the order of the topics.
        const auto scanned = store_.scan(prefix, after, [&](ByteView key, ByteView) {
            more = each(of, key.substr(prefix.size()), key);
            return more;
        });
        if (!scanned || !more) return scanned;
    }
    return {};
}

Result<void> AccountReader::scan(const StoreId& owner, ByteView after, const Visit& visit) const {
    const HeldState state(store_, owner);
    Result<void> result;
    const auto each = [&](GrantOf of, ByteView name, ByteView key) {
        Found found;
        found.owner = owner.value();
        found.of = of;
        found.id = name;
        auto pot = ledger::read_pot(state, found.of, found.id);
        if (!pot || !state.failed()) {
            result = pot ? state.failed() : tl::unexpected(pot.error());
            return false;
        }
        found.pot = std::move(*pot);
        return visit(found, key);
    };
    const auto scanned = scan_state(owner, "pot/", after, each);
    return scanned ? result : scanned;
}

Result<void> AccountReader::scan_rooms(const StoreId& holder, ByteView after,
                                       const RoomVisit& visit) const {
    const HeldState state(store_, holder);
    Result<void> result;
    const auto each = [&](GrantOf of, ByteView name, ByteView key) {  // "ID" or "PLACE/SKU".
        HeldRoom held;
        held.of = of;
        const std::size_t slash = held.of == GrantOf::stock ? name.find('/') : Bytes::npos;
        const std::string place(name.substr(0, slash == Bytes::npos ? 0 : slash));
        held.id = slash == Bytes::npos ? name : name.substr(slash + 1);
        auto room = ledger::read_room(state, held.of, place, held.id);
        if (!room || !state.failed()) {
            result = room ? state.failed() : tl::unexpected(room.error());
            return false;
        }
        held.room = std::move(*room);
        return visit(held, key);
    };
    const auto scanned = scan_state(holder, "room/", after, each);
    return scanned ? result : scanned;
}

}  // namespace filial::subscriber
