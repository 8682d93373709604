#include "core/journal/write_log_order.h"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <algorithm>

#include "core/journal/rocks_database.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

namespace fs = std::filesystem;

core::RocksDatabase open(const fs::path& dir) {
    fs::create_directories(dir / "db");
    auto opened = core::RocksDatabase::open(dir / "db", {"rows", "others"}, {1 << 20, 1 << 20},
                                            core::RocksDatabase::Mode::write);
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

void put(const core::RocksDatabase& database, std::size_t column, const std::string& key) {
    const auto status = database.db().Put({}, database.column(column), key, "value of " + key);
    REQUIRE(status.ok());
}

bool has(const core::RocksDatabase& database, std::size_t column, const std::string& key) {
    std::string value;
    return database.db().Get({}, database.column(column), key, &value).ok();
}

/// What stands in that file behind the value of that key becomes zeros, as what a failed sync
/// should have covered.
void lose_behind(const fs::path& file, const std::string& key) {
    std::string bytes = bytes_of_file(file);
    const std::string value = "value of " + key;
    const auto at = bytes.find(value);
    REQUIRE(at != std::string::npos);
    REQUIRE(at + value.size() < bytes.size());
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at + value.size()), bytes.end(), '\0');
    write_file(file, bytes);
}

/// Writes in two logs: `one` and `two` in the first, `three` and `four` in the second.
void write_two_logs(const fs::path& dir) {
    const auto database = open(dir);
    put(database, 1, "other");
    put(database, 0, "one");
    put(database, 0, "two");
    // Rows of the other column go into a table, and a new log begins.
    REQUIRE(database.db().Flush({}, database.column(1)).ok());
    put(database, 0, "three");
    put(database, 0, "four");
}

TEST_CASE("write-ahead logs: what follows a write that is missing is not there either") {
    const TempFolder folder;
    write_two_logs(folder.path());
    const auto logs = write_ahead_logs(folder.path());
    REQUIRE(logs.size() == 2);
    lose_behind(logs[0], "one");
    {
        const auto database = open(folder.path());
        CHECK(has(database, 0, "one"));
        CHECK_FALSE(has(database, 0, "two"));
        CHECK_FALSE(has(database, 0, "three"));
        CHECK_FALSE(has(database, 0, "four"));
        CHECK(has(database, 1, "other"));
        put(database, 0, "five");
    }
    // And the next time it goes on from there.
    const auto database = open(folder.path());
    CHECK(has(database, 0, "five"));
    CHECK_FALSE(has(database, 0, "three"));
}

TEST_CASE("write-ahead logs: all writes of logs that follow each other are there") {
    const TempFolder folder;
    write_two_logs(folder.path());
    REQUIRE(write_ahead_logs(folder.path()).size() == 2);
    for (int again = 0; again < 2; ++again) {
        const auto database = open(folder.path());
        for (const char* key : {"one", "two", "three", "four"}) CHECK(has(database, 0, key));
    }
}

}  // namespace
}  // namespace filial::test
