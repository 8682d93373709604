#include "ledger/day_totals.h"

#include <algorithm>

#include "schema/payloads.h"

namespace filial::ledger {

using schema::Event;
using schema::Money;
using schema::Quantity;
using schema::Result;

namespace {

constexpr std::int64_t kUsAMinute = 60'000'000;

template <class Amount>
Result<void> add_amount(Amount& sum, Amount delta) {
    const auto after = schema::add(sum, delta);
    if (!after) return schema::fail("totals of a day", after.error());
    sum = *after;
    return {};
}

template <class Amount>
Result<void> take_amount(Amount& sum, Amount delta) {
    const auto less = schema::negate(delta);
    if (!less) return schema::fail("totals of a day", less.error());
    return add_amount(sum, *less);
}

Result<void> add_stock(DayTotals& day, const schema::StockMoved& moved) {
    // A shipment is sold goods that leave: another store sold them from what is reserved for it.
    const bool sold = moved.reason == "sale" || moved.reason == "shipment";
    if (sold) return take_amount(day.sold, moved.delta);
    if (moved.reason == "return") return add_amount(day.returned, moved.delta);
    if (moved.reason == "receipt") return add_amount(day.received, moved.delta);
    if (moved.reason == "transfer") return add_amount(day.transferred, moved.delta);
    if (moved.reason == "void") return add_amount(day.voided, moved.delta);
    return add_amount(day.corrected, moved.delta);
}

Result<void> add_debt(DayTotals& day, const schema::DebtMoved& moved) {
    if (moved.reason == "payment") return take_amount(day.paid, moved.delta);
    if (moved.reason == "credit-note") return take_amount(day.credited, moved.delta);
    if (moved.reason == "void") return add_amount(day.voided_debt, moved.delta);
    return add_amount(day.charged, moved.delta);
}

}  // namespace

std::string date_of(schema::Timestamp at, std::int64_t offset_minutes) {
    std::int64_t local = 0;
    const bool fits = !__builtin_add_overflow(at.value(), offset_minutes * kUsAMinute, &local);
    return schema::to_string(schema::Timestamp{fits ? local : at.value()}).substr(0, 10);
}

Result<void> DaySum::add(const Event& event) {
    const bool stock = event.kind == schema::kStockMoved;
    if (!stock && event.kind != schema::kDebtMoved) return {};
    DayTotals& day = days_[date_of(event.at, offset_minutes_)];
    ++day.events;
    if (stock) {
        const auto moved = schema::decode_stock_moved(parser_, event.payload);
        return moved ? add_stock(day, *moved) : tl::unexpected(moved.error());
    }
    const auto moved = schema::decode_debt_moved(parser_, event.payload);
    return moved ? add_debt(day, *moved) : tl::unexpected(moved.error());
}

schema::Position cut_of(const schema::DayClosed& day, const schema::StoreId& store) {
    const auto found = std::find_if(day.cut.begin(), day.cut.end(),
                                    [&](const auto& at) { return at.store == store; });
    return found != day.cut.end() ? *found : schema::Position{store, {}, {}};
}

}  // namespace filial::ledger
