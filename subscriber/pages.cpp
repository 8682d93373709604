#include "subscriber/pages.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "schema/limits.h"

namespace filial::subscriber {

using schema::AnswerRow;
using schema::ByteView;
using schema::QueryKind;
using schema::Result;

namespace {

/// A page stays well below one message: half of it, and one row more.
constexpr std::size_t kPageBytes = schema::kMessageBytesMax / 2;
/// What a row costs beside its texts: numbers, array heads, freshness.
constexpr std::size_t kRowBytes = 96;
/// Rows that one page looks at: a filter that few rows pass does not hold up the process's loop.
constexpr std::size_t kVisitedMax = 20'000;

std::size_t bytes_of(const AnswerRow& row) {
    std::size_t bytes = kRowBytes + row.store.size() + row.key.size() + row.payload.size();
    for (const auto& [name, value] : row.fields) bytes += name.size() + value.size() + 8;
    bytes += row.freshness.source.size();
    for (const auto& position : row.freshness.positions)
        bytes += position.store.value().size() + 16;
    return bytes;
}

/// One sum that cannot be told does not hide the other customers: it is shown at the limit,
/// flagged.
AnswerRow overflowed(const CustomerRecord& record, const schema::Error& error) {
    AnswerRow row;
    row.key = record.customer;
    row.store = ledger::merge(record.parts).home_store();
    row.value = std::numeric_limits<std::int64_t>::max();
    row.second = record.limit(row.store);
    row.fields = {{"home", row.store}, {"overflow", error.message}};
    return row;
}

schema::Freshness without_positions(schema::Freshness freshness) {
    freshness.positions.clear();
    return freshness;
}

}  // namespace

Pages::Pages(const Answers& answers, const schema::Query& query)
    : answers_(answers), query_(query), rows_max_(schema::kPageRowsMax) {
    if (query.limit > 0) rows_max_ = std::min<std::size_t>(query.limit, schema::kPageRowsMax);
}

Result<schema::Answer> Pages::page() {
    all_ = answers_.freshness_of_all(query_);
    Result<void> done;
    switch (query_.kind) {
        case QueryKind::list_stock:
        case QueryKind::export_stock:
            done = stock();
            break;
        case QueryKind::list_debts:
        case QueryKind::export_debts:
            done = debts();
            break;
        case QueryKind::export_debts_by_store:
            done = debts_by_store();
            break;
        case QueryKind::export_customers:
            done = customers();
            break;
        default:
            done = in_transit();
            break;
    }
    if (!done) return tl::unexpected(done.error());
    if (full_) answer_.next = cursor_;
    if (!answer_.rows.empty()) answer_.rows.front().freshness.positions = all_.positions;
    return std::move(answer_);
}

bool Pages::pass(ByteView cursor) {
    cursor_ = cursor;
    ++visited_;
    full_ = answer_.rows.size() >= rows_max_ || bytes_ >= kPageBytes || visited_ >= kVisitedMax;
    return !full_;
}

bool Pages::add(AnswerRow row, ByteView cursor) {
    bytes_ += bytes_of(row);
    answer_.rows.push_back(std::move(row));
    return pass(cursor);
}

bool Pages::wanted(std::int64_t value, std::int64_t limit, const std::string& store) const {
    if (!query_.store.empty() && store != query_.store) return false;
    if ((query_.filter & schema::kBelowZero) != 0 && value >= 0) return false;
    return (query_.filter & schema::kOverLimit) == 0 || value > limit;
}

const schema::Freshness& Pages::freshness_of(const std::string& store) {
    const auto at = by_store_.find(store);
    if (at != by_store_.end()) return at->second;
    auto freshness = without_positions(answers_.freshness(query_, schema::StoreId{store}));
    return by_store_.emplace(store, std::move(freshness)).first->second;
}

Result<void> Pages::stock() {
    answer_.unit = "thousandths";
    return answers_.replica_.read().scan_stock(
        query_.store, query_.after, [&](const ReplicaReader::StockRow& found, ByteView cursor) {
            const bool below = (query_.filter & schema::kBelowZero) == 0 || found.thousandths < 0;
            if (!below) return pass(cursor);
            AnswerRow row;
            row.store = found.store;
            row.key = found.sku;
            row.value = found.thousandths;
            row.freshness = freshness_of(found.store);
            return add(std::move(row), cursor);
        });
}

Result<void> Pages::debts() {
    answer_.unit = "cents";
    Result<void> result;
    const auto scanned = answers_.replica_.read().scan_customers(
        query_.after, [&](const CustomerRecord& record, ByteView cursor) {
            auto row = answers_.debt_row(record);
            if (!row && row.error().code == schema::Errc::overflow) {
                row = overflowed(record, row.error());
            }
            if (!row) {
                result = tl::unexpected(row.error());
                return false;
            }
            if (!wanted(row->value, row->second, row->store)) return pass(cursor);
            row->freshness = without_positions(all_);
            return add(std::move(*row), cursor);
        });
    return scanned ? result : scanned;
}

Result<void> Pages::debts_by_store() {
    answer_.unit = "cents";
    return answers_.replica_.read().scan_debts(
        query_.after, [&](const std::string& customer, const std::string& store, std::int64_t cents,
                          ByteView cursor) {
            if (!wanted(cents, 0, store)) return pass(cursor);
            AnswerRow row;
            row.store = store;
            row.key = customer;
            row.value = cents;
            row.freshness = freshness_of(store);
            return add(std::move(row), cursor);
        });
}

Result<void> Pages::customers() {
    return answers_.replica_.read().scan_customers(
        query_.after, [&](const CustomerRecord& record, ByteView cursor) {
            if (record.parts.empty()) return pass(cursor);
            AnswerRow row = answers_.customer_row(record);
            if (!query_.store.empty() && row.store != query_.store) return pass(cursor);
            row.freshness = without_positions(all_);
            return add(std::move(row), cursor);
        });
}

Result<void> Pages::in_transit() {
    answer_.unit = "thousandths";
    return answers_.replica_.read().scan_transfers(
        query_.after, [&](const std::string& transfer, const std::vector<ledger::SideOf>& sides,
                          ByteView cursor) {
            bool room = pass(cursor);
            for (const ledger::InTransit& goods : ledger::in_transit(sides)) {
                const bool other = !query_.store.empty() && goods.from.value() != query_.store &&
                                   goods.to != query_.store;
                if (other) continue;
                AnswerRow row;
                row.store = goods.from.value();
                row.key = transfer;
                row.value = goods.quantity.value();
                row.fields = {{"from", goods.from.value()}, {"to", goods.to}, {"sku", goods.sku}};
                row.freshness = without_positions(all_);
                room = add(std::move(row), cursor);
            }
            return room;
        });
}

}  // namespace filial::subscriber
