#include "subscriber/csv_key.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "subscriber/replica_keys.h"

using namespace filial;
using namespace filial::subscriber;

TEST_CASE("replica's keys: a name is read back, and nothing behind it is touched") {
    for (const std::string name :
         {"22423", "BANK CHARGES", "a,b", "\"", "\"\"", "a\"", "\n", ",", "A+,", ""}) {
        CAPTURE(name);
        schema::Bytes key;
        append_csv(key, name);
        key += "dstore1";
        schema::ByteView rest = key;
        CHECK(take_csv(rest) == name);
        CHECK(rest == "dstore1");
    }
}

TEST_CASE("replica's keys: damaged names give nothing and end") {
    for (const std::string bytes : {"", "abc", "\"abc", "\"abc\"", "\"abc\"x,", "\""}) {
        CAPTURE(bytes);
        schema::ByteView rest = bytes;
        CHECK(take_csv(rest).empty());
        CHECK(rest.empty());
    }
}

TEST_CASE("replica's keys: their order is the order of the CSV rows") {
    const std::vector<std::string> names{"1", "10",  "1 a", "1-a", "a,b",
                                         "a", "a\"", "A",   "z",   "a b"};
    std::vector<std::pair<schema::Bytes, std::string>> keys;
    std::vector<std::string> rows;
    for (const std::string& store :
         {std::string("store1"), std::string("store10"), std::string("store-1")}) {
        for (const std::string& name : names) {
            schema::Bytes row;
            append_csv(row, store);
            append_csv(row, name);
            row += "-5";
            rows.push_back(row);
            keys.emplace_back(stock_key(store, name), row);
        }
    }
    std::sort(keys.begin(), keys.end());
    std::sort(rows.begin(), rows.end());
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(keys[i].second == rows[i]);
}

TEST_CASE("replica's keys: a contribution's name is read back from its key, and from no other") {
    const auto named = [](std::string_view topic, Part part) {
        return Contribution{std::string(topic), schema::StoreId{"store9"}, schema::Epoch{300}, part,
                            std::string("a\0b,c", 5)};
    };
    for (const Contribution& name :
         {named("stock", Part::number), named("debts", Part::number), named("debts", Part::limit),
          named("customers", Part::fields), named("control", Part::transfer),
          named("control", Part::day), named("accounts", Part::handed),
          named("control", Part::state), named("accounts", Part::state),
          named("accounts", Part::notes), named("accounts", Part::paid_twice),
          named("weather", Part::value)}) {
        CAPTURE(static_cast<char>(name.part));
        const auto key = contribution_key(name);
        const auto read = parse_contribution(key);
        REQUIRE(read);
        CHECK(read->topic == name.topic);
        CHECK(read->store == name.store);
        // All epochs of a number stand in one record.
        CHECK(read->epoch == (name.part == Part::number ? schema::Epoch{} : name.epoch));
        CHECK(read->part == name.part);
        CHECK(read->key == name.key);
        const bool by_log = key.front() == 'c';
        CHECK(by_log == (families_of(name.topic).find(key.front()) == std::string_view::npos));
    }
    CHECK(number_of(number_value(-5)) == -5);
    CHECK(number_of(number_value(INT64_MIN)) == INT64_MIN);
}
