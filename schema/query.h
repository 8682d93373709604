#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/codec.h"
#include "schema/ids.h"
#include "schema/payloads.h"
#include "schema/timestamp.h"

namespace filial::schema {

/// What is asked of a replica. The number is part of the wire: append only.
enum class QueryKind : std::uint8_t {
    stock = 1,         ///< One row a store that ever moved `key`; only `store` if set.
    customer = 2,      ///< One row: home and fields, conflicts shown.
    debt = 3,          ///< One row: balance, limit; contributions by store as fields.
    value = 4,         ///< The newest value of `key` in application topic `topic`, per store.
    list_stock = 5,    ///< Pages of stock rows, filtered.
    list_debts = 6,    ///< Pages of debt rows, filtered.
    export_stock = 7,  ///< Pages for CSV: every key ever moved.
    export_debts = 8,
    export_debts_by_store = 9,
    export_customers = 10,
    export_in_transit = 11,
    list_transfers = 32,  ///< As export_in_transit, with why goods are out and since when.
    conflicts = 33,       ///< Pages: a row for each value of a field that has several.
    why = 34,             ///< Pages: the events behind what `topic` says of `key`.
    reached = 35,         ///< A row a store: up to where everything of it is here.
    day_totals = 36,      ///< Totals of the day `key` as `store` closed it.
    flagged = 37,         ///< Pages: how many flagged events, by store and flag.
    account = 40,         ///< Customer `key`: a row of the account, then who holds what of it.
    list_rounds = 41,     ///< Pages: rounds under way and accounts to be reviewed.
    list_grants = 42,     ///< Pages: a row for each part that another store holds.
    list_requests = 43,   ///< Pages: requests for a part that wait for a person.
    account_tasks = 44,   ///< Pages: what a person has to look at.
    balance = 48,         ///< One row: what all logs but `store`'s say that `key` owes.
    homes = 49,           ///< A row for each store that named a home of customer `key`.
    official = 56,       ///< `key` of `topic`, live: rows of the plain question, or who is missing.
    verdicts = 57,       ///< Pages: what head office found in the log of `store`.
    findings = 58,       ///< Pages: what may be found in the logs of others, an event a row.
    parked = 64,         ///< Pages: keys that are parked, then events that were given up.
    digests = 66,        ///< A row for each topic of each log: what it came to at the last look.
    parked_events = 65,  ///< Pages: the events of parked `key` of `topic` in the log of `store`.
};

enum QueryFilter : std::uint64_t {
    kOverLimit = 1,
    kBelowZero = 2,
    kEveryValue = 4,  ///< conflicts: of fields with one value too.
};

/// The unit of an answer to `official` that could not be given: its rows are the stores missing.
inline constexpr std::string_view kUnitMissing = "missing";

struct Query {
    std::uint64_t request = 0;
    QueryKind kind = QueryKind::stock;
    std::string key;
    std::string store;
    std::string topic;
    std::uint64_t filter = 0;
    Bytes after;                   ///< Where the last page ended; empty for the first.
    std::uint64_t limit = 0;       ///< Rows, 0 for the most there may be; `official`: ms to wait.
    std::int64_t max_age_us = -1;  ///< Asked for this once; -1: the configured policy.
    friend bool operator==(const Query&, const Query&) = default;
};

enum class Verdict : std::uint8_t {
    fresh = 0,   ///< Within the policy.
    notice = 1,  ///< Within the policy, but part of it is missing or the age is a lower bound.
    ask = 2,     ///< Older: a person decides whether to update first.
    refuse = 3,  ///< Never heard, or only a live answer counts.
};
std::string_view name_of(Verdict verdict);

/// How old an answer is, and how we know.
struct Freshness {
    bool ever = false;        ///< False: no data of that store has been here yet.
    Timestamp as_of;          ///< T of the mark that the replica has reached; for people.
    std::int64_t age_us = 0;  ///< Measured, never a difference of clocks.
    bool age_exact = true;    ///< False: at least `age_us`.
    bool partial = false;     ///< Not every store it may come from is subscribed.
    Verdict verdict = Verdict::refuse;
    std::string source;  ///< Who delivered it last: "broker head", "own publisher", ...
    std::vector<Position> positions;  ///< Last event applied, of each log that matters.
    friend bool operator==(const Freshness&, const Freshness&) = default;
};

/// What the field "parked" of a row of `why` begins with where the event is not waited for any
/// more: it was given up, on the record.
inline constexpr std::string_view kGivenUpHere = "given up here";

/// One row. Which members mean something depends on the query; docs/protocol.md has the table.
struct AnswerRow {
    std::string store;
    std::string key;
    std::int64_t value = 0;    ///< Quantity in thousandths, money in cents.
    std::int64_t second = 0;   ///< Limit in cents.
    std::int64_t pending = 0;  ///< Own operations inside `value` that its home has not confirmed.
    std::vector<std::pair<std::string, std::string>> fields;
    Bytes payload;
    Freshness freshness;
    friend bool operator==(const AnswerRow&, const AnswerRow&) = default;
};

struct Answer {
    std::uint64_t request = 0;
    std::string unit;  ///< "thousandths", "cents", "".
    std::vector<AnswerRow> rows;
    Bytes next;  ///< Give it as `after` for the next page; empty: that was all.
    friend bool operator==(const Answer&, const Answer&) = default;
};

/// Further customers whose debts count into a `balance`: its `after`.
Bytes encode_customers(const std::vector<std::string>& customers);
Result<std::vector<std::string>> decode_customers(Parser& parser, ByteView bytes);

void write_query(Writer& out, const Query& query);
Query read_query(Fields& fields);
void write_answer(Writer& out, const Answer& answer);
Answer read_answer(Fields& fields);

}  // namespace filial::schema
