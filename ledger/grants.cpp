#include "ledger/grants.h"

#include <algorithm>

#include "ledger/debts.h"
#include "ledger/stock.h"

namespace filial::ledger {

using schema::Errc;
using schema::Event;
using schema::fail;
using schema::GrantOf;
using schema::GrantStep;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

/// One operation on grants, whatever they are of.
struct Request {
    GrantOf of;
    const Operation& operation;
    std::int64_t amount;

    std::string what() const {
        return (of == GrantOf::credit ? "customer " : "stock of ") + operation.subject;
    }
    std::string text(std::int64_t of_it) const { return amount_text(of, of_it); }
    GrantStep step(schema::Epoch epoch, std::int64_t of_it) const {
        GrantStep step;
        step.of = of;
        step.peer = operation.peer;
        step.epoch = epoch;
        step.amount = of_it;
        step.document = operation.document;
        step.flags = fact_flag(operation);
        return step;
    }
    Event event(std::string_view kind, std::string_view addressee, const GrantStep& step) const {
        return grant_event(kind, operation.at, operation.subject, addressee, step);
    }
};

/// The pot, if this store may give parts of it.
Result<Pot> own_pot(const State& state, const Setting& setting, const Request& request) {
    if (request.of == GrantOf::stock) return read_pot(state, request.of, request.operation.subject);
    auto view = credit_view(state, setting, request.operation.subject);
    if (!view) return tl::unexpected(view.error());
    if (!view->home.empty() && !view->is_home) {
        return fail(Errc::refused, "the home of " + request.what() + " is " + view->home +
                                       ": it alone gives, and takes back, parts of the limit");
    }
    if (!view->is_home) {
        return fail(Errc::refused, request.what() +
                                       " is not known to be at home here: register "
                                       "the customer, or set the limit, first");
    }
    return std::move(view->pot);
}

Result<std::vector<Event>> decide_give(const State& state, const Setting& setting,
                                       const Request& request) {
    const std::string& holder = request.operation.peer;
    if (holder == setting.self.value()) {
        return fail(Errc::refused, holder +
                                       " is this store, which uses its reserve without a "
                                       "grant: name another one");
    }
    const auto pot = own_pot(state, setting, request);
    if (!pot) return tl::unexpected(pot.error());
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    const std::string no = why_no_grant(*pot, *lives, holder);
    if (!no.empty() && (setting.rules().a_fence_stops_grants || pot->blocked)) {
        return fail(Errc::refused, request.what() + ": " + no);
    }
    const auto left = reserve(state, request.of, request.operation.subject, *pot, setting.rules());
    if (!left) return tl::unexpected(left.error());
    if (request.amount > std::max<std::int64_t>(0, *left) &&
        setting.rules().grants_fit_the_reserve) {
        return fail(Errc::refused,
                    "only " + request.text(std::max<std::int64_t>(0, *left)) + " of " +
                        request.what() + " is left to give: recall what others hold" +
                        (request.of == GrantOf::credit ? ", or raise the limit" : ""));
    }
    return std::vector<Event>{request.event(schema::kGrantGiven, holder,
                                            request.step(lives->of(holder).epoch, request.amount))};
}

Result<std::vector<Event>> decide_return(const State& state, const Setting& setting,
                                         const Request& request) {
    const Operation& operation = request.operation;
    const auto room = read_room(state, request.of, operation.peer, operation.subject);
    if (!room) return tl::unexpected(room.error());
    const auto left = room_left(state, request.of, operation.subject, *room, setting.epoch);
    if (!left) return tl::unexpected(left.error());
    const bool was_refused = !room->refusal.empty() && room->epoch == setting.epoch;
    if (!*left && was_refused && request.amount == 0) {
        // Nothing is held: the refusal is taken note of, which is nobody else's business.
        GrantStep step = request.step(setting.epoch, 0);
        step.peer = room->asked_of;
        return std::vector<Event>{request.event(schema::kGrantReturned, {}, step)};
    }
    if (!*left) {
        return fail(Errc::refused, "no part of " + request.what() +
                                       " is held here: there is nothing to give back");
    }
    const std::int64_t most = std::max<std::int64_t>(0, **left);
    if (request.amount > most) {
        return fail(Errc::refused, "only " + request.text(most) + " of " + request.what() +
                                       " is left here: give back no more than that");
    }
    GrantStep step = request.step(setting.epoch, request.amount == 0 ? most : request.amount);
    step.peer = room->home;
    return std::vector<Event>{request.event(schema::kGrantReturned, room->home, step)};
}

Result<std::vector<Event>> decide_recall(const State& state, const Setting& setting,
                                         const Request& request) {
    const auto pot = own_pot(state, setting, request);
    if (!pot) return tl::unexpected(pot.error());
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    const std::string& holder = request.operation.peer;
    const schema::Epoch epoch = lives->of(holder).epoch;
    if (pot->share(holder, epoch) == nullptr || lives->of(holder).retired) {
        return fail(Errc::refused, holder + " holds no part of " + request.what() +
                                       ": there is nothing to recall, see who does");
    }
    return std::vector<Event>{
        request.event(schema::kGrantRecalled, holder, request.step(epoch, request.amount))};
}

Result<std::vector<Event>> decide_ask(const State& state, const Setting& setting,
                                      const Request& request) {
    std::string home = request.operation.peer;
    if (request.of == GrantOf::credit) {
        const auto view = credit_view(state, setting, request.operation.subject, home);
        if (!view) return tl::unexpected(view.error());
        home = view->home;
    }
    if (home.empty()) {
        return fail(Errc::refused,
                    "the home of " + request.what() + " is not known here: name the store to ask");
    }
    if (home == setting.self.value()) {
        return fail(Errc::refused, request.what() + " is at home here: nobody else can give more");
    }
    GrantStep step = request.step(setting.epoch, request.amount);
    step.peer = home;
    return std::vector<Event>{request.event(schema::kGrantAsked, home, step)};
}

Result<std::vector<Event>> decide_write_off(const State& state, const Setting& setting,
                                            const Request& request) {
    const auto pot = own_pot(state, setting, request);
    if (!pot) return tl::unexpected(pot.error());
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    const std::string& holder = request.operation.peer;
    std::vector<Event> events;
    for (const Share& share : pot->shares) {
        if (share.store != holder || !lives->over(holder, share.epoch)) continue;
        GrantStep step = request.step(share.epoch, share.out);
        step.flags |= schema::kFlagGivenUp;
        events.push_back(request.event(schema::kGrantWrittenOff, {}, step));
    }
    if (events.empty()) {
        return fail(Errc::refused, "nothing of " + request.what() + " was lost with " + holder +
                                       ": what a living store holds is recalled, not written off");
    }
    return events;
}

Result<std::vector<Event>> decide_refuse(const State& state, const Setting& setting,
                                         const Request& request) {
    const auto pot = own_pot(state, setting, request);
    if (!pot) return tl::unexpected(pot.error());
    const std::string& asker = request.operation.peer;
    for (const Amount& waits : pot->requests) {
        if (waits.store != asker) continue;
        const auto lives = Lives::read(state);
        if (!lives) return tl::unexpected(lives.error());
        GrantStep step = request.step(lives->of(asker).epoch, waits.amount);
        step.document.clear();
        step.reason = request.operation.document;
        if (step.reason.empty()) step.reason = "somebody at " + setting.self.value() + " said no";
        return std::vector<Event>{request.event(schema::kGrantRefused, asker, step)};
    }
    return fail(Errc::refused, "no request of " + asker + " for " + request.what() +
                                   " waits here: see `filial grant list`");
}

}  // namespace

