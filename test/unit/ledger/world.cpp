#include "test/unit/ledger/world.h"

#include <algorithm>

#include "ledger/debts.h"

namespace filial::test {

using schema::Errc;
using schema::LoggedEvent;
using schema::Operation;
using schema::Position;
using schema::Sequence;
using K = schema::OperationKind;

namespace {

constexpr schema::ClientId kTill{7};

}  // namespace

World::World(const WorldPlan& plan) : plan_(plan), random_(plan.seed) {
    stores_.resize(static_cast<std::size_t>(plan.stores));
    for (std::size_t i = 0; i < stores_.size(); ++i) {
        Store& store = stores_[i];
        store.id = schema::StoreId{"store" + std::to_string(i)};
        store.read.resize(stores_.size());
        store.inputs.rules = plan.rules;
        store.inputs.policy.credit = {chance(500), 2'000, 6'000, chance(300) ? 1'000 : 0};
        store.inputs.policy.stock = {chance(500), 3'000, 9'000, 0};
        names_.push_back(store.id.value());
    }
    const std::string second = names_[1 % names_.size()];
    pools_ = {{"ann", names_[pick(names_.size())], 0, false},
              {"bob", second, 1, false},
              {"bobby", names_[pick(names_.size())], 1, false},
              {kSku, names_[0], 2, true}};
    for (const Book::Pool& pool : pools_) {
        if (pool.stock) continue;
        for (std::size_t i = 0; i < stores_.size(); ++i) {
            // Some stores do not know some customers.
            if (pool.home != names_[i] && chance(300)) continue;
            Operation add;
            add.kind = K::customer_add;
            add.subject = pool.name;
            add.peer = pool.home;
            hand_in(i, add);
        }
    }
    operations_ = 0;
    for (Store& store : stores_) store.acked = store.log.size();
}

void World::fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
}

/// Years forth and back: nothing may hang on it.
schema::Timestamp World::clock() {
    return schema::Timestamp{static_cast<std::int64_t>(random_() % (std::uint64_t{1} << 53))};
}

std::string World::any_customer() { return pools_[pick(3)].name; }

std::size_t World::home_of(const std::string& customer) {
    for (std::size_t i = 0; i < stores_.size(); ++i) {
        const auto view = ledger::credit_view(stores_[i].state, stores_[i].id, customer);
        if (view && view->is_home && view->pot.standing != ledger::Standing::moved) return i;
    }
    return pick(stores_.size());
}

void World::book(Store& store, ledger::Decision decision) {
    if (decision.events.empty()) return;
    ledger::write(store.state, std::move(decision.changes));
    for (LoggedEvent& logged : decision.events) {
        store.items.push_back(item_of(logged));
        store.log.push_back(std::move(logged));
    }
    store.items.back().ends_write = true;
}

bool World::hand_in(std::size_t who, const Operation& operation) {
    Store& store = stores_[who];
    ++operations_;
    const Position next{store.id, store.epoch, Sequence{store.log.size() + 1}};
    auto decision = ledger::decide_ticket(store.state, next, kTill, ++store.tickets,
                                          {&operation, 1}, store.inputs);
    const std::string name(schema::operation_info(operation.kind).name);
    if (!decision) {
        const Errc code = decision.error().error.code;
        const bool told_why = code == Errc::refused || code == Errc::stale;
        if (!told_why && !plan_.planted) fail(name + ": " + decision.error().error.message);
        ++happened_[name + " refused"];
        return false;
    }
    ++happened_[name];
    const bool verdict = operation.kind == K::round_verdict;
    book(store, std::move(*decision));
    if (verdict && store.log.back().event.kind == schema::kAccountClosed) {
        check_verdict(store, operation.subject);
        check_a_cut();
    }
    for (const Item& item : store.items) {
        if (item.kind == schema::kAccountHanded && item.purpose == schema::RoundFor::merge) {
            merged_.insert(item.key);
        }
    }
    return true;
}

/// What the store's replica would say: all that it has read, or less, which has to be noticed.
void World::read_balance(Store& store, const std::string& customer, bool whole) {
    ledger::Balance balance;
    std::int64_t sum = 0;
    const std::size_t self = static_cast<std::size_t>(&store - stores_.data());
    const bool old = !whole && chance(100);
    for (std::size_t i = 0; i < stores_.size(); ++i) {
        const Store& other = stores_[i];
        const std::size_t upto = std::min(store.read[i], other.items.size());
        for (std::size_t at = 0; at < (i == self ? other.items.size() : upto); ++at) {
            const Item& item = other.items[at];
            const bool alias = merged_.contains(item.key) && customer != "ann" && item.key != "ann";
            if (item.kind != schema::kDebtMoved || (item.key != customer && !alias)) continue;
            if (i == self && item.key == customer) continue;  // The own log says that itself.
            sum += item.amount;
        }
        if (i == self || upto == 0 || old) continue;
        balance.upto.push_back({other.id, other.items[upto - 1].epoch, Sequence{upto}});
    }
    balance.elsewhere = schema::Money{sum};
    store.inputs.balances[customer] = balance;
}

/// Whoever could charge has answered: no charge may turn up that home did not know.
void World::check_verdict(const Store& store, const std::string& customer) {
    ++happened_["closed"];
    for (std::size_t i = 0; i < stores_.size(); ++i) {
        const Store& other = stores_[i];
        if (&other == &store) continue;
        for (std::size_t at = store.read[i]; at < other.items.size(); ++at) {
            const Item& item = other.items[at];
            const bool charge = item.kind == schema::kDebtMoved && item.reason == "charge" &&
                                !item.fact() && item.key == customer;
            if (charge) fail(customer + " was closed before a charge of " + other.id.value());
        }
    }
    std::int64_t sum = 0;
    for (const Item& item : store.items) {
        if (item.kind == schema::kDebtMoved && item.key == customer) sum += item.amount;
    }
    sum += store.inputs.balances.at(customer).elsewhere.value();
    if (sum != 0) fail(customer + " was closed with a balance of " + std::to_string(sum));
}

void World::take(std::size_t to, std::size_t from, std::size_t most) {
    Store& receiver = stores_[to];
    const Store& sender = stores_[from];
    if (to == from) return;
    const std::size_t end = plan_.filters_notices ? sender.acked : sender.log.size();
    std::size_t& read = receiver.read[from];
    read = std::min(read, end);
    for (; read < end && most > 0; ++read, --most) {
        const LoggedEvent& logged = sender.log[read];
        if (!schema::is_notice_topic(logged.event.topic)) continue;
        const Position next{receiver.id, receiver.epoch, Sequence{receiver.log.size() + 1}};
        const Position origin{sender.id, logged.epoch, logged.seq};
        auto decision = ledger::decide_notice(receiver.state, next, origin, logged.event, clock(),
                                              receiver.inputs);
        if (!decision && decision.error().code == schema::Errc::overflow) {
            decision =
                ledger::decide_undecided(receiver.state, next, origin, logged.event, clock());
        }
        if (!decision) {
            if (!plan_.planted) fail("notice: " + decision.error().message);
            continue;
        }
        book(receiver, std::move(*decision));
    }
}

/// Its state is what its log says.
void World::restart(Store& store) {
    ++happened_["restart"];
    ledger::MapState state;
    for (const LoggedEvent& logged : store.log) {
        if (!ledger::apply(state, logged)) fail("a log is not replayed");
    }
    if (state.all() != store.state.all()) fail("a state is not what its log says");
    store.state = std::move(state);
}

/// The machine is replaced: the log goes on from what the broker has, in a new epoch.
void World::restore(Store& store) {
    ++happened_["restore"];
    store.lost.assign(store.items.begin() + static_cast<std::ptrdiff_t>(store.acked),
                      store.items.end());
    store.log.resize(store.acked);
    store.items.resize(store.acked);
    store.state = ledger::MapState{};
    for (const LoggedEvent& logged : store.log) {
        if (!ledger::apply(store.state, logged)) fail("a log is not replayed");
    }
    std::fill(store.read.begin(), store.read.end(), std::size_t{0});
    store.epoch = schema::Epoch{store.epoch.value() + 1};
    LoggedEvent opened{store.epoch, Sequence{store.log.size() + 1}, {}};
    opened.event.topic = schema::kTopicControl;
    opened.event.kind = schema::kLogOpened;
    opened.event.key = store.id.value();
    opened.event.payload = schema::encode(schema::LogOpened{{}, store.epoch, {}, {}});
    store.items.push_back(item_of(opened));
    store.items.back().ends_write = true;
    store.log.push_back(std::move(opened));
    // Nobody hears of the new epoch before a broker has it.
}

/// The old disk turns up: what happened in the world is told again, as facts.
void World::tell_lost(std::size_t who) {
    Store& store = stores_[who];
    if (store.epoch.value() < 2) return;
    for (const Item& item : store.lost) {
        Operation again;
        again.at = clock();
        again.fact = true;
        again.subject = item.key;
        if (item.kind == schema::kDebtMoved && item.amount != 0) {
            again.kind = item.amount > 0 ? K::charge : K::pay;
            again.amount = schema::Money{std::abs(item.amount)};
        } else if (item.kind == schema::kClaimMade) {
            again.kind = K::sell_reserved;
            again.peer = item.peer;
            again.quantity = schema::Quantity{item.amount};
        } else if (item.kind == schema::kStockMoved) {
            again.kind = K::adjust;
            again.quantity = schema::Quantity{item.amount};
        } else {
            continue;
        }
        hand_in(who, again);
    }
    store.lost.clear();
    Operation told;
    told.kind = K::tail_told;
    told.subject = store.id.value();
    hand_in(who, told);
}

void World::step() {
    const std::size_t what = pick(1'000);
    if (what < 8) return ask_again();
    if (what < 546) return operate();
    if (what < 556) return hand_over(pick(stores_.size()));
    if (what < 557) return leave(pick(stores_.size()));
    if (what < 560) return retire_left();
    if (what < 780) return take(pick(stores_.size()), pick(stores_.size()), 1 + pick(8));
    if (what < 960) {
        Store& store = any();
        std::size_t upto = store.acked + pick(store.log.size() - store.acked + 1);
        while (upto > store.acked && !store.items[upto - 1].ends_write) --upto;
        store.acked = upto;
        return;
    }
    if (what < 970) {  // The positions beside the log are lost: all notices come again.
        Store& store = any();
        std::fill(store.read.begin(), store.read.end(), std::size_t{0});
        ++happened_["notices again"];
        return;
    }
    if (what < 980) return restart(any());
    if (what < 986 && plan_.restores) return restore(any());
    if (what < 992 && plan_.restores) return tell_lost(pick(stores_.size()));
    check_a_cut();
}

/// The greatest causally closed set of prefixes below what is drawn.
void World::check_a_cut() {
    std::vector<std::size_t> upto;
    for (const Store& store : stores_) upto.push_back(pick(store.items.size() + 1));
    for (bool closed = false; !closed;) {
        closed = true;
        for (std::size_t s = 0; s < stores_.size(); ++s) {
            const Store& store = stores_[s];
            std::size_t end = 0;
            for (std::size_t at = 0; at < upto[s]; ++at) {
                const Position& cause = store.items[at].cause;
                if (!cause.store.value().empty()) {
                    const auto from = static_cast<std::size_t>(
                        std::find(names_.begin(), names_.end(), cause.store.value()) -
                        names_.begin());
                    const auto index = static_cast<std::size_t>(cause.seq.value()) - 1;
                    const auto& items = stores_[from].items;
                    const bool exists = index < items.size() && items[index].epoch == cause.epoch;
                    if (exists && index >= upto[from]) break;
                }
                if (store.items[at].ends_write) end = at + 1;
            }
            if (end != upto[s]) closed = false;
            upto[s] = end;
        }
    }
    check(upto);
    upto.clear();
    for (const Store& store : stores_) upto.push_back(store.items.size());
    check(upto);
}

void World::check(std::vector<std::size_t> upto) {
    if (!wrong_.empty()) return;
    Book book(names_, pools_);
    for (std::size_t s = 0; s < stores_.size(); ++s) {
        for (std::size_t at = 0; at < upto[s]; ++at) {
            const std::string wrong = book.add(names_[s], stores_[s].items[at]);
            if (!wrong.empty()) fail(names_[s] + " event " + std::to_string(at + 1) + ": " + wrong);
        }
    }
    fail(book.wrong());
}

std::string World::story() const {
    std::string text;
    for (const Store& store : stores_) {
        for (const Item& item : store.items) {
            text += store.id.value() + " " + std::to_string(item.epoch.value()) + "/" +
                    std::to_string(item.seq.value()) + " " + item.kind + " " + item.key + " " +
                    std::to_string(item.amount) + " " + item.reason + item.taken_kind + " peer " +
                    item.peer + " to " + item.addressee + " cause " + to_string(item.cause) +
                    (item.roomed ? " roomed" : "") + (item.closes ? " closes" : "") +
                    (item.fact() ? " fact" : "") + " beyond " + std::to_string(item.beyond) + "\n";
        }
    }
    return text;
}

void World::all_news() {
    for (int round = 0; round < 6; ++round) {
        for (std::size_t s = 0; s < stores_.size(); ++s) stores_[s].acked = stores_[s].log.size();
        for (std::size_t to = 0; to < stores_.size(); ++to) {
            for (std::size_t from = 0; from < stores_.size(); ++from) {
                take(to, from, stores_[from].log.size() + 1);
            }
        }
    }
}

/// As the publishers do by themselves: whoever is home decides with a replica that has read all.
void World::decide_rounds() {
    for (std::size_t s = 0; s < stores_.size(); ++s) {
        const auto waiting = ledger::unfinished(stores_[s].state);
        if (!waiting) return fail("the rounds under way are not read");
        for (const std::string& customer : *waiting) {
            const auto pot = ledger::read_pot(stores_[s].state, schema::GrantOf::credit, customer);
            if (!pot) return fail("a pot is not read");
            if (pot->standing != ledger::Standing::fenced) continue;
            Operation verdict;
            verdict.kind = K::round_verdict;
            verdict.at = clock();
            verdict.subject = customer;
            read_balance(stores_[s], customer, true);
            hand_in(s, verdict);
        }
    }
}

void World::settle() {
    all_news();
    for (std::size_t s = 0; s < stores_.size(); ++s) tell_lost(s);
    // A verdict may hand an account to a store whose own round begins with it.
    for (int round = 0; round < 4; ++round) {
        all_news();
        decide_rounds();
    }
    all_news();
    check_a_cut();
    if (wrong_.empty() && !plan_.planted) check_finished();
    if (!wrong_.empty() || chance(500)) return;
    leave_in_order();
    check_a_cut();
}

}  // namespace filial::test
