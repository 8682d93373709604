#pragma once

#include <map>
#include <string>

#include "core/clock.h"
#include "core/options.h"
#include "schema/query.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// Answers questions from the replica, each row with its as-of.
///
///     stock      a row for each store that ever moved `key` (zeros too): store, key, value in
///                thousandths; the row's freshness is that of its store
///     customer   store = home, key; fields: "home", each field, and "conflict:NAME" with the
///                other values joined by " | "; a sealed field as "sealed:NAME" = key id and
///                ciphertext in hexadecimal
///     debt       store = home, key, value = balance, second = limit, pending; fields: "home" and
///                "at:STORE" = that store's contribution in cents
///     value      a row for each store that has one: store, key, payload
///     list_stock, export_stock            as stock; by store and SKU
///     list_debts, export_debts            as debt without contributions; by customer
///     export_debts_by_store               store, key, value; by customer and store
///     export_customers                    as customer; by customer
///     export_in_transit                   key = transfer, value; fields "from", "to", "sku"
///
/// A row that a log has a part in which stands in two versions (Replica::fork_of) is not fresh; of
/// the first four kinds it has a field "forked" that says so in words.
///
/// Lists and exports come in pages, ordered as the rows of a CSV file are. Only the first row of a
/// page carries positions: a row of a list says how old it is, the page where it stands. A page may
/// hold fewer rows than asked for, even none, and still have a next one.
class Answers {
  public:
    /// All must outlive it.
    Answers(const Replica& replica, const core::Clock& clock, const core::Policy& policy)
        : replica_(replica), clock_(clock), policy_(policy) {}

    /// `not_found` where no subscribed log knows the key; `not_held` where its topic is not
    /// subscribed; `invalid` for a question that this version does not know or a foreign cursor;
    /// `overflow` where a sum leaves 64 bits.
    schema::Result<schema::Answer> answer(const schema::Query& query) const;

    /// The topic that a question is about, for the right to read it.
    static std::string topic_of(const schema::Query& query);

  private:
    friend class Pages;
    schema::Result<schema::Answer> stock(const schema::Query& query) const;
    schema::Result<schema::Answer> customer(const schema::Query& query) const;
    schema::Result<schema::Answer> debt(const schema::Query& query) const;
    schema::Result<schema::Answer> value(const schema::Query& query) const;

    /// Of one log's topic.
    schema::Freshness freshness(const schema::Query& query, const schema::StoreId& store) const;
    /// Of a value that every store may have a part in.
    schema::Freshness freshness_of_all(const schema::Query& query) const;
    std::int64_t policy_us(const schema::Query& query) const;
    void say_forks(const schema::Query& query, schema::Answer& answer) const;
    tl::unexpected<schema::Error> not_found(const schema::Query& query) const;

    schema::AnswerRow customer_row(const CustomerRecord& record) const;
    schema::Result<schema::AnswerRow> debt_row(const CustomerRecord& record) const;

    const Replica& replica_;
    const core::Clock& clock_;
    const core::Policy& policy_;
};

}  // namespace filial::subscriber
