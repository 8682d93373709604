#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"
#include "schema/strong.h"

namespace filial::schema {

/// Money in the smallest coin of the company's one currency (cents).
using Money = Strong<std::int64_t, struct MoneyTag>;
/// Quantity in thousandths of the item's unit: 1500 is 1.5 kg, or one and a half packs.
using Quantity = Strong<std::int64_t, struct QuantityTag>;
/// Cost of one unit in 1e-8 of the currency.
using UnitCost = Strong<std::int64_t, struct UnitCostTag>;

/// `overflow` where the sum leaves 64 bits: a sign of a wrong event, never wrapped.
Result<Money> add(Money a, Money b);
Result<Quantity> add(Quantity a, Quantity b);
Result<std::int64_t> add(std::int64_t a, std::int64_t b);
/// `overflow` for the one value that has no opposite.
Result<Money> negate(Money a);
Result<Quantity> negate(Quantity a);

/// Decimal text with at most two decimals: "12", "-0.05", "1825.74". `invalid` otherwise: no
/// exponent, no blanks, no more decimals (never rounded), no value outside 64 bits.
Result<Money> parse_money(std::string_view text);
/// The same with at most three decimals.
Result<Quantity> parse_quantity(std::string_view text);

/// Always two decimals: "1825.74", "-0.05".
std::string to_string(Money amount);
/// Without trailing zeros: "112", "1.5", "-0.005".
std::string to_string(Quantity quantity);

}  // namespace filial::schema
