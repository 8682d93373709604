#include "subscriber/balances.h"

#include <doctest/doctest.h>

#include "subscriber/answers.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::Position;
using schema::Query;
using schema::QueryKind;
using schema::StoreId;

namespace {

Query about_ann(QueryKind kind, const std::string& without = "") {
    Query query;
    query.kind = kind;
    query.key = "ann";
    query.store = without;
    return query;
}

}  // namespace

TEST_CASE("N3: a balance leaves the asker's own part out and says how far each log was read") {
    TestLog store1("store1"), store2("store2"), store3("store3");
    store1.debt("ann", 1'000);
    store2.debt("ann", 5'000);
    store2.debt("bob", -200);
    store2.move("tea", 1);
    store3.debt("ann", -3'000);
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    for (const TestLog* log : {&store1, &store2, &store3}) take(*replica, log->all());
    const Asked asked{clock, *replica, {}};
    Query query = about_ann(QueryKind::balance, "store1");
    auto answer = asked.ask(query);
    REQUIRE(answer);
    REQUIRE(answer->rows.size() == 1);
    CHECK(answer->rows[0].value == 2'000);
    CHECK(answer->rows[0].fields ==
          decltype(answer->rows[0].fields){{"at:store2", "5000"}, {"at:store3", "-3000"}});
    CHECK(answer->rows[0].freshness.positions ==
          std::vector<Position>{{StoreId{"store2"}, schema::Epoch{1}, schema::Sequence{3}},
                                {StoreId{"store3"}, schema::Epoch{1}, schema::Sequence{1}}});
    // With whoever was merged into her.
    query.after = schema::encode_customers({"bob", "nobody"});
    answer = asked.ask(query);
    REQUIRE(answer);
    CHECK(answer->rows[0].value == 1'800);
    query.after = "x";
    CHECK(asked.ask(query).error().code == Errc::corrupt);
}

TEST_CASE("N3: a replica that has not all stores gives no balance") {
    Folder folder;
    const core::ManualClock clock;
    auto options = replica_options(folder);
    options.stores = {"store1", "store2"};
    const auto replica = open_replica(options);
    const Asked asked{clock, *replica, {}};
    const auto answer = asked.ask(about_ann(QueryKind::balance, "store1"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::not_held);
}

TEST_CASE("N3: every store's word of a customer's home is told with its position") {
    TestLog store1("store1"), store2("store2");
    store1.move("tea", 1);
    store1.customer("ann", "store1", "", 10);
    store2.customer("ann", "store2", "", 20);
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    for (const TestLog* log : {&store1, &store2}) take(*replica, log->all());
    const Asked asked{clock, *replica, {}};
    const auto answer = asked.ask(about_ann(QueryKind::homes));
    REQUIRE(answer);
    REQUIRE(answer->rows.size() == 2);
    CHECK(answer->rows[0].key == "store2");
    CHECK(answer->rows[1].freshness.positions ==
          std::vector<Position>{{StoreId{"store1"}, schema::Epoch{1}, schema::Sequence{2}}});
    Query nobody = about_ann(QueryKind::homes);
    nobody.key = "eve";
    REQUIRE(asked.ask(nobody));
    CHECK(asked.ask(nobody)->rows.empty());
}
