// How things end in a world: no round goes on for ever, and a store leaves as its publisher does it
// by itself (publisher/hand_over.h), with head office after it.
#include <algorithm>

#include "ledger/customers_rules.h"
#include "ledger/debts.h"
#include "ledger/leaving.h"
#include "test/unit/ledger/world.h"

namespace filial::test {

using schema::GrantOf;
using schema::Operation;
using K = schema::OperationKind;

namespace {

Operation said(K kind, const std::string& subject, const std::string& peer = {}) {
    Operation operation;
    operation.kind = kind;
    operation.subject = subject;
    operation.peer = peer;
    return operation;
}

}  // namespace

/// What it holds of others, and its customers; `waits` where somebody else has to do something.
std::vector<Operation> World::left_to_do(const Store& store, const std::string& heir,
                                         bool& waits) const {
    std::vector<Operation> found;
    for (const Book::Pool& pool : pools_) {
        const GrantOf of = pool.stock ? GrantOf::stock : GrantOf::credit;
        const auto room = ledger::read_room(store.state, of, names_[0], pool.name);
        const auto left =
            room ? ledger::room_left(store.state, of, pool.name, *room, store.epoch) : std::nullopt;
        if (left && left->value_or(0) > 0) {
            found.push_back(said(pool.stock ? K::reserve_return : K::grant_return, pool.name,
                                 pool.stock ? room->home : ""));
        }
        if (pool.stock) {
            const auto pot = ledger::read_pot(store.state, of, pool.name);
            waits = waits || (pot && (!pot->shares.empty() || !pot->claims.empty()));
            continue;
        }
        const auto view = ledger::credit_view(store.state, store.id, pool.name);
        if (!view || !view->is_home) continue;
        const ledger::Standing standing = view->pot.standing;
        const bool here =
            standing == ledger::Standing::open || standing == ledger::Standing::fenced;
        if (!here) continue;
        if (standing == ledger::Standing::fenced) {
            waits = true;
        } else if (view->pot.blocked) {
            found.push_back(said(K::unblock_customer, pool.name));
        } else {
            found.push_back(said(K::move_home, pool.name, heir));
        }
    }
    return found;
}

/// The next things that a store which leaves does by itself; `left` once there is nothing to do.
void World::hand_over(std::size_t who) {
    Store& store = stores_[who];
    const auto known = ledger::leaving(store.state);
    if (!known) return fail("what a store says of its leaving is not read");
    if (known->heir.empty() || known->done) return;
    bool waits = false;
    auto found = left_to_do(store, known->heir, waits);
    if (found.empty() && !waits) found.push_back(said(K::left, store.id.value()));
    for (Operation& operation : found) {
        operation.at = clock();
        hand_in(who, operation);
    }
}

/// It says that it leaves, for another store.
void World::leave(std::size_t who) {
    const std::size_t heir = (who + 1 + pick(stores_.size() - 1)) % stores_.size();
    Operation operation = said(K::leave, names_[who], names_[heir]);
    operation.at = clock();
    hand_in(who, operation);
}

/// Whoever has heard that a store left retires it, in order.
void World::retire_left() {
    const std::size_t who = pick(stores_.size());
    const auto lives = ledger::Lives::read(stores_[who].state);
    if (!lives) return fail("lives are not read");
    for (std::size_t s = 0; s < stores_.size(); ++s) {
        const ledger::Life life = lives->of(names_[s]);
        if (s == who || !life.left || life.retired) continue;
        Operation operation = said(K::retire_store, names_[s]);
        operation.at = clock();
        if (hand_in(who, operation)) ++happened_["retired in order"];
        return;
    }
}

/// One store leaves to the very end, while nobody else does anything: it holds nothing then, and
/// nobody counts anything as lost with it.
void World::leave_in_order() {
    const std::size_t who = 1 + pick(stores_.size() - 1);
    leave(who);
    for (int round = 0; round < 8; ++round) {
        hand_over(who);
        all_news();
        decide_rounds();
        const auto so_far = ledger::leaving(stores_[who].state);
        if (so_far && so_far->done) break;
    }
    all_news();
    const auto known = ledger::leaving(stores_[who].state);
    if (!known) return fail("what a store says of its leaving is not read");
    if (!known->done) return check_waits(who);
    Operation retire = said(K::retire_store, names_[who]);
    retire.at = clock();
    const std::size_t office = who == 1 ? 2 : 1;
    const auto lives = ledger::Lives::read(stores_[office].state);
    if (!lives) return fail("lives are not read");
    if (!lives->of(names_[who]).retired) {
        const bool done = hand_in(office, retire);
        if (done) ++happened_["retired in order"];
        if (!done && !plan_.planted) fail(names_[who] + " has left, and is not retired");
    }
    all_news();
    ++happened_["left in order"];
    for (const Store& store : stores_) {
        for (const Book::Pool& pool : pools_) {
            const GrantOf of = pool.stock ? GrantOf::stock : GrantOf::credit;
            const auto pot = ledger::read_pot(store.state, of, pool.name);
            const auto* share = pot ? pot->share(names_[who], stores_[who].epoch) : nullptr;
            if (&store == &stores_[who] || share == nullptr || share->out <= 0) continue;
            // What is at home nowhere is nobody's; a former home keeps what it was told too late.
            if (!pot->known || pot->standing == ledger::Standing::moved) continue;
            if (!plan_.planted) {
                fail(names_[who] + " left in order, and " + store.id.value() + " still counts " +
                     std::to_string(share->out) + " of " + pool.name + " as held there");
            }
        }
    }
}

/// It may wait for ever only for what nobody but a person can do.
void World::check_waits(std::size_t who) {
    ++happened_["left to wait"];
    bool waits = false;
    const auto known = ledger::leaving(stores_[who].state);
    const auto found = left_to_do(stores_[who], known->heir, waits);
    if (waits || plan_.planted) return;
    for (const Operation& operation : found) {
        // An heir who is retired, or whose round goes on for ever, hands the same customer back.
        if (operation.kind == K::move_home) return;
    }
    fail(names_[who] + " never says that it has left");
}

/// A round goes on for ever only where a lost epoch may have spent what nobody gave up.
void World::check_finished() {
    for (const Store& store : stores_) {
        const auto waiting = ledger::unfinished(store.state);
        if (!waiting) return fail("the rounds under way are not read");
        for (const std::string& customer : *waiting) {
            const auto pot = ledger::read_pot(store.state, schema::GrantOf::credit, customer);
            if (!pot) return fail("a pot is not read");
            if (pot->standing != ledger::Standing::fenced) continue;
            const auto awaited = ledger::awaited(store.state, *pot);
            if (!awaited) return fail("whom a round waits for is not read");
            const bool for_lost = std::any_of(awaited->begin(), awaited->end(),
                                              [](const auto& each) { return each.lost; });
            const std::string what = store.id.value() + ": round of " + customer;
            if (awaited->empty()) return fail(what + " is never decided");
            if (!for_lost) {
                return fail(what + " waits for " +
                            ledger::names_of(*awaited, schema::GrantOf::credit) + " for ever");
            }
        }
    }
    ++happened_["finished"];
}

}  // namespace filial::test
