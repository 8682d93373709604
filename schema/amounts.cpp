#include "schema/amounts.h"

#include <fmt/format.h>

namespace filial::schema {
namespace {

/// The value of decimal `text` times 10^decimals, exactly.
Result<std::int64_t> parse_decimal(std::string_view text, int decimals, std::string_view what) {
    const auto refuse = [&](std::string_view why) {
        return fail(Errc::invalid, fmt::format("{} \"{}\": {}", what, text.substr(0, 40), why));
    };
    std::string_view rest = text;
    const bool negative = !rest.empty() && rest.front() == '-';
    if (negative) rest.remove_prefix(1);

    std::int64_t value = 0;
    int seen_decimals = -1;  // -1 until the point.
    int digits = 0;
    for (const char c : rest) {
        if (c == '.' && seen_decimals < 0 && digits > 0) {
            seen_decimals = 0;
            continue;
        }
        if (c < '0' || c > '9') return refuse("expected a decimal number like 12.50");
        if (seen_decimals == decimals) {
            return refuse(fmt::format("at most {} decimals", decimals));
        }
        if (seen_decimals >= 0) ++seen_decimals;
        ++digits;
        if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
            __builtin_sub_overflow(value, std::int64_t{c - '0'}, &value)) {
            return refuse("too large");
        }
    }
    if (digits == 0 || seen_decimals == 0) return refuse("expected a decimal number like 12.50");
    for (int i = seen_decimals < 0 ? 0 : seen_decimals; i < decimals; ++i) {
        if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) return refuse("too large");
    }
    // Gathered as a negative number, which reaches one further than the positive ones.
    if (!negative && __builtin_sub_overflow(std::int64_t{0}, value, &value)) {
        return refuse("too large");
    }
    return value;
}

/// The digits of `value` with `decimals` behind the point.
std::string format_decimal(std::int64_t value, int decimals) {
    const std::uint64_t magnitude =
        value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    std::uint64_t scale = 1;
    for (int i = 0; i < decimals; ++i) scale *= 10;
    return fmt::format("{}{}.{:0{}}", value < 0 ? "-" : "", magnitude / scale, magnitude % scale,
                       decimals);
}

}  // namespace

Result<std::int64_t> add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return fail(Errc::overflow, fmt::format("{} + {} leaves 64 bits", a, b));
    }
    return sum;
}

Result<Money> add(Money a, Money b) {
    const auto sum = add(a.value(), b.value());
    if (!sum) return fail("money", sum.error());
    return Money{*sum};
}

Result<Quantity> add(Quantity a, Quantity b) {
    const auto sum = add(a.value(), b.value());
    if (!sum) return fail("quantity", sum.error());
    return Quantity{*sum};
}

Result<Money> negate(Money a) {
    if (a.value() == INT64_MIN) return fail(Errc::overflow, "money: no opposite in 64 bits");
    return Money{-a.value()};
}

Result<Quantity> negate(Quantity a) {
    if (a.value() == INT64_MIN) return fail(Errc::overflow, "quantity: no opposite in 64 bits");
    return Quantity{-a.value()};
}

Result<Money> parse_money(std::string_view text) {
    const auto value = parse_decimal(text, 2, "amount");
    if (!value) return tl::unexpected(value.error());
    return Money{*value};
}

Result<Quantity> parse_quantity(std::string_view text) {
    const auto value = parse_decimal(text, 3, "quantity");
    if (!value) return tl::unexpected(value.error());
    return Quantity{*value};
}

std::string to_string(Money amount) { return format_decimal(amount.value(), 2); }

std::string to_string(Quantity quantity) {
    std::string text = format_decimal(quantity.value(), 3);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

}  // namespace filial::schema
