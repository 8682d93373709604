#include <doctest/doctest.h>

#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::QueryKind;

namespace {

/// Home's mark, with what its replica has applied of store2's debts.
core::HeldMark mark_of_home(const TestLog& home, const core::Clock& clock, std::uint64_t counter,
                            std::uint64_t applied) {
    core::HeldMark held = home.mark(clock, counter);
    held.mark.applied.push_back(
        {schema::StoreId{"store2"},
         schema::Epoch{1},
         {{"stock", schema::Sequence{99}}, {"debts", schema::Sequence{applied}}}});
    return held;
}

}  // namespace

TEST_CASE("S42: a payment taken here for another home shows as pending until that home has it") {
    core::ManualClock clock;
    TestLog home("store1"), own("store2");
    home.customer("17827", "store1", "United Kingdom");
    home.debt("17827", 10'000);
    own.debt("17827", -10'000);
    own.debt("17827", 2'500);
    Folder folder;
    auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, home.all());
    take(*replica, own.all());
    const auto row = [&] { return Asked{clock, *replica, {}}.row(QueryKind::debt, "17827"); };
    CHECK(row().value == 2'500);
    CHECK(row().pending == -7'500);

    replica->marked(mark_of_home(home, clock, 1, 1), "broker head");
    CHECK(row().pending == 2'500);
    CHECK(row().value == 2'500);
    REQUIRE(replica->flush());
    replica.reset();
    replica = open_replica(replica_options(folder, "store2"));
    CHECK(row().pending == 2'500);

    // A mark whose `applied` is a difference without our log says nothing new.
    replica->marked(home.mark(clock, 2), "broker head");
    CHECK(row().pending == 2'500);
    replica->marked(mark_of_home(home, clock, 3, 2), "broker head");
    CHECK(row().pending == 0);
    CHECK(replica->counters().at("debts_pending") == 0);
}

TEST_CASE("pending: what home had booked before we asked is not pending") {
    core::ManualClock clock;
    TestLog home("store1"), own("store2");
    home.customer("17827", "store1", "United Kingdom");
    own.debt("17827", -10'000);
    own.debt("17827", -5'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, home.all());
    replica->marked(mark_of_home(home, clock, 1, 1), "broker head");
    take(*replica, own.all());
    CHECK(Asked{clock, *replica, {}}.row(QueryKind::debt, "17827").pending == -5'000);
}

TEST_CASE("pending: own customers have nothing pending, unknown ones until their home is known") {
    core::ManualClock clock;
    TestLog home("store1"), own("store2");
    own.customer("1", "store2", "");
    own.debt("1", 100);
    own.debt("2", 100);
    own.debt("3", 100);
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, own.all());
    const auto pending = [&](const std::string& customer) {
        return Asked{clock, *replica, {}}.row(QueryKind::debt, customer).pending;
    };
    CHECK(pending("1") == 0);
    CHECK(pending("2") == 100);
    CHECK(pending("3") == 100);
    home.customer("2", "store1", "");
    home.customer("3", "store2", "");
    take(*replica, home.all());
    CHECK(pending("2") == 100);
    CHECK(pending("3") == 0);
    replica->marked(mark_of_home(home, clock, 1, own.size()), "broker head");
    CHECK(pending("2") == 0);
    CHECK(replica->counters().at("debts_pending") == 0);
}
