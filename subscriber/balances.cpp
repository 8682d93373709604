#include "subscriber/balances.h"

namespace filial::subscriber {

using schema::Answer;
using schema::AnswerRow;
using schema::Errc;
using schema::fail;
using schema::Query;
using schema::Result;
using schema::StoreId;

namespace {

const std::string kDebts(schema::kTopicDebts);

Result<void> may_sum(const Replica& replica, const std::vector<std::string>& customers) {
    if (!replica.wants_all_stores()) {
        return fail(Errc::not_held,
                    "a balance needs the logs of all stores: set [subscriber] stores = [\"*\"]");
    }
    const auto forked = replica.forked();
    if (!forked.empty()) return fail(Errc::stale, replica.fork_of(forked.front()));
    for (const StoreId& store : replica.stores()) {
        for (const std::string& customer : customers) {
            if (!replica.parked().contains(store, kDebts, customer)) continue;
            return fail(Errc::stale, "an event of " + store.value() + " on the debt of customer " +
                                         customer + " is parked here: see `filial why debt " +
                                         customer + "`");
        }
    }
    return {};
}

}  // namespace

Result<Answer> balance_elsewhere(const Replica& replica, const Query& query) {
    schema::Parser parser;
    auto customers = schema::decode_customers(parser, query.after);
    if (!customers) return tl::unexpected(customers.error());
    customers->insert(customers->begin(), query.key);
    if (const auto may = may_sum(replica, *customers); !may) return tl::unexpected(may.error());
    AnswerRow row;
    row.store = query.store;
    row.key = query.key;
    for (const std::string& customer : *customers) {
        const auto record = replica.read().customer(customer);
        if (!record) return tl::unexpected(record.error());
        for (const auto& [store, cents] : record->debts) {
            if (store.value() == query.store) continue;
            const auto sum = schema::add(row.value, cents);
            if (!sum) return fail("balance of " + query.key, sum.error());
            row.value = *sum;
            if (cents != 0) row.fields.emplace_back("at:" + store.value(), std::to_string(cents));
        }
    }
    for (const StoreId& store : replica.stores()) {
        if (store.value() == query.store) continue;
        row.freshness.positions.push_back(
            {store, replica.epoch(store), replica.position(store, kDebts)});
    }
    Answer answer;
    answer.unit = "cents";
    answer.rows.push_back(std::move(row));
    return answer;
}

Result<Answer> named_homes(const Replica& replica, const Query& query) {
    const auto record = replica.read().customer(query.key);
    if (!record) return tl::unexpected(record.error());
    Answer answer;
    const ledger::MergedCustomer merged = ledger::merge(record->parts);
    if (!merged.home) return answer;
    for (const ledger::FieldValue& value : merged.home->values) {
        AnswerRow row;
        row.store = value.position.store.value();
        row.key = value.value;
        row.value = static_cast<std::int64_t>(value.position.seq.value());
        row.freshness.positions = {value.position};
        answer.rows.push_back(std::move(row));
    }
    return answer;
}

}  // namespace filial::subscriber
