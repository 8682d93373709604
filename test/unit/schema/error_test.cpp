#include "schema/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "schema/result.h"

using namespace filial::schema;

TEST_CASE("error: the table has every code once, in the order of its wire numbers") {
    std::uint64_t number = 1;
    std::set<std::string_view> names;
    for (const ErrorInfo& row : error_table()) {
        CAPTURE(row.name);
        CHECK(static_cast<std::uint64_t>(row.code) == number);
        CHECK(errc_from_wire(number) == row.code);
        CHECK(&error_info(row.code) == &row);
        CHECK(names.insert(row.name).second);
        CHECK(row.exit_code >= 0);
        CHECK(row.exit_code <= 7);
        CHECK(std::set<std::string_view>{"nobody", "program", "operator", "person", "head office"}
                  .contains(row.actor));
        ++number;
    }
    CHECK(static_cast<std::uint64_t>(Errc::dictionary_missing) == number - 1);
}

TEST_CASE("error: a number from a newer version reads as io") {
    CHECK(errc_from_wire(0) == Errc::io);
    CHECK(errc_from_wire(26) == Errc::io);
    CHECK(errc_from_wire(UINT64_MAX) == Errc::io);
    CHECK(error_info(static_cast<Errc>(200)).name == "io");
}

TEST_CASE("error: what passes an error up keeps its code and says what it was doing") {
    const auto inner = Result<int>(fail(Errc::gap, "position 7 is missing"));
    const auto outer = Result<int>(fail("read log", inner.error()));
    CHECK(outer.error().code == Errc::gap);
    CHECK(outer.error().message == "read log: position 7 is missing");
}
