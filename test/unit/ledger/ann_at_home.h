#pragma once

#include <doctest/doctest.h>

#include "ledger/pot.h"
#include "test/unit/ledger/store_log.h"

namespace filial::test {

/// Ann at home at store1 with 100.00, of which store2 holds 60.00; store3 holds nothing.
struct AnnAtHome {
    StoreLog home{"store1"};
    StoreLog holder{"store2"};
    StoreLog other{"store3"};

    AnnAtHome() {
        for (StoreLog* store : {&home, &holder, &other}) {
            store->inputs.policy.refuse_beyond_room = true;
            store->done(person(schema::OperationKind::customer_add, "ann", "store1", {}));
        }
        home.done(money(schema::OperationKind::limit, "ann", "100.00"));
        home.done(with_peer(money(schema::OperationKind::grant, "ann", "60.00"), "store2"));
        holder.take_from(home);
    }
    /// Everybody takes what everybody said.
    void exchange() {
        for (int round = 0; round < 3; ++round) {
            for (StoreLog* to : {&home, &holder, &other}) {
                for (StoreLog* from : {&home, &holder, &other}) to->take_from(*from);
            }
        }
    }
    /// What `store`'s replica would say once it has read everything.
    void read_balance(StoreLog& store) {
        ledger::Balance balance;
        std::int64_t sum = 0;
        for (StoreLog* from : {&home, &holder, &other}) {
            if (from == &store) continue;
            for (const auto& logged : from->log()) {
                if (logged.event.kind == "debt.moved") sum += debt(logged).delta.value();
            }
            balance.upto.push_back(
                {from->name(), from->log().back().epoch, from->log().back().seq});
        }
        balance.elsewhere = schema::Money{sum};
        store.inputs.balances["ann"] = balance;
    }
    ledger::Pot pot(const StoreLog& store) {
        const auto pot = ledger::read_pot(store.state(), schema::GrantOf::credit, "ann");
        REQUIRE(pot);
        return *pot;
    }
};

}  // namespace filial::test
