#include "test/sim/operations.h"

#include <algorithm>
#include <array>

#include "ledger/debts.h"

namespace filial::sim {

using schema::Money;
using schema::Operation;
using schema::Quantity;
using K = schema::OperationKind;

namespace {

/// The one SKU of which parts are reserved; its place is the first store.
constexpr const char* kSku = "22423";

}  // namespace

std::optional<schema::Bytes> DiskState::get(schema::ByteView key) const {
    const auto& state = disk_.data().state;
    const auto at = state.find("own/" + schema::Bytes(key));
    if (at == state.end()) return std::nullopt;
    return at->second;
}

Operations::Operations(const Plan& plan, Random& random,
                       std::vector<std::unique_ptr<Machine>>& machines,
                       std::vector<std::string> stores)
    : plan_(plan), random_(random), machines_(machines), stores_(std::move(stores)) {
    pools_ = {{"ann", any_store(), 0, false},
              {"bob", any_store(), 1, false},
              {"bobby", any_store(), 1, false},
              {kSku, stores_[0], 2, true}};
}

const std::string& Operations::home_of(const std::string& customer) {
    for (const auto& machine : machines_) {
        if (machine->publisher_disk.end(machine->store).value() == 0) continue;
        const DiskState state(machine->publisher_disk);
        const auto view = ledger::credit_view(state, machine->store, customer);
        if (view && view->is_home && view->pot.standing != ledger::Standing::moved) {
            return machine->store.value();
        }
    }
    // Nobody just now, or not yet: as people know him.
    for (const test::Book::Pool& pool : pools_) {
        if (pool.name == customer) return pool.home;
    }
    return stores_[0];
}

std::vector<Operation> Operations::beginning(const std::string& store) {
    std::vector<Operation> all;
    for (const test::Book::Pool& pool : pools_) {
        if (pool.stock) continue;
        if (pool.home != store && random_.chance(300)) continue;
        Operation add;
        add.kind = K::customer_add;
        add.subject = pool.name;
        add.peer = pool.home;
        all.push_back(add);
        if (pool.home != store) continue;
        Operation limit;
        limit.kind = K::limit;
        limit.subject = pool.name;
        limit.amount = Money{random_.between(5'000, 20'000)};
        all.push_back(limit);
    }
    if (store == stores_[0]) {
        Operation receive;
        receive.kind = K::receive;
        receive.subject = kSku;
        receive.quantity = Quantity{100'000};
        all.push_back(receive);
    }
    return all;
}

Operation Operations::money(const Machine& machine) {
    Operation o;
    o.subject = any_customer();
    o.amount = Money{random_.between(1, 4'000)};
    o.document = random_.chance(500) ? "D" + std::to_string(random_.below(30)) : "";
    if (random_.chance(300)) o.peer = home_of(o.subject);
    const std::uint64_t what = random_.below(100);
    if (what < 55) {
        o.kind = K::charge;
        o.fact = random_.chance(60);
    } else if (what < 75) {
        o.kind = K::pay;
    } else if (what < 82) {
        o.kind = K::credit_note;
    } else if (what < 90) {
        o.kind = K::void_document;
        o.subject = "D" + std::to_string(random_.below(30));
        o.document.clear();
    } else if (what < 95) {  // What is owed is paid, so that accounts can be closed.
        const DiskState state(machine.publisher_disk);
        const auto view = ledger::credit_view(state, machine.store, o.subject);
        const auto own = ledger::own_debt(state, o.subject);
        const std::int64_t owed = own && view ? own->value() + view->pot.booked : 0;
        o.kind = owed < 0 ? K::charge : K::pay;
        o.fact = owed < 0;
        o.amount = Money{owed == 0 ? 1 : std::abs(owed)};
    } else {
        // While nobody is home (an account is handed over), a limit would make a second one.
        const bool here = !plan_.accounts_move && home_of(o.subject) == machine.store.value();
        o.kind = here ? K::limit : K::pay;
        o.peer.clear();
        o.amount = Money{random_.between(1, 20'000)};
    }
    return o;
}

Operation Operations::grant(const Machine& machine) {
    Operation o;
    o.subject = any_customer();
    o.peer = any_store();
    o.amount = Money{random_.between(1, 5'000)};
    const bool home = home_of(o.subject) == machine.store.value();
    if (home) {
        const std::uint64_t what = random_.below(100);
        o.kind = what < 60 ? K::grant : what < 95 ? K::grant_recall : K::grant_write_off;
        if (o.kind == K::grant_recall && random_.chance(300)) o.amount = Money{0};
        return o;
    }
    o.kind = random_.chance(500) ? K::grant_return : K::grant_ask;
    if (o.kind == K::grant_return) o.peer.clear();
    if (o.kind == K::grant_return && random_.chance(500)) o.amount = Money{0};
    if (o.kind == K::grant_ask) o.peer = home_of(o.subject);
    return o;
}

Operation Operations::reserved(const Machine& machine) {
    Operation o;
    o.subject = kSku;
    o.peer = stores_[0];
    o.quantity = Quantity{random_.between(1, 5) * 1'000};
    const std::uint64_t what = random_.below(100);
    if (machine.store.value() == stores_[0] && what < 60) {
        o.peer = any_store();
        o.kind = what < 8    ? K::receive
                 : what < 12 ? (random_.chance(500) ? K::count : K::sell)
                 : what < 35 ? K::reserve
                 : what < 52 ? K::ship
                             : K::reserve_recall;
        if (o.kind == K::receive) o.quantity = Quantity{20'000};
        o.fact = o.kind == K::ship && random_.chance(50);
        return o;
    }
    o.kind = what < 85 ? K::sell_reserved : what < 93 ? K::reserve_return : K::reserve_ask;
    o.fact = o.kind == K::sell_reserved && random_.chance(50);
    if (o.kind == K::reserve_return && random_.chance(300)) o.quantity = Quantity{0};
    return o;
}

Operation Operations::account(const Machine& machine) {
    Operation o;
    o.subject = any_customer();
    const bool home = home_of(o.subject) == machine.store.value();
    const std::uint64_t what = random_.below(100);
    if (what < 35) {
        o.kind = K::close_account;
    } else if (what < 50 && plan_.accounts_move && home) {
        o.kind = K::move_home;
        o.peer = any_store();
    } else if (what < 54 && plan_.accounts_move && home) {
        o.subject = "bobby";
        const std::string& other = home_of("bob");
        // A merge into a customer whose account is being handed over would make a second one.
        const bool whole = home_of("bobby") == machine.store.value();
        o.kind = whole ? K::merge : K::close_account;
        if (whole) o.fields = {{"into", "bob"}};
        if (whole) o.peer = other;
    } else if (what < 62) {
        o.kind = K::round_cancel;
    } else if (what < 80) {
        o.kind = K::reopen_account;
    } else if (what < 88) {
        o.kind = K::block_customer;
    } else {
        o.kind = K::unblock_customer;
    }
    return o;
}

Operation Operations::goods(const Machine&) {
    Operation o;
    constexpr std::array kinds{K::sell,   K::sell,    K::sell, K::return_goods,
                               K::adjust, K::receive, K::count};
    o.kind = kinds[random_.below(kinds.size())];
    o.subject = "sku" + std::to_string(random_.below(6));
    o.quantity = Quantity{random_.between(1, 9'000)};
    if (o.kind == K::adjust && random_.chance(500)) o.quantity = Quantity{-o.quantity.value()};
    o.document = random_.chance(300) ? "D" + std::to_string(++documents_ % 40) : "";
    return o;
}

Operation Operations::transfer(const Machine& machine) {
    Operation o;
    const bool fresh = transfers_.empty() || random_.chance(350);
    if (fresh) {
        o.kind = K::transfer_send;
        o.subject = machine.store.value() + "-t" + std::to_string(transfers_.size());
        o.peer = any_store();
        o.sku = "sku" + std::to_string(random_.below(6));
        o.quantity = Quantity{random_.between(1, 9) * 1'000};
        transfers_.push_back({o.subject, machine.store.value(), o.peer, o.sku, o.quantity});
        return o;
    }
    const Transfer& known = random_.pick(transfers_);
    o.subject = known.id;
    o.sku = known.sku;
    o.quantity = random_.chance(600) ? known.quantity : Quantity{random_.between(0, 9) * 1'000};
    if (known.to == machine.store.value()) {
        o.kind = random_.chance(800) ? K::transfer_receive : K::transfer_more;
        o.peer = known.from;
    } else if (known.from == machine.store.value()) {
        const std::uint64_t what = random_.below(3);
        o.kind = what == 0 ? K::transfer_cancel
                           : (what == 1 ? K::transfer_correct : K::transfer_write_off);
        o.peer = o.kind == K::transfer_cancel ? known.to : "";
        if (o.kind != K::transfer_cancel) o.sku.clear();
        if (o.kind == K::transfer_cancel) o.quantity = Quantity{0};
        if (o.kind == K::transfer_cancel) o.sku.clear();
    } else {
        return goods(machine);
    }
    return o;
}

Operation Operations::operation(const Machine& machine) {
    const std::uint64_t what = random_.below(1'000);
    if (what < 330) return money(machine);
    if (what < 430) return grant(machine);
    if (what < 540) return reserved(machine);
    if (what < 620) return account(machine);
    if (what < 740) return transfer(machine);
    if (what < 770) {
        Operation o;
        o.kind = K::customer_edit;
        o.subject = any_customer();
        o.fields = {{random_.chance(500) ? "phone" : "street", std::to_string(random_.below(50))}};
        return o;
    }
    if (what < 790) {
        Operation o;
        o.kind = K::publish;
        o.topic = "prices";
        o.subject = "sku" + std::to_string(random_.below(6));
        o.payload = std::to_string(random_.below(1'000));
        o.last_value = true;
        return o;
    }
    return goods(machine);
}

std::vector<Operation> Operations::ticket(const Machine& machine) {
    std::vector<Operation> all;
    const bool receipt = random_.chance(150);
    const std::int64_t lines = receipt ? random_.between(2, 6) : 1;
    for (std::int64_t line = 0; line < lines; ++line) {
        Operation o = receipt ? goods(machine) : operation(machine);
        o.at = machine.clock.wall();
        // A form that people could not enter is nobody's test.
        if (schema::validate(o)) all.push_back(std::move(o));
    }
    if (!all.empty()) return all;
    Operation sale = goods(machine);
    sale.kind = K::sell;
    sale.at = machine.clock.wall();
    sale.quantity = Quantity{1'000};
    return {sale};
}

}  // namespace filial::sim
