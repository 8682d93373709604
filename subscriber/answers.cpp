#include "subscriber/answers.h"

#include <algorithm>

#include "subscriber/account_pages.h"
#include "subscriber/balances.h"
#include "subscriber/day_pages.h"
#include "subscriber/digest_pages.h"
#include "subscriber/event_pages.h"
#include "subscriber/pages.h"
#include "subscriber/parked_pages.h"

namespace filial::subscriber {

using schema::Answer;
using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;
using schema::StoreId;

namespace {

/// Marks of stores that are all there come seconds apart.
constexpr std::int64_t kMarksApart = 60 * core::kSecond;

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

std::string shown_text(const ledger::FieldValue& value, bool sealed) {
    if (!sealed) return value.value;
    return std::to_string(value.key_id) + ":" + schema::to_hex(value.nonce) + ":" +
           schema::to_hex(value.value);
}

void add_field(AnswerRow& row, const ledger::MergedField& field) {
    const std::string name = field.sealed ? "sealed:" + field.name : field.name;
    row.fields.emplace_back(name, shown_text(field.values.front(), field.sealed));
    if (!field.conflict()) return;
    std::string others;
    for (std::size_t i = 1; i < field.values.size(); ++i) {
        if (field.values[i].value == field.shown()) continue;
        if (!others.empty()) others += " | ";
        others += shown_text(field.values[i], field.sealed);
    }
    row.fields.emplace_back("conflict:" + name, others);
}

}  // namespace

std::string Answers::topic_of(const Query& query) {
    switch (query.kind) {
        case QueryKind::stock:
        case QueryKind::list_stock:
        case QueryKind::export_stock:
            return std::string(schema::kTopicStock);
        case QueryKind::customer:
        case QueryKind::export_customers:
            return std::string(schema::kTopicCustomers);
        case QueryKind::debt:
        case QueryKind::list_debts:
        case QueryKind::export_debts:
        case QueryKind::export_debts_by_store:
        case QueryKind::balance:
        case QueryKind::account:
            return std::string(schema::kTopicDebts);
        case QueryKind::homes:
            return std::string(schema::kTopicCustomers);
        case QueryKind::export_in_transit:
        case QueryKind::list_transfers:
        case QueryKind::day_totals:
            return std::string(schema::kTopicControl);
        case QueryKind::list_rounds:
            return std::string(schema::kTopicAccounts);
        case QueryKind::list_grants:
        case QueryKind::list_requests:
        case QueryKind::account_tasks:
            return std::string(query.topic == schema::kTopicStock ? schema::kTopicControl
                                                                  : schema::kTopicAccounts);
        case QueryKind::conflicts:
            return std::string(schema::kTopicCustomers);
        case QueryKind::reached:
            if (!query.topic.empty()) break;
            return std::string(schema::kTopicStock);
        case QueryKind::flagged:
            return std::string(schema::kTopicStock);
        case QueryKind::why:
        case QueryKind::value:
        case QueryKind::official:
        case QueryKind::parked:
        case QueryKind::parked_events:
        case QueryKind::digests:
            break;
        case QueryKind::verdicts:
        case QueryKind::findings:
            return std::string(schema::kTopicControl);
    }
    return query.topic;
}

std::int64_t Answers::policy_us(const Query& query) const {
    if (query.max_age_us >= 0) return query.max_age_us;
    const std::string topic = topic_of(query);
    if (topic == schema::kTopicStock) return policy_.stock_us;
    if (topic == schema::kTopicCustomers) return policy_.customers_us;
    if (topic == schema::kTopicDebts) return policy_.debts_us;
    return policy_.other_us;
}

schema::Freshness Answers::freshness(const Query& query, const StoreId& store) const {
    return ledger::judge({replica_.heard(store, topic_of(query), clock_)}, true, policy_us(query));
}

schema::Freshness Answers::freshness_of_all(const Query& query) const {
    std::vector<ledger::Heard> logs;
    const std::string topic = topic_of(query);
    for (const StoreId& store : replica_.stores()) {
        logs.push_back(replica_.heard(store, topic, clock_));
    }
    return ledger::judge(logs, replica_.wants_all_stores(), policy_us(query));
}

Result<schema::Freshness> Answers::freshness_of_debt(const Query& query, AnswerRow& row) const {
    const schema::Freshness all = freshness_of_all(query);
    if (row.store.empty()) return all;
    const auto by_home = replica_.heard_by_home(StoreId{row.store}, clock_);
    if (!by_home) return all;
    const auto holders = replica_.accounts().holders(row.store, query.key);
    if (!holders) return tl::unexpected(holders.error());
    schema::Freshness freshness = ledger::judge({*by_home}, !all.partial, policy_us(query));
    freshness.positions = all.positions;
    for (const std::string& name : *holders) {
        if (name == row.store) continue;
        const ledger::Heard holder = replica_.heard(StoreId{name}, topic_of(query), clock_);
        const bool as_new =
            holder.ever && holder.age_exact && holder.age_us <= by_home->age_us + kMarksApart;
        if (as_new) continue;
        row.fields.emplace_back("unheard:" + name,
                                holder.ever ? std::to_string(holder.age_us / core::kSecond) : "");
        const bool within = holder.ever && holder.age_exact && holder.age_us <= policy_us(query);
        if (!within && freshness.verdict < schema::Verdict::ask) {
            freshness.verdict = schema::Verdict::ask;
        }
    }
    const bool forked = !replica_.forked().empty();
    if (forked && freshness.verdict == schema::Verdict::fresh) {
        freshness.verdict = schema::Verdict::notice;
    }
    return freshness;
}

tl::unexpected<schema::Error> Answers::not_found(const Query& query) const {
    std::vector<std::string> stores;
    for (const StoreId& store : replica_.stores()) stores.push_back(store.value());
    std::string where =
        stores.empty() ? "no store's log has come here yet" : "logs here: " + joined(stores);
    if (!replica_.wants_all_stores()) where += "; not all stores are subscribed";
    return schema::fail(Errc::not_found,
                        topic_of(query) + " " + query.key + ": not known here (" + where + ")");
}

Result<Answer> Answers::answer(const Query& query, const MayRead& may) const {
    if (query.kind == QueryKind::digests) return digest_rows(replica_, query);
    if (is_of_replica(query.kind)) return ParkedPages(replica_, query).page();
    const std::string topic = topic_of(query);
    if (!replica_.wants_topic(topic)) {
        const bool comes_along = topic == schema::kTopicAccounts;
        return schema::fail(Errc::not_held,
                            "topic " + topic + " is not subscribed here" +
                                (comes_along ? ", since neither debts nor customers are" : "") +
                                "; " + joined(replica_.topics()) + " are");
    }
    Result<Answer> answer;
    switch (query.kind) {
        case QueryKind::stock:
            answer = stock(query);
            break;
        case QueryKind::customer:
            answer = customer(query);
            break;
        case QueryKind::debt:
            answer = debt(query);
            break;
        case QueryKind::value:
            answer = value(query);
            break;
        case QueryKind::list_stock:
        case QueryKind::list_debts:
        case QueryKind::export_stock:
        case QueryKind::export_debts:
        case QueryKind::export_debts_by_store:
        case QueryKind::export_customers:
        case QueryKind::export_in_transit:
        case QueryKind::list_transfers:
        case QueryKind::conflicts:
            answer = Pages(*this, query).page();
            break;
        case QueryKind::why:
        case QueryKind::flagged:
        case QueryKind::verdicts:
        case QueryKind::findings:
            answer = EventPages(*this, query, may).page();
            break;
        case QueryKind::reached:
        case QueryKind::day_totals:
            answer = DayPages(*this, query).page();
            break;
        case QueryKind::balance:
            answer = balance_elsewhere(replica_, query);
            break;
        case QueryKind::homes:
            answer = named_homes(replica_, query);
            break;
        case QueryKind::account:
        case QueryKind::list_rounds:
        case QueryKind::list_grants:
        case QueryKind::list_requests:
        case QueryKind::account_tasks:
            answer = AccountPages(*this, query).page();
            break;
        default:
            return schema::fail(Errc::invalid, "this question is not known here");
    }
    if (!answer) return answer;
    answer->request = query.request;
    say_forks(query, *answer);
    say_parked(replica_, query, *answer);
    return answer;
}

void Answers::say_forks(const Query& query, Answer& answer) const {
    if (query.kind > QueryKind::value) return;  // Rows of lists have their verdict alone.
    const bool of_one = query.kind == QueryKind::stock || query.kind == QueryKind::value;
    for (const StoreId& store : replica_.forked()) {
        for (AnswerRow& row : answer.rows) {
            const bool about = !of_one || row.store == store.value();
            if (about) row.fields.emplace_back("forked", replica_.fork_of(store));
        }
    }
}

/// In any log: all that was ever said of it may be parked.
bool Answers::is_named(std::string_view topic, const std::string& key) const {
    const auto stores = replica_.stores();
    return std::any_of(stores.begin(), stores.end(), [&](const StoreId& store) {
        return replica_.parked().is_named(store, topic, key);
    });
}

Result<Answer> Answers::stock(const Query& query) const {
    Answer answer;
    answer.unit = "thousandths";
    std::vector<StoreId> stores;
    if (query.store.empty()) {
        stores = replica_.stores();
    } else {
        stores.emplace_back(query.store);
    }
    for (const StoreId& store : stores) {
        const auto thousandths = replica_.read().stock(store, query.key);
        if (!thousandths) return tl::unexpected(thousandths.error());
        // All that was ever said of it may be parked, or was given up.
        if (!*thousandths && !replica_.parked().is_named(store, schema::kTopicStock, query.key)) {
            continue;
        }
        AnswerRow row;
        row.store = store.value();
        row.key = query.key;
        row.value = thousandths->value_or(0);
        row.freshness = freshness(query, store);
        answer.rows.push_back(std::move(row));
    }
    if (answer.rows.empty()) return not_found(query);
    return answer;
}

AnswerRow Answers::customer_row(const CustomerRecord& record) const {
    const ledger::MergedCustomer merged = ledger::merge(record.parts);
    AnswerRow row;
    row.key = record.customer;
    row.store = merged.home_store();
    if (merged.home) add_field(row, *merged.home);
    for (const ledger::MergedField& field : merged.fields) add_field(row, field);
    return row;
}

Result<void> Answers::add_merged(const ledger::Pot& pot, AnswerRow& row) const {
    for (const std::string& customer : pot.merged) {
        const auto record = replica_.read().customer(customer);
        if (!record) return tl::unexpected(record.error());
        const auto balance = record->balance();
        if (!balance) return tl::unexpected(balance.error());
        row.fields.emplace_back("merged:" + customer, std::to_string(*balance));
    }
    return {};
}

Result<void> Answers::say_standing(const CustomerRecord& record, AnswerRow& row,
                                   bool of_debt) const {
    const auto view = replica_.accounts().credit(record, {});
    // A sum that leaves 64 bits is said where it is asked for.
    if (!view)
        return view.error().code == Errc::overflow ? Result<void>() : tl::unexpected(view.error());
    for (auto& field : AccountPages::remarks(*view)) row.fields.push_back(std::move(field));
    return of_debt ? add_merged(view->pot, row) : Result<void>();
}

Result<Answer> Answers::customer(const Query& query) const {
    const auto record = replica_.read().customer(query.key);
    if (!record) return tl::unexpected(record.error());
    if (record->parts.empty() && !is_named(schema::kTopicCustomers, query.key)) {
        return not_found(query);
    }
    Answer answer;
    answer.rows.push_back(customer_row(*record));
    if (const auto said = say_standing(*record, answer.rows.back(), false); !said) {
        return tl::unexpected(said.error());
    }
    answer.rows.back().freshness = freshness_of_all(query);
    return answer;
}

Result<AnswerRow> Answers::debt_row(const CustomerRecord& record) const {
    const auto balance = record.balance();
    if (!balance) return tl::unexpected(balance.error());
    AnswerRow row;
    row.key = record.customer;
    row.store = record.home();
    row.value = *balance;
    row.second = record.limit(row.store);
    row.pending = replica_.pending_cents(record.customer, row.store);
    row.fields.emplace_back("home", row.store);
    return row;
}

Result<Answer> Answers::debt(const Query& query) const {
    const auto record = replica_.read().customer(query.key);
    if (!record) return tl::unexpected(record.error());
    if (record->empty() && !is_named(schema::kTopicDebts, query.key)) return not_found(query);
    auto row = debt_row(*record);
    if (!row) return tl::unexpected(row.error());
    for (const auto& [store, cents] : record->debts) {
        row->fields.emplace_back("at:" + store.value(), std::to_string(cents));
    }
    if (const auto said = say_standing(*record, *row, true); !said) {
        return tl::unexpected(said.error());
    }
    auto freshness = freshness_of_debt(query, *row);
    if (!freshness) return tl::unexpected(freshness.error());
    row->freshness = std::move(*freshness);
    Answer answer;
    answer.unit = "cents";
    answer.rows.push_back(std::move(*row));
    return answer;
}

Result<Answer> Answers::value(const Query& query) const {
    Answer answer;
    for (const StoreId& store : replica_.stores()) {
        if (!query.store.empty() && store.value() != query.store) continue;
        auto found = replica_.read().value(query.topic, store, query.key);
        if (!found) return tl::unexpected(found.error());
        if (!*found && !replica_.parked().contains(store, query.topic, query.key)) continue;
        AnswerRow row;
        row.store = store.value();
        row.key = query.key;
        if (*found) {
            row.payload = std::move((*found)->payload);
            row.fields.emplace_back("at", schema::to_string((*found)->at));
        }
        row.freshness = freshness(query, store);
        answer.rows.push_back(std::move(row));
    }
    if (answer.rows.empty()) return not_found(query);
    return answer;
}

}  // namespace filial::subscriber
