// What people do in a world: drawn so that the few customers and stores meet often.
#include "test/unit/ledger/world.h"

#include "ledger/debts.h"

namespace filial::test {

using schema::Money;
using schema::Operation;
using schema::Quantity;
using K = schema::OperationKind;

Operation World::money_operation(std::size_t& who) {
    Operation o;
    o.subject = any_customer();
    o.amount = Money{static_cast<std::int64_t>(1 + pick(4'000))};
    o.document = chance(500) ? "D" + std::to_string(pick(30)) : "";
    // A till that was shown the customer's home names it.
    if (chance(300)) o.peer = names_[home_of(o.subject)];
    const std::size_t what = pick(100);
    if (what < 55) {
        o.kind = K::charge;
        o.fact = chance(60);
    } else if (what < 75) {
        o.kind = K::pay;
    } else if (what < 82) {
        o.kind = K::credit_note;
    } else if (what < 90) {
        o.kind = K::void_document;
        o.subject = "D" + std::to_string(pick(30));
        o.document.clear();
    } else if (what < 95) {  // What is owed is paid, so that accounts can be closed.
        const auto& store = stores_[who];
        const auto view = ledger::credit_view(store.state, store.id, o.subject);
        const auto own = ledger::own_debt(store.state, o.subject);
        const std::int64_t owed = own && view ? own->value() + view->pot.booked : 0;
        o.kind = owed < 0 ? K::charge : K::pay;
        o.fact = owed < 0;
        o.amount = Money{owed == 0 ? 1 : std::abs(owed)};
    } else {
        who = home_of(o.subject);
        const auto view = ledger::credit_view(stores_[who].state, stores_[who].id, o.subject);
        // While nobody is home (an account is handed over), a limit would make a second one.
        o.kind = view && view->is_home ? K::limit : K::pay;
        o.peer.clear();
        o.amount = Money{static_cast<std::int64_t>(pick(20'000))};
    }
    return o;
}

Operation World::grant_operation(std::size_t& who) {
    Operation o;
    o.subject = any_customer();
    o.peer = names_[pick(names_.size())];
    o.amount = Money{static_cast<std::int64_t>(pick(5'000))};
    const std::size_t what = pick(100);
    if (what < 45) {
        o.kind = K::grant;
        if (chance(200)) o.amount = Money{0};  // It only opens the account there.
        if (!chance(50)) who = home_of(o.subject);
    } else if (what < 60) {
        o.kind = K::grant_return;
        o.peer.clear();
        if (chance(500)) o.amount = Money{0};
    } else if (what < 75) {
        o.kind = K::grant_recall;
        if (chance(300)) o.amount = Money{0};
        who = home_of(o.subject);
    } else if (what < 79) {
        o.kind = K::grant_refuse;
        who = home_of(o.subject);
    } else if (what < 90) {
        o.kind = K::grant_ask;
        if (chance(500)) o.peer = names_[home_of(o.subject)];
        o.amount = Money{o.amount.value() + 1};
    } else {
        o.kind = K::grant_write_off;
        who = home_of(o.subject);
    }
    return o;
}

Operation World::stock_operation(std::size_t& who) {
    Operation o;
    o.subject = kSku;
    o.peer = names_[0];
    o.quantity = Quantity{static_cast<std::int64_t>(1 + pick(5)) * 1'000};
    const std::size_t what = pick(100);
    const auto at_the_place = [&](K kind) {
        o.kind = kind;
        o.peer = names_[pick(names_.size())];
        who = 0;
    };
    if (what < 15) {
        at_the_place(K::receive);
        o.quantity = Quantity{20'000};
    } else if (what < 20) {
        at_the_place(chance(500) ? K::count : K::sell);
    } else if (what < 40) {
        at_the_place(K::reserve);
    } else if (what < 65) {
        o.kind = K::sell_reserved;
        o.fact = chance(50);
    } else if (what < 80) {
        at_the_place(K::ship);
        o.fact = chance(50);
    } else if (what < 86) {
        o.kind = K::reserve_return;
        if (chance(300)) o.quantity = Quantity{0};
    } else if (what < 92) {
        at_the_place(K::reserve_recall);
    } else if (what < 97) {
        o.kind = K::reserve_ask;
    } else {
        at_the_place(K::reserve_write_off);
    }
    return o;
}

Operation World::account_operation(std::size_t& who) {
    Operation o;
    o.subject = any_customer();
    const std::size_t what = pick(100);
    if (chance(800)) who = home_of(o.subject);
    if (what < 15) {
        o.kind = K::close_account;
    } else if (what < 22) {
        o.kind = K::move_home;
        o.peer = names_[pick(names_.size())];
    } else if (what < 24) {
        o.subject = "bobby";
        who = home_of("bobby");
        const std::size_t home = home_of("bob");
        const auto view = ledger::credit_view(stores_[home].state, stores_[home].id, "bob");
        // A merge into a customer whose account is being handed over would make a second one.
        const bool at_home = view && view->is_home;
        o.kind = at_home ? K::merge : K::close_account;
        if (at_home) o.fields = {{"into", "bob"}};
        if (at_home) o.peer = names_[home];
    } else if (what < 82) {
        o.kind = K::round_verdict;
        const auto waiting = ledger::unfinished(stores_[who].state);
        if (waiting && !waiting->empty()) o.subject = (*waiting)[pick(waiting->size())];
        read_balance(stores_[who], o.subject);
    } else if (what < 86) {
        o.kind = K::round_cancel;
    } else if (what < 92) {
        o.kind = K::reopen_account;
    } else if (what < 95) {
        o.kind = K::block_customer;
    } else {
        o.kind = K::unblock_customer;
    }
    return o;
}

Operation World::operation(std::size_t& who) {
    const std::size_t what = pick(1'000);
    if (what < 480) return money_operation(who);
    if (what < 650) return grant_operation(who);
    if (what < 850) return stock_operation(who);
    if (what < 999 || stores_.size() < 4 || who + 1 == stores_.size()) {
        return account_operation(who);
    }
    Operation o;
    o.kind = K::retire_store;
    o.fact = true;
    o.subject = names_.back();
    return o;
}

/// The customer comes and pays all that he owes, or gets what he is owed.
void World::settle_debt(std::size_t who, const std::string& customer) {
    std::int64_t owed = 0;
    for (const Store& store : stores_) {
        for (const Item& item : store.items) {
            if (item.kind == schema::kDebtMoved && item.key == customer) owed += item.amount;
        }
    }
    if (owed == 0) return;
    Operation o;
    o.kind = owed > 0 ? K::pay : K::charge;
    o.at = clock();
    o.subject = customer;
    o.amount = Money{std::abs(owed)};
    o.fact = owed < 0;
    hand_in(who, o);
}

/// A round is cancelled, something is given, and the next round begins, all before whoever was
/// asked in the first one has answered.
void World::ask_again() {
    const std::string customer = any_customer();
    const std::size_t home = home_of(customer);
    const auto pot = ledger::read_pot(stores_[home].state, schema::GrantOf::credit, customer);
    if (!pot) return fail("a pot is not read");
    if (pot->standing == ledger::Standing::moved || pot->shares.empty()) return operate();
    const std::string holder = pot->shares[pick(pot->shares.size())].store;
    settle_debt(home, customer);
    const auto say = [&](K kind, const std::string& peer) {
        Operation o;
        o.kind = kind;
        o.at = clock();
        o.subject = customer;
        o.peer = peer;
        if (kind == K::grant && chance(500)) o.amount = Money{1'000};
        return hand_in(home, o);
    };
    if (pot->standing != ledger::Standing::fenced) say(K::close_account, "");
    const std::size_t first = stores_[home].log.size();
    say(K::round_cancel, "");
    if (!say(K::grant, holder) || !say(K::close_account, "")) return;
    ++happened_["round again"];
    if (chance(300)) return;
    // Everybody else answers all that he was asked, that one the first round only.
    stores_[home].acked = stores_[home].log.size();
    for (std::size_t s = 0; s < stores_.size(); ++s) {
        const std::size_t read = stores_[s].read[home];
        const std::size_t upto = names_[s] == holder ? first : stores_[home].log.size();
        take(s, home, upto - std::min(upto, read));
        stores_[s].acked = stores_[s].log.size();
        take(home, s, stores_[s].log.size());
    }
    read_balance(stores_[home], customer, true);
    say(K::round_verdict, "");
}

void World::operate() {
    std::size_t who = pick(stores_.size());
    Operation o = operation(who);
    o.at = clock();
    const auto valid = schema::validate(o);
    if (!valid) return fail("an operation is not well formed: " + valid.error().message);
    hand_in(who, o);
}

}  // namespace filial::test
