#include "publisher/chores.h"

#include <cstdlib>

#include "ledger/debts.h"
#include "ledger/pot.h"
#include "schema/trade_payloads.h"

namespace filial::publisher {

using ledger::Pot;
using ledger::Standing;
using schema::Answer;
using schema::Errc;
using schema::fail;
using schema::GrantOf;
using schema::Operation;
using schema::OperationKind;
using schema::Query;
using schema::QueryKind;
using schema::Result;
using schema::RoundFor;
using schema::StoreId;

namespace {

std::string text_of(const std::string& customer, const Pot& pot) {
    const std::string what = pot.purpose == RoundFor::move    ? "change of home"
                             : pot.purpose == RoundFor::merge ? "merge"
                                                              : "close";
    return what + " of customer " + customer + ", round " + std::to_string(pot.rounds);
}

Result<Chore> round_of(const ledger::State& state, const std::string& customer, const Pot& pot) {
    Chore chore;
    chore.customer = customer;
    chore.text = text_of(customer, pot);
    chore.merged = pot.merged;
    const auto awaited = ledger::awaited(state, pot);
    if (!awaited) return tl::unexpected(awaited.error());
    if (awaited->empty()) {
        const bool closes = pot.purpose == RoundFor::close;
        chore.what = closes ? Chore::What::close : Chore::What::verdict;
        return chore;
    }
    for (const ledger::Awaited& each : *awaited) {
        if (!each.lost) chore.awaited.push_back(each.store);
    }
    chore.waits_for = ledger::names_of(*awaited, GrantOf::credit);
    return chore;
}

Operation operation(OperationKind kind, const Chore& chore, schema::Timestamp at) {
    Operation made;
    made.kind = kind;
    made.at = at;
    made.subject = chore.customer;
    return made;
}

}  // namespace

Result<std::vector<Chore>> chores(const ledger::State& state) {
    const auto customers = ledger::unfinished(state);
    if (!customers) return tl::unexpected(customers.error());
    std::vector<Chore> all;
    for (const std::string& customer : *customers) {
        const auto pot = ledger::read_pot(state, GrantOf::credit, customer);
        if (!pot) return tl::unexpected(pot.error());
        if (pot->unnamed) {
            Chore chore;
            chore.what = Chore::What::name_home;
            chore.customer = customer;
            chore.text = "new home of customer " + customer;
            all.push_back(std::move(chore));
        }
        if (pot->standing == Standing::fenced) {
            auto chore = round_of(state, customer, *pot);
            if (!chore) return tl::unexpected(chore.error());
            all.push_back(std::move(*chore));
        } else if (pot->review) {
            Chore chore;
            chore.customer = customer;
            chore.text = "closed account of customer " + customer;
            chore.waits_for =
                "a person: something moved after it was closed, close it again (close-account) or "
                "reopen it (reopen-account)";
            all.push_back(std::move(chore));
        }
    }
    return all;
}

Query question_of(const Chore& chore, const StoreId& self) {
    Query query;
    query.key = chore.customer;
    query.kind = QueryKind::homes;
    if (chore.what != Chore::What::close) return query;
    query.kind = QueryKind::balance;
    query.store = self.value();
    query.after = schema::encode_customers(chore.merged);
    return query;
}

Result<std::vector<Operation>> operations_of(const Chore& chore, const StoreId& self,
                                             const Answer& answer, schema::Timestamp at) {
    if (chore.what != Chore::What::name_home) {
        return std::vector<Operation>{operation(OperationKind::round_verdict, chore, at)};
    }
    schema::SeenWrites seen{{{std::string(), {}}}};
    for (const schema::AnswerRow& row : answer.rows) {
        const auto& positions = row.freshness.positions;
        seen.fields.front().writes.insert(seen.fields.front().writes.end(), positions.begin(),
                                          positions.end());
    }
    // Said beside what has not come yet it would be a second home, and not the new one.
    if (answer.rows.empty()) {
        return fail(Errc::stale, "the replica does not know the customer yet");
    }
    Operation edit = operation(OperationKind::customer_edit, chore, at);
    edit.peer = self.value();
    edit.payload = schema::encode(seen);
    return std::vector<Operation>{std::move(edit)};
}

Result<ledger::Balance> balance_of(const ledger::State& state, const Chore& chore,
                                   const Answer& answer) {
    if (answer.rows.size() != 1) return fail(Errc::corrupt, "a balance has one row");
    ledger::Balance balance;
    balance.upto = answer.rows[0].freshness.positions;
    for (const auto& [name, cents] : answer.rows[0].fields) {
        if (!name.starts_with("at:")) continue;
        balance.by_store.emplace_back(name.substr(3),
                                      schema::Money{std::strtoll(cents.c_str(), nullptr, 10)});
    }
    std::int64_t sum = answer.rows[0].value;
    for (const std::string& customer : chore.merged) {
        const auto own = ledger::own_debt(state, customer);
        if (!own) return tl::unexpected(own.error());
        const auto more = schema::add(sum, own->value());
        if (!more) return tl::unexpected(more.error());
        sum = *more;
    }
    balance.elsewhere = schema::Money{sum};
    return balance;
}

}  // namespace filial::publisher
