// What notices about grants become here, and what each step of the own log does to its state.
#include <algorithm>

#include "ledger/debts.h"
#include "ledger/grants.h"
#include "ledger/notices.h"

namespace filial::ledger {

using schema::Event;
using schema::GrantOf;
using schema::GrantStep;
using schema::LoggedEvent;
using schema::Position;
using schema::Result;

namespace {

/// One notice and what is needed to answer it.
struct Taking {
    const State& state;
    const Setting& setting;
    const Position& origin;
    const Event& notice;
    const GrantStep& step;  ///< As its sender wrote it.
    schema::Timestamp at;

    const std::string& peer() const { return origin.store.value(); }
    GrantStep own(schema::Epoch epoch, std::int64_t amount) const {
        GrantStep mine;
        mine.of = step.of;
        mine.peer = peer();
        mine.epoch = epoch;
        mine.amount = amount;
        mine.round = step.round;
        mine.cause = origin;
        mine.document = step.document;
        return mine;
    }
    std::vector<Event> event(std::string_view kind, std::string_view addressee,
                             const GrantStep& mine) const {
        return {grant_event(kind, at, notice.key, addressee, mine)};
    }
    Result<Room> room() const { return read_room(state, step.of, peer(), notice.key); }
    /// What this store holds from the sender; nullopt if no grant of it is open.
    Result<std::optional<std::int64_t>> left(const Room& room) const {
        if (room.home != peer()) return std::optional<std::int64_t>{};
        return room_left(state, step.of, notice.key, room, setting.epoch);
    }
};

/// A holder takes a part, or gives it back where it cannot hold it.
Result<std::vector<Event>> take_given(const Taking& taking) {
    // What was given to another epoch stays unaccounted at home: that one may have spent it.
    if (taking.step.epoch != taking.setting.epoch) return std::vector<Event>{};
    const auto room = taking.room();
    if (!room) return tl::unexpected(room.error());
    const GrantStep mine = taking.own(taking.setting.epoch, taking.step.amount);
    const bool another =
        room->open && room->epoch == taking.setting.epoch && room->home != taking.peer();
    if (another) {
        GrantStep back = mine;
        back.closes = true;
        back.reason = "a part of it is held here from " + room->home;
        return taking.event(schema::kGrantReturned, taking.peer(), back);
    }
    return taking.event(schema::kGrantTaken, {}, mine);
}

/// The answer is an own event: what the holder spent before it stands before it in its log.
Result<std::vector<Event>> take_recalled(const Taking& taking) {
    if (taking.step.epoch != taking.setting.epoch) return std::vector<Event>{};
    const auto room = taking.room();
    if (!room) return tl::unexpected(room.error());
    const auto left = taking.left(*room);
    if (!left) return tl::unexpected(left.error());
    const std::int64_t all = left->value_or(0);
    GrantStep mine = taking.own(taking.setting.epoch, all);
    mine.closes = taking.step.closes;
    if (!mine.closes) {
        const std::int64_t most = std::max<std::int64_t>(0, all);
        mine.amount = taking.step.amount == 0 ? most : std::min(most, taking.step.amount);
        mine.reason = taking.step.reason;
        return taking.event(schema::kGrantReturned, taking.peer(), mine);
    }
    if (!taking.setting.rules().a_recall_returns_room) mine.amount = 0;
    if (all < 0) mine.flags |= schema::kFlagNoRoom;
    return taking.event(schema::kGrantClosed, taking.peer(), mine);
}

Result<std::vector<Event>> take_back(const Taking& taking) {
    GrantStep mine = taking.own(taking.step.epoch, taking.step.amount);
    mine.closes = taking.notice.kind == schema::kGrantClosed || taking.step.closes;
    mine.flags = taking.step.flags;
    if (!taking.setting.rules().an_answer_counts_for_its_round) {
        const auto pot = read_pot(taking.state, taking.step.of, taking.notice.key);
        if (!pot) return tl::unexpected(pot.error());
        mine.round = pot->rounds;
    }
    return taking.event(schema::kGrantBooked, {}, mine);
}

Result<std::vector<Event>> take_asked(const Taking& taking) {
    const GrantOf of = taking.step.of;
    const auto refuse = [&](const std::string& why) -> Result<std::vector<Event>> {
        GrantStep mine = taking.own(taking.origin.epoch, taking.step.amount);
        mine.reason = why;
        return taking.event(schema::kGrantRefused, taking.peer(), mine);
    };
    Pot pot;
    if (of == GrantOf::credit) {
        auto view = credit_view(taking.state, taking.setting, taking.notice.key);
        if (!view) return tl::unexpected(view.error());
        if (!view->is_home) {
            return refuse(view->home.empty() ? "it is not known to be at home here"
                                             : "its home is " + view->home);
        }
        pot = std::move(view->pot);
    } else {
        auto read = read_pot(taking.state, of, taking.notice.key);
        if (!read) return tl::unexpected(read.error());
        pot = std::move(*read);
    }
    const auto lives = Lives::read(taking.state);
    if (!lives) return tl::unexpected(lives.error());
    const std::string no = why_no_grant(pot, *lives, taking.peer());
    if (!no.empty() && taking.setting.rules().a_fence_stops_grants) return refuse(no);
    const Policy& policy = taking.setting.policy();
    const TopUp& top = of == GrantOf::credit ? policy.credit : policy.stock;
    if (!top.on) {
        return taking.event(schema::kGrantQueued, {},
                            taking.own(taking.origin.epoch, taking.step.amount));
    }
    const auto left = reserve(taking.state, of, taking.notice.key, pot, taking.setting.rules());
    if (!left) return tl::unexpected(left.error());
    const std::int64_t most = *left > top.keep_back ? *left - top.keep_back : 0;
    const std::int64_t amount = std::min(most, taking.step.amount);
    if (amount <= 0) return refuse("nothing is left to give");
    return taking.event(schema::kGrantGiven, taking.peer(),
                        taking.own(taking.origin.epoch, amount));
}

/// A holder sees what was taken from it without its asking, and what was refused to it, until it
/// has done something about it.
Result<void> note_for_people(Room& room, std::string_view kind, const GrantStep& step) {
    const bool own = step.cause.store.value().empty();
    const bool cut = kind == schema::kGrantReturned && !own && !step.reason.empty();
    if (cut && room.home == step.peer && step.amount > 0) {
        const auto sum = sum_of({room.cut, step.amount});
        if (!sum) return tl::unexpected(sum.error());
        room.cut = *sum;
        room.why = step.reason;
        return {};
    }
    if (kind == schema::kGrantNoted && room.asked_of == step.peer) room.refusal = step.reason;
    const bool asked = kind == schema::kGrantAsked && step.reason.empty();  // A policy says why.
    const bool returned = kind == schema::kGrantReturned && own;
    const bool more = kind == schema::kGrantTaken && step.amount > 0;
    if (!asked && !returned && !more && kind != schema::kGrantClosed) return {};
    room.cut = 0;
    room.wanted = asked ? step.amount : 0;
    room.asked_of = asked ? step.peer : "";
    room.refusal.clear();
    return {};
}

Result<void> apply_at_holder(State& state, const LoggedEvent& logged, const GrantStep& step) {
    const std::string& kind = logged.event.kind;
    auto room = read_room(state, step.of, step.peer, logged.event.key);
    if (!room) return tl::unexpected(room.error());
    std::int64_t own = 0;
    if (step.of == GrantOf::credit) {
        const auto debt = own_debt(state, logged.event.key);
        if (!debt) return tl::unexpected(debt.error());
        own = debt->value();
    }
    if (kind == schema::kGrantTaken) {
        const bool goes_on = room->open && room->epoch == logged.epoch;
        const auto base = sum_of({goes_on ? room->base : own, step.amount});
        if (!base) return tl::unexpected(base.error());
        if (!goes_on) *room = {};
        room->home = step.peer;
        room->epoch = logged.epoch;
        room->open = true;
        room->base = *base;
        room->asked = false;
        room->mark = own;
    } else if (kind == schema::kGrantAsked || kind == schema::kGrantNoted) {
        if (room->epoch != logged.epoch) {
            *room = {};
            room->home = step.peer;
            room->epoch = logged.epoch;
            room->mark = own;
        }
        room->asked = kind == schema::kGrantAsked;
    } else if (room->home == step.peer && room->open && room->epoch == logged.epoch) {
        const auto less = minus(step.amount);
        if (!less) return tl::unexpected(less.error());
        const auto base = sum_of({room->base, *less});
        if (!base) return tl::unexpected(base.error());
        room->base = *base;
        if (kind == schema::kGrantClosed) room->open = false;
    }
    if (room->epoch == logged.epoch) {
        if (const auto noted = note_for_people(*room, kind, step); !noted) return noted;
    }
    write_room(state, step.of, step.peer, logged.event.key, *room);
    return {};
}

void set_amount(std::vector<Amount>& amounts, const std::string& store, std::int64_t amount) {
    const auto is = [&](const Amount& each) { return each.store == store; };
    amounts.erase(std::remove_if(amounts.begin(), amounts.end(), is), amounts.end());
    if (amount != 0) amounts.push_back({store, amount});
}

/// What came back is in the reserve. A grant that its holder closed is gone, unless it was given
/// more since the last recall, or another recall is still to be answered.
Result<void> book(Pot& pot, const GrantStep& step) {
    // What was written off is in the reserve already, should its store turn up after all.
    if (pot.share(step.peer, step.epoch) == nullptr) return {};
    Share& share = pot.change(step.peer, step.epoch);
    const auto less = minus(step.amount);
    if (!less) return tl::unexpected(less.error());
    const auto out = sum_of({share.out, *less});
    if (!out) return tl::unexpected(out.error());
    share.out = *out;
    if (!step.closes) return {};
    if (share.recalls > 0) --share.recalls;
    const bool of_this_round = pot.standing == Standing::fenced && step.round == pot.rounds;
    const bool last = share.recalls == 0 && share.given < share.recalled;
    if (of_this_round) pot.acks.push_back(step.cause);
    if ((of_this_round || last) && share.out == 0) pot.drop(step.peer, step.epoch);
    return {};
}

Result<void> apply_at_home(State& state, const LoggedEvent& logged, const GrantStep& step) {
    const std::string& kind = logged.event.kind;
    // A policy refuses at once, a person what waits.
    const bool by_policy = kind == schema::kGrantRefused && !step.cause.store.value().empty();
    const bool changes = !by_policy && (kind != schema::kGrantRecalled || step.closes);
    if (!changes) return {};
    auto pot = read_pot(state, step.of, logged.event.key);
    if (!pot) return tl::unexpected(pot.error());
    pot->known = true;
    if (kind == schema::kGrantGiven) {
        Share& share = pot->change(step.peer, step.epoch);
        const auto out = sum_of({share.out, step.amount});
        if (!out) return tl::unexpected(out.error());
        share.out = *out;
        share.given = logged.seq;
        set_amount(pot->requests, step.peer, 0);
    } else if (kind == schema::kGrantRecalled) {
        Share& share = pot->change(step.peer, step.epoch);
        ++share.recalls;
        share.recalled = logged.seq;
    } else if (kind == schema::kGrantBooked) {
        if (const auto ok = book(*pot, step); !ok) return ok;
    } else if (kind == schema::kGrantQueued) {
        set_amount(pot->requests, step.peer, step.amount);
    } else if (kind == schema::kGrantRefused) {
        set_amount(pot->requests, step.peer, 0);
    } else if (kind == schema::kGrantWrittenOff) {
        pot->drop(step.peer, step.epoch);
    }
    return write_pot(state, step.of, logged.event.key, *pot);
}

}  // namespace

Result<std::vector<Event>> take_grant(const State& state, const Setting& setting,
                                      const Position& origin, const Event& notice,
                                      const GrantStep& step, schema::Timestamp at) {
    const Taking taking{state, setting, origin, notice, step, at};
    if (notice.kind == schema::kGrantGiven) return take_given(taking);
    if (notice.kind == schema::kGrantRecalled) return take_recalled(taking);
    if (notice.kind == schema::kGrantReturned || notice.kind == schema::kGrantClosed) {
        return take_back(taking);
    }
    if (notice.kind == schema::kGrantAsked) return take_asked(taking);
    if (notice.kind == schema::kGrantRefused) {
        GrantStep mine = taking.own(setting.epoch, step.amount);
        mine.reason = step.reason;
        return taking.event(schema::kGrantNoted, {}, mine);
    }
    return std::vector<Event>{};
}

Result<std::uint64_t> apply_grant(State& state, const LoggedEvent& logged) {
    const auto step = schema::decode_grant_step(parser(), logged.event.payload);
    if (!step) return tl::unexpected(step.error());
    if (!step->cause.store.value().empty()) note_taken(state, step->cause);
    const std::string& kind = logged.event.kind;
    const bool holder = kind == schema::kGrantTaken || kind == schema::kGrantAsked ||
                        kind == schema::kGrantNoted || kind == schema::kGrantReturned ||
                        kind == schema::kGrantClosed;
    const auto done =
        holder ? apply_at_holder(state, logged, *step) : apply_at_home(state, logged, *step);
    if (!done) return tl::unexpected(done.error());
    return step->flags;
}

}  // namespace filial::ledger
