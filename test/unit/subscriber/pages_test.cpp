#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "schema/limits.h"
#include "schema/messages.h"
#include "subscriber/csv_key.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::AnswerRow;
using schema::QueryKind;

namespace {

std::string csv(const std::vector<std::string>& cells) {
    std::string line;
    for (const std::string& cell : cells) append_csv(line, cell);
    line.pop_back();
    return line;
}

/// The beginning of the row's CSV line: its key columns.
std::string key_columns(QueryKind kind, const AnswerRow& row) {
    if (kind == QueryKind::export_stock) return csv({row.store, row.key, ""});
    if (kind == QueryKind::export_debts_by_store) return csv({row.key, row.store, ""});
    return csv({row.key, ""});
}

/// Names that sort differently by themselves and in a line of CSV.
std::vector<TestLog> awkward_logs() {
    std::vector<TestLog> logs;
    for (const std::string store : {"store1", "store10", "store-1", "store2"}) {
        TestLog log(store);
        for (const std::string name :
             {"22423", "2242", "22423 B", "a,b", "a", "\"q\"", "A-1", "BANK CHARGES", "C2"}) {
            log.move(name, store == "store2" ? -1'500 : 2'000);
            log.debt(name, store == "store2" ? 10'000 : 0);
            log.transfer(schema::kTransferSent, name + "/" + store, "store9", "1", 5'000);
        }
        log.limit("only a limit", 5'000);
        log.customer("only registered", "store1", "France", 1);
        logs.push_back(std::move(log));
    }
    return logs;
}

}  // namespace

TEST_CASE(
    "pages: cursors of any page size cover every row exactly once, in the order of CSV rows") {
    const core::ManualClock clock;
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    for (const TestLog& log : awkward_logs()) take(*replica, log.all());
    const Asked asked{clock, *replica, {}};
    for (const auto& [kind, count] :
         {std::pair(QueryKind::export_stock, 36u), std::pair(QueryKind::export_debts, 11u),
          std::pair(QueryKind::export_debts_by_store, 36u),
          std::pair(QueryKind::export_customers, 1u),
          std::pair(QueryKind::export_in_transit, 36u)}) {
        CAPTURE(static_cast<int>(kind));
        std::vector<std::string> whole;
        for (const auto& row : asked.pages(kind)) whole.push_back(key_columns(kind, row));
        CHECK(whole.size() == count);
        CHECK(std::is_sorted(whole.begin(), whole.end()));
        CHECK(std::set<std::string>(whole.begin(), whole.end()).size() == whole.size());
        for (const std::uint64_t limit : {1, 2, 5, 36}) {
            CAPTURE(limit);
            std::vector<std::string> paged;
            for (const auto& row : asked.pages(kind, limit)) {
                paged.push_back(key_columns(kind, row));
            }
            CHECK(paged == whole);
        }
    }
}

TEST_CASE("pages: exports have every key ever moved, zeros and customers without debts too") {
    TestLog log("store1");
    log.move("gone", 1'000);
    log.move("gone", -1'000);
    log.debt("paid", 100);
    log.debt("paid", -100);
    log.limit("limited", 5'000);
    log.customer("registered", "store1", "France");
    log.customer("limited", "store1", "Spain");
    const core::ManualClock clock;
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    const Asked asked{clock, *replica, {}};
    const auto stock = asked.pages(QueryKind::export_stock);
    REQUIRE(stock.size() == 1);
    CHECK(stock[0].value == 0);
    const auto debts = asked.pages(QueryKind::export_debts);
    REQUIRE(debts.size() == 3);
    CHECK(debts[0].key == "limited");
    CHECK(debts[0].second == 5'000);
    CHECK(debts[1].key == "paid");
    CHECK(debts[2].key == "registered");
    CHECK(debts[2].second == 0);
    CHECK(asked.pages(QueryKind::export_debts_by_store).size() == 1);
    const auto customers = asked.pages(QueryKind::export_customers);
    REQUIRE(customers.size() == 2);
    CHECK(customers[0].fields[0] == std::pair<std::string, std::string>("home", "store1"));
    CHECK(field(customers[0], "country") == "Spain");
}

TEST_CASE("S18: lists find who is over the limit and what is below zero, by store") {
    TestLog store1("store1"), store2("store2");
    store1.customer("a", "store1", "");
    store1.limit("a", 10'000);
    store2.limit("a", 99'900);  // Not his home: it does not count.
    store1.debt("a", 6'000);
    store2.debt("a", 4'001);
    store2.customer("b", "store2", "");
    store2.debt("b", 1);
    store2.customer("c", "store2", "");
    store2.limit("c", 10);
    store2.debt("c", 10);
    store1.move("x", -1);
    store1.move("y", 0);
    store2.move("z", -1);
    const core::ManualClock clock;
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, store1.all());
    take(*replica, store2.all());
    const Asked asked{clock, *replica, {}};
    const auto keys = [&](QueryKind kind, std::uint64_t filter, const std::string& store) {
        schema::Query query;
        query.kind = kind;
        query.filter = filter;
        query.store = store;
        std::string found;
        for (const auto& row : asked.pages(query, 1)) found += row.key;
        return found;
    };
    CHECK(keys(QueryKind::list_debts, schema::kOverLimit, "") == "ab");
    CHECK(keys(QueryKind::list_debts, schema::kOverLimit, "store2") == "b");
    CHECK(keys(QueryKind::list_debts, 0, "store2") == "bc");
    CHECK(keys(QueryKind::list_stock, schema::kBelowZero, "") == "xz");
    CHECK(keys(QueryKind::list_stock, schema::kBelowZero, "store2") == "z");
    CHECK(keys(QueryKind::list_stock, 0, "store1") == "xy");
}

TEST_CASE(
    "pages: a page stays within its rows and within one message, positions stand in it once") {
    TestLog log("store1");
    for (int i = 0; i < 5'000; ++i) log.move(std::string(200, 'k') + std::to_string(i), 1'000);
    const core::ManualClock clock;
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    const Asked asked{clock, *replica, {}};
    schema::Query query;
    query.kind = QueryKind::export_stock;
    std::size_t rows = 0;
    do {
        const auto answer = asked.ask(query);
        REQUIRE(answer);
        CHECK(answer->rows.size() <= schema::kPageRowsMax);
        CHECK(schema::encode(schema::Message{*answer}).size() < schema::kMessageBytesMax);
        for (std::size_t i = 0; i < answer->rows.size(); ++i) {
            CHECK(answer->rows[i].freshness.positions.size() == (i == 0 ? 1u : 0u));
        }
        rows += answer->rows.size();
        query.after = answer->next;
    } while (!query.after.empty());
    CHECK(rows == 5'000);
}

TEST_CASE("pages: another question's cursor is refused") {
    const core::ManualClock clock;
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    schema::Query query;
    query.kind = QueryKind::export_stock;
    query.after = "kabc,";
    const auto answer = Asked{clock, *replica, {}}.ask(query);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == schema::Errc::invalid);
}
