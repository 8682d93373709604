#include "schema/amounts.h"

#include <doctest/doctest.h>

#include <cstdint>

using namespace filial::schema;

TEST_CASE("amounts: money is read exactly or not at all") {
    CHECK(parse_money("0")->value() == 0);
    CHECK(parse_money("-0")->value() == 0);
    CHECK(parse_money("12")->value() == 1'200);
    CHECK(parse_money("12.5")->value() == 1'250);
    CHECK(parse_money("1825.74")->value() == 182'574);
    CHECK(parse_money("-0.05")->value() == -5);
    CHECK(parse_money("007.10")->value() == 710);
    for (const char* text : {"", "-", ".", "1.", ".5", "1.005", "1e3", "+1", " 1", "1 ", "1,5",
                             "--1", "1.2.3", "0x10", "12a", "nan", "1.000"}) {
        CAPTURE(text);
        const auto refused = parse_money(text);
        REQUIRE(!refused);
        CHECK(refused.error().code == Errc::invalid);
    }
}

TEST_CASE("amounts: both ends of 64 bits are read, printed and read again") {
    for (const std::int64_t value : {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1,
                                     std::int64_t{0}, std::int64_t{-1}, std::int64_t{99}}) {
        CAPTURE(value);
        CHECK(parse_money(to_string(Money{value}))->value() == value);
        CHECK(parse_quantity(to_string(Quantity{value}))->value() == value);
    }
    CHECK(to_string(Money{INT64_MIN}) == "-92233720368547758.08");
    CHECK(parse_money("92233720368547758.07")->value() == INT64_MAX);
    CHECK(!parse_money("92233720368547758.08"));
    CHECK(!parse_money("-92233720368547758.09"));
    CHECK(!parse_money("922337203685477581"));
    CHECK(!parse_quantity("9223372036854775.808"));
    CHECK(!parse_money("99999999999999999999999999"));
}

TEST_CASE("amounts: a sum that leaves 64 bits is an error and never wraps") {
    CHECK(add(Money{INT64_MAX}, Money{0})->value() == INT64_MAX);
    CHECK(add(Money{INT64_MAX}, Money{1}).error().code == Errc::overflow);
    CHECK(add(Money{INT64_MIN}, Money{-1}).error().code == Errc::overflow);
    CHECK(add(Quantity{INT64_MIN}, Quantity{INT64_MAX})->value() == -1);
    CHECK(add(Quantity{INT64_MIN}, Quantity{-1}).error().code == Errc::overflow);
    CHECK(add(std::int64_t{1}, std::int64_t{2}).value() == 3);
    CHECK(negate(Money{INT64_MAX})->value() == -INT64_MAX);
    CHECK(negate(Money{INT64_MIN}).error().code == Errc::overflow);
    CHECK(negate(Quantity{INT64_MIN}).error().code == Errc::overflow);
}

TEST_CASE("amounts: money shows two decimals, a quantity no zeros at its end") {
    CHECK(to_string(Money{0}) == "0.00");
    CHECK(to_string(Money{-5}) == "-0.05");
    CHECK(to_string(Money{182'574}) == "1825.74");
    CHECK(to_string(Quantity{0}) == "0");
    CHECK(to_string(Quantity{112'000}) == "112");
    CHECK(to_string(Quantity{100'000}) == "100");
    CHECK(to_string(Quantity{1'500}) == "1.5");
    CHECK(to_string(Quantity{-5}) == "-0.005");
    CHECK(parse_quantity("0.0005").error().message.find("3 decimals") != std::string::npos);
}
