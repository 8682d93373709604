#pragma once

#include <functional>
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
///     list_debts, export_debts            as debt without contributions; by customer. Over the
///                  limit is who owes more together with those merged into him ("merged:"), alone
///                  nobody who was merged
///     export_debts_by_store               store, key, value; by customer and store
///     export_customers                    as customer; by customer
///     export_in_transit                   key = transfer, value; fields "from", "to", "sku"
///     list_transfers                      the same, with "state", "since", and of a discrepancy
///                                         "owner" and "due"
///     conflicts    a row for each value: store = home, key = customer; fields "field", "value",
///                  "shown" (yes, no), "store", "epoch", "seq", "at"; only of customers at home in
///                  `store`, or of customer `key`. A second home is field "home".
///     why          a row for each event of `key` in `topic`: store, value = what it adds, payload
///     =
///                  its row; pending 1 where its home has not booked it; fields "epoch", "seq",
///                  "client", "arrived", and "parked" = the reason
///     reached      a row a store: store, value = the position up to which stock, customers, debts,
///                  control and accounts are all here, or that topic which the query names; field
///                  "epoch"
///     day_totals   of day `key` as `store` closed it: a row for each store and day of its events;
///                  key = that day, value = events; fields as ledger::DayTotals has members, and
///                  "counts" = day, late, ahead. `stale` while a log is not here up to the cut.
///                  And a row for each store that was late at that close: "counts" = unheard.
///     balance      of `key` and the customers in `after` (encode_customers): store, key, value =
///                  what all logs but `store`'s add to the debt, and its parts as fields
///                  "at:STORE"; the freshness has its positions
///                  and nothing else
///     homes        a row for each store whose word of the home of `key` holds: store, key = home,
///                  value = its position
///     flagged      key = a flag's bit, value = flagged events of that store; to be summed over
///     pages
///     account      first as debt, with fields "row" = account, "standing", "blocked", "review",
///                  "peer", "into", "reserve", "unaccounted", and of a round under way "round",
///                  "for", "since"; then who holds what, requests, and what was decided:
///                  AccountPages
///     list_rounds  store = home, key = customer, value = who is waited for; fields "state"
///                  (waiting, ready, review), "round", "for", "since", "peer", "into"; "waits" as
///                  often as there is somebody, and "lost:STORE" = cents of an epoch that is over
///                  The next three are of goods alone where the query names topic stock.
///     list_grants  store = owner, key, value = what is out by its log, second = the room by the
///                  holder's; fields "of" (credit, stock), "holder", "epoch", "open", "lost"
///     list_requests  store = owner, key, value; fields "of", "holder"; "refused" = why, of one
///                  that a person asked for, until he asks again or something is given
///     account_tasks  store = owner, key, value; fields "task" (beyond, unaccounted, paid-twice),
///                  "of", "holder", "document", "at"; and of a holder "task" = cut: value = what
///                  was taken from it, second = what is left, "of", "by", "why"
///
///     parked       store, key, value = events; fields "topic", "state" = parked, "epoch", "first",
///                  "last", "code", "reason", "since"; then what was given up: "state" = waived,
///                  "epoch", "seq", "who", "at", "why"
///     parked_events  of `key` of `topic` of `store`, an event a row: payload = its row; fields as
///                  what was given up has
///
///     digests      store, key = topic, value = position, second = events; fields "epoch", "last",
///                  "chain", "content", "parked", "waived"; or "damage", "after", "upto"; without
///                  either it was not looked at since it was loaded
///
/// A row that rests on a key that is parked is not fresh, and but for exports has a field "parked"
/// that says since where and why; "waived" for an event of it that was given up.
///
/// A row that a log has a part in which stands in two versions (Replica::fork_of) is not fresh; of
/// the first four kinds it has a field "forked" that says so in words. A customer's or a debt's row
/// has fields "blocked" and "account" where he is, or where his account is not open, and a debt's
/// "merged:CUSTOMER" for what whoever was merged into him owes beside it.
///
/// Lists and exports come in pages, ordered as the rows of a CSV file are. Only the first row of a
/// page carries positions: a row of a list says how old it is, the page where it stands. A page may
/// hold fewer rows than asked for, even none, and still have a next one.
class Answers {
  public:
    /// All must outlive it.
    Answers(const Replica& replica, const core::Clock& clock, const core::Policy& policy)
        : replica_(replica), clock_(clock), policy_(policy) {}

    /// Whether who asks may read a topic; empty: all of them.
    using MayRead = std::function<bool(const std::string& topic)>;
    /// That the topic of the question may be read is for the caller to know. Questions over several
    /// topics are answered from those that may be.
    /// `not_found` where no subscribed log knows the key; `not_held` where its topic is not
    /// subscribed; `invalid` for a question that this version does not know or a foreign cursor;
    /// `overflow` where a sum leaves 64 bits.
    schema::Result<schema::Answer> answer(const schema::Query& query,
                                          const MayRead& may = {}) const;

    /// The topic that a question is about, for the right to read it.
    static std::string topic_of(const schema::Query& query);
    /// Questions about the replica itself, over all topics.
    static bool is_of_replica(schema::QueryKind kind) {
        return kind == schema::QueryKind::parked || kind == schema::QueryKind::parked_events ||
               kind == schema::QueryKind::digests;
    }

  private:
    friend class Pages;
    friend class EventPages;
    friend class DayPages;
    friend class AccountPages;
    friend class LiveAnswers;
    schema::Result<schema::Answer> stock(const schema::Query& query) const;
    schema::Result<schema::Answer> customer(const schema::Query& query) const;
    schema::Result<schema::Answer> debt(const schema::Query& query) const;
    schema::Result<schema::Answer> value(const schema::Query& query) const;

    /// Of one log's topic.
    schema::Freshness freshness(const schema::Query& query, const schema::StoreId& store) const;
    /// Of a value that every store may have a part in.
    schema::Freshness freshness_of_all(const schema::Query& query) const;
    /// Of a debt: home's mark and what home had applied then. Adds a field "unheard:STORE", with
    /// its age in seconds, for each store that may still charge and was heard
    /// more than a minute longer ago than home.
    schema::Result<schema::Freshness> freshness_of_debt(const schema::Query& query,
                                                        schema::AnswerRow& row) const;
    std::int64_t policy_us(const schema::Query& query) const;
    bool is_named(std::string_view topic, const std::string& key) const;
    void say_forks(const schema::Query& query, schema::Answer& answer) const;
    /// Where a customer's account is not simply open.
    schema::Result<void> say_standing(const CustomerRecord& record, schema::AnswerRow& row,
                                      bool of_debt) const;
    /// What customers who were merged into this one owe: "merged:CUSTOMER", in cents.
    schema::Result<void> add_merged(const ledger::Pot& pot, schema::AnswerRow& row) const;
    tl::unexpected<schema::Error> not_found(const schema::Query& query) const;

    schema::AnswerRow customer_row(const CustomerRecord& record) const;
    schema::Result<schema::AnswerRow> debt_row(const CustomerRecord& record) const;

    const Replica& replica_;
    const core::Clock& clock_;
    const core::Policy& policy_;
};

}  // namespace filial::subscriber
