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
    row.store = record.home();
    row.value = std::numeric_limits<std::int64_t>::max();
    row.second = record.limit(row.store);
    row.fields = {{"home", row.store}, {"overflow", error.message}};
    return row;
}

/// Why the goods are out, since when, and of a discrepancy who settles it until when.
void add_state(AnswerRow& row, const ledger::GoodsOut& goods) {
    row.fields.emplace_back("state", ledger::name_of(goods.state));
    row.fields.emplace_back("since", schema::to_string(goods.since));
    if (!ledger::is_discrepancy(goods.state)) return;
    constexpr std::int64_t kUsADay = 86'400'000'000;
    std::int64_t due = 0;
    if (__builtin_add_overflow(goods.since.value(), ledger::kDiscrepancyDays * kUsADay, &due)) {
        due = goods.since.value();
    }
    row.fields.emplace_back("owner", goods.from.value());
    row.fields.emplace_back("due", schema::to_string(schema::Timestamp{due}));
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
        case QueryKind::conflicts:
            done = conflicts();
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
            const bool over_limit = (query_.filter & schema::kOverLimit) != 0;
            const auto owed = over_limit ? owed_together(record, *row)
                                         : Result<std::optional<std::int64_t>>(row->value);
            if (!owed) {
                result = tl::unexpected(owed.error());
                return false;
            }
            if (!*owed || !wanted(**owed, row->second, row->store)) return pass(cursor);
            row->freshness = without_positions(all_);
            return add(std::move(*row), cursor);
        });
    return scanned ? result : scanned;
}

/// What counts against the limit of this customer's row: with whoever was merged into him, who are
/// named in it. nullopt for who was merged into another one, with whom he counts.
Result<std::optional<std::int64_t>> Pages::owed_together(const CustomerRecord& record,
                                                         AnswerRow& row) const {
    const auto view = answers_.replica_.accounts().credit(record, {});
    // A sum that leaves 64 bits is a row of its own.
    if (!view && view.error().code == schema::Errc::overflow) {
        return std::optional<std::int64_t>{row.value};
    }
    if (!view) return tl::unexpected(view.error());
    if (view->pot.standing == ledger::Standing::moved) return std::optional<std::int64_t>{};
    std::int64_t owed = row.value;
    const std::size_t own_fields = row.fields.size();
    if (const auto added = answers_.add_merged(view->pot, row); !added) {
        return tl::unexpected(added.error());
    }
    for (std::size_t i = own_fields; i < row.fields.size(); ++i) {
        const std::int64_t cents = std::strtoll(row.fields[i].second.c_str(), nullptr, 10);
        owed = schema::add(owed, cents).value_or(std::numeric_limits<std::int64_t>::max());
    }
    return std::optional<std::int64_t>{owed};
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

std::vector<AnswerRow> Pages::conflict_rows(const CustomerRecord& record) const {
    std::vector<AnswerRow> rows;
    const ledger::MergedCustomer merged = ledger::merge(record.parts);
    const bool every = (query_.filter & schema::kEveryValue) != 0;
    const auto add_values = [&](const ledger::MergedField& field) {
        if (!field.conflict() && !every) return;
        for (const ledger::FieldValue& value : field.values) {
            AnswerRow row;
            row.store = merged.home_store();
            row.key = record.customer;
            row.value = static_cast<std::int64_t>(value.position.seq.value());
            row.fields = {{"field", field.name},
                          {"value", field.sealed ? "(sealed)" : value.value},
                          {"shown", &value == &field.values.front() ? "yes" : "no"},
                          {"store", value.position.store.value()},
                          {"epoch", std::to_string(value.position.epoch.value())},
                          {"seq", std::to_string(value.position.seq.value())},
                          {"at", schema::to_string(value.at)}};
            if (field.sealed) row.fields.emplace_back("sealed", "yes");
            rows.push_back(std::move(row));
        }
    };
    // The home is no field that somebody edits: two of them are two registrations.
    if (merged.home && merged.home->conflict()) {
        add_values(*merged.home);
        for (AnswerRow& row : rows) row.fields.emplace_back("twice", "yes");
    }
    for (const ledger::MergedField& field : merged.fields) add_values(field);
    return rows;
}

Result<void> Pages::conflicts() {
    const auto add_all = [&](const CustomerRecord& record, ByteView cursor) {
        bool room = pass(cursor);
        for (AnswerRow& row : conflict_rows(record)) {
            if (!query_.store.empty() && row.store != query_.store) continue;
            row.freshness = without_positions(all_);
            room = add(std::move(row), cursor);
        }
        return room;
    };
    if (query_.key.empty()) return answers_.replica_.read().scan_customers(query_.after, add_all);
    const auto record = answers_.replica_.read().customer(query_.key);
    if (!record) return tl::unexpected(record.error());
    add_all(*record, {});
    full_ = false;
    return {};
}

Result<void> Pages::in_transit() {
    answer_.unit = "thousandths";
    return answers_.replica_.read().scan_transfers(
        query_.after, [&](const std::string& transfer, const std::vector<ledger::SideOf>& sides,
                          ByteView cursor) {
            bool room = pass(cursor);
            for (const ledger::GoodsOut& goods : ledger::goods_out(sides)) {
                const bool other = !query_.store.empty() && goods.from.value() != query_.store &&
                                   goods.to != query_.store;
                if (other) continue;
                AnswerRow row;
                row.store = goods.from.value();
                row.key = transfer;
                row.value = goods.quantity.value();
                row.fields = {{"from", goods.from.value()}, {"to", goods.to}, {"sku", goods.sku}};
                if (query_.kind == QueryKind::list_transfers) add_state(row, goods);
                row.freshness = without_positions(all_);
                room = add(std::move(row), cursor);
            }
            return room;
        });
}

}  // namespace filial::subscriber
