#include "schema/timestamp.h"

#include <doctest/doctest.h>

#include <cstdint>

using namespace filial::schema;

TEST_CASE("timestamp: an offset, a fraction and a leap second are understood") {
    CHECK(parse_timestamp("1970-01-01T00:00:00Z")->value() == 0);
    CHECK(parse_timestamp("2010-12-01T09:32:00Z")->value() == 1'291'195'920'000'000);
    CHECK(*parse_timestamp("2010-12-01T06:32:00-03:00") ==
          *parse_timestamp("2010-12-01T09:32:00Z"));
    CHECK(*parse_timestamp("2010-12-01 09:32:00+00:00") ==
          *parse_timestamp("2010-12-01T09:32:00z"));
    CHECK(parse_timestamp("2010-12-01T09:32:00.5Z")->value() == 1'291'195'920'500'000);
    CHECK(parse_timestamp("2010-12-01T09:32:00.000001Z")->value() == 1'291'195'920'000'001);
    CHECK(*parse_timestamp("2016-12-31T23:59:60Z") == *parse_timestamp("2017-01-01T00:00:00Z"));
    CHECK(parse_timestamp("2012-02-29T00:00:00Z").has_value());
    CHECK(parse_timestamp("9999-12-31T23:59:59.999999Z").has_value());
}

TEST_CASE("timestamp: anything else is refused with the text") {
    for (const char* text : {"",
                             "2010-12-01",
                             "2010-12-01T09:32:00",
                             "2010-13-01T00:00:00Z",
                             "2011-02-29T00:00:00Z",
                             "2010-12-01T24:00:00Z",
                             "2010-12-01T09:60:00Z",
                             "2010-12-01T09:32:61Z",
                             "2010-12-01T09:32:00.Z",
                             "2010-12-01T09:32:00.1234567Z",
                             "2010-12-01T09:32:00.5",
                             "2010-12-01T09:32:00+3:00",
                             "2010-12-01T09:32:00+24:00",
                             "2010-12-01T09:32:00ZZ",
                             "1969-12-31T23:59:59Z",
                             "1970-01-01T00:00:00+00:01",
                             "9999-12-31T23:59:59-00:01",
                             "10000-01-01T00:00:00Z",
                             "2010/12/01T09:32:00Z",
                             "2010-12-01T09:32:-1Z",
                             "2010-00-01T00:00:00Z",
                             "2010-01-00T00:00:00Z"}) {
        CAPTURE(text);
        const auto refused = parse_timestamp(text);
        REQUIRE(!refused);
        CHECK(refused.error().code == Errc::invalid);
    }
}

TEST_CASE("timestamp: what is printed is read as the same time") {
    for (const std::int64_t value :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'291'195'920'250'000},
          std::int64_t{253'402'300'799'999'999}}) {
        CHECK(parse_timestamp(to_string(Timestamp{value}))->value() == value);
    }
    CHECK(to_string(Timestamp{1'291'195'920'000'000}) == "2010-12-01T09:32:00Z");
    CHECK(to_string(Timestamp{1'291'195'920'250'000}) == "2010-12-01T09:32:00.250000Z");
    CHECK(to_string(Timestamp{-1}) == "1969-12-31T23:59:59.999999Z");
    CHECK(to_string(Timestamp{-62'167'219'200'000'000}) == "0000-01-01T00:00:00Z");
}

TEST_CASE("timestamp: a damaged time is printed as the number it is") {
    CHECK(to_string(Timestamp{253'402'300'800'000'000}) == "253402300800000000 us");
    CHECK(to_string(Timestamp{INT64_MAX}) == "9223372036854775807 us");
    CHECK(to_string(Timestamp{INT64_MIN}) == "-9223372036854775808 us");
}