Event grant_event(std::string_view kind, schema::Timestamp at, std::string_view id,
                  std::string_view addressee, const GrantStep& step) {
    Event event;
    const bool of_customer = is_grant_kind(kind) && step.of == GrantOf::credit;
    event.topic = of_customer ? schema::kTopicAccounts : schema::kTopicControl;
    event.kind = kind;
    event.at = at;
    event.key = id;
    event.addressee = addressee;
    event.payload = schema::encode(step);
    return event;
}

Result<std::vector<Event>> decide_grant(const State& state, const Setting& setting,
                                        const Operation& operation) {
    const bool credit =
        operation.kind < OperationKind::reserve || operation.kind == OperationKind::grant_refuse;
    const Request request{credit ? GrantOf::credit : GrantOf::stock, operation,
                          credit ? operation.amount.value() : operation.quantity.value()};
    switch (operation.kind) {
        case OperationKind::grant:
        case OperationKind::reserve:
            return decide_give(state, setting, request);
        case OperationKind::grant_return:
        case OperationKind::reserve_return:
            return decide_return(state, setting, request);
        case OperationKind::grant_recall:
        case OperationKind::reserve_recall:
            return decide_recall(state, setting, request);
        case OperationKind::grant_ask:
        case OperationKind::reserve_ask:
            return decide_ask(state, setting, request);
        case OperationKind::grant_write_off:
        case OperationKind::reserve_write_off:
            return decide_write_off(state, setting, request);
        case OperationKind::grant_refuse:
        case OperationKind::reserve_refuse:
            return decide_refuse(state, setting, request);
        default:
            return fail(Errc::invalid, "not an operation on grants");
    }
}

