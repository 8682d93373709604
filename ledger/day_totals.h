#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/amounts.h"
#include "schema/event.h"
#include "schema/trade_payloads.h"

/// What a closed day comes to. Pure: the same events give the same totals at every store, whenever
/// they arrived there and in whatever order the logs were read.
namespace filial::ledger {

/// What one store did on one day, as far as it counts into one close.
struct DayTotals {
    std::uint64_t events = 0;  ///< Of topics stock and debts.
    schema::Quantity sold;
    schema::Quantity returned;
    schema::Quantity received;     ///< From suppliers.
    schema::Quantity corrected;    ///< Counts and adjustments.
    schema::Quantity transferred;  ///< In, less out.
    schema::Quantity voided;       ///< What voided documents put back into the stock.
    schema::Money charged;
    schema::Money paid;
    schema::Money credited;
    schema::Money voided_debt;  ///< What voided documents added to debts.
    friend bool operator==(const DayTotals&, const DayTotals&) = default;
};

/// The local day of a time: "2010-12-01".
std::string date_of(schema::Timestamp at, std::int64_t offset_minutes);

/// Sums the events of one store by their local day; those between the cut of the day before and
/// this one's, both as `cut_of` says, are to be given. Kinds that move nothing are passed over.
/// `overflow` where a sum leaves 64 bits, `corrupt` where a payload cannot be read.
class DaySum {
  public:
    explicit DaySum(std::int64_t offset_minutes) : offset_minutes_(offset_minutes) {}
    schema::Result<void> add(const schema::Event& event);
    const std::map<std::string, DayTotals>& days() const { return days_; }

  private:
    std::int64_t offset_minutes_;
    std::map<std::string, DayTotals> days_;
    schema::Parser parser_;
};

/// How far a cut counts the log of `store`; seq 0 where it does not name it.
schema::Position cut_of(const schema::DayClosed& day, const schema::StoreId& store);

}  // namespace filial::ledger