Result<std::vector<Event>> recall_shares(const State& state, schema::Timestamp at, GrantOf of,
                                         std::string_view id, const Pot& pot, std::int64_t missing,
                                         const std::string& reason, std::uint64_t round) {
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    std::vector<Event> events;
    for (const Share& share : pot.shares) {
        if (lives->over(share.store, share.epoch)) continue;
        if (missing > 0 && share.out <= 0) continue;
        GrantStep step;
        step.of = of;
        step.peer = share.store;
        step.epoch = share.epoch;
        step.amount = missing > 0 ? std::min(missing, share.out) : 0;
        step.round = round;
        step.closes = missing == 0;
        step.reason = reason;
        events.push_back(grant_event(schema::kGrantRecalled, at, id, share.store, step));
    }
    return events;
}

Result<std::vector<Event>> top_up(const State& state, const Setting& setting, schema::Timestamp at,
                                  GrantOf of, std::string_view id, const Room& room,
                                  std::int64_t left, std::int64_t just_used) {
    const TopUp& policy = of == GrantOf::credit ? setting.policy().credit : setting.policy().stock;
    std::vector<Event> events;
    if (!policy.on || room.asked || left >= policy.low_water) return events;
    std::int64_t used = just_used;
    if (of == GrantOf::credit) {
        const auto own = own_debt(state, id);
        if (!own) return tl::unexpected(own.error());
        const auto since = minus(room.mark);
        if (!since) return tl::unexpected(since.error());
        const auto sum = sum_of({own->value(), just_used, *since});
        if (!sum) return tl::unexpected(sum.error());
        used = *sum;
    }
    GrantStep step;
    step.of = of;
    step.peer = room.home;
    step.epoch = setting.epoch;
    step.amount = std::max(policy.target, used) - std::max<std::int64_t>(0, left);
    step.reason = "below " + amount_text(of, policy.low_water);
    if (step.amount <= 0) return events;
    events.push_back(grant_event(schema::kGrantAsked, at, id, room.home, step));
    return events;
}

std::string why_no_grant(const Pot& pot, const Lives& lives, std::string_view holder) {
    if (lives.of(std::string(holder)).retired) return std::string(holder) + " is retired";
    if (pot.blocked) return "it is blocked, nothing is granted until unblock-customer";
    switch (pot.standing) {
        case Standing::open:
            return {};
        case Standing::fenced:
            return "nothing is granted until the verdict of round " + std::to_string(pot.rounds);
        case Standing::closed:
            return "the account is closed, use reopen-account first";
        case Standing::moved:
            return "it has moved to " + pot.peer + ", ask there";
    }
    return {};
}

bool is_grant_kind(std::string_view kind) { return kind.rfind("grant.", 0) == 0; }

}  // namespace filial::ledger
