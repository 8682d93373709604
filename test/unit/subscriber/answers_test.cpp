#include "subscriber/answers.h"

#include <doctest/doctest.h>

#include "schema/grant_payloads.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Verdict;

namespace {

Query about(QueryKind kind, const std::string& key) {
    Query query;
    query.kind = kind;
    query.key = key;
    return query;
}

}  // namespace

TEST_CASE("S20: stock has a row for each store that ever moved it, each with its own as-of") {
    core::ManualClock clock;
    TestLog store1("store1"), store2("store2"), store3("store3");
    store1.move("22423", 5'000);
    store2.move("22423", 1'000);
    store2.move("22423", -1'000);
    store3.move("other", 1'000);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    for (const TestLog* log : {&store1, &store2, &store3}) take(*replica, log->all());
    replica->marked(store1.mark(clock, 1), "own publisher");
    clock.advance(60 * core::kSecond);
    replica->marked(store2.mark(clock, 1), "peer store2");
    const Asked asked{clock, *replica, {}};
    auto answer = asked.ask(about(QueryKind::stock, "22423"));
    REQUIRE(answer);
    CHECK(answer->unit == "thousandths");
    REQUIRE(answer->rows.size() == 2);
    CHECK(answer->rows[0].store == "store1");
    CHECK(answer->rows[0].freshness.age_us == 60 * core::kSecond);
    CHECK(answer->rows[0].freshness.source == "own publisher");
    CHECK(answer->rows[1].value == 0);
    CHECK(answer->rows[1].freshness.age_us == 0);
    CHECK(answer->rows[1].freshness.source == "peer store2");

    Query one = about(QueryKind::stock, "22423");
    one.store = "store2";
    answer = asked.ask(one);
    REQUIRE(answer);
    CHECK(answer->rows.size() == 1);
    const auto unknown = asked.ask(about(QueryKind::stock, "none"));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::not_found);
    CHECK(unknown.error().message.find("store1, store2, store3") != std::string::npos);
}

TEST_CASE("S43: a debt is as old as its home's mark, and never fresh with a store unheard") {
    core::ManualClock clock;
    TestLog store1("store1"), store2("store2");
    store1.customer("17827", "store1", "France");
    store1.debt("17827", 100);
    store2.move("x", 1);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, store1.all());
    take(*replica, store2.all());
    const Asked asked{clock, *replica, {}};
    const auto freshness = [&] { return asked.row(QueryKind::debt, "17827").freshness; };
    replica->marked(store2.mark(clock, 1), "broker head");
    clock.advance(core::kSecond);
    CHECK(freshness().partial);  // Nothing is known of store1's age.
    replica->marked(store1.mark(clock, 1), "broker head");
    CHECK_FALSE(freshness().partial);
    CHECK(freshness().age_us == 0);
    clock.advance(core::kSecond);
    CHECK(freshness().age_us == core::kSecond);
    CHECK(freshness().verdict == Verdict::fresh);
    CHECK(freshness().positions.size() == 2);
    Query once = about(QueryKind::debt, "17827");
    once.max_age_us = 10;
    CHECK(asked.ask(once)->rows[0].freshness.verdict == Verdict::ask);
    replica->know(schema::StoreId{"store3"});
    CHECK(freshness().partial);
    CHECK(freshness().verdict == Verdict::notice);
}

TEST_CASE("S43: a mark of home counts for a debt once all that home had applied is here too") {
    core::ManualClock clock;
    TestLog home("store1"), other("store2");
    home.customer("17827", "store1", "France");
    home.debt("17827", 100);
    other.debt("17827", 40);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, home.all());
    const Asked asked{clock, *replica, {}};
    const auto row = [&] { return asked.row(QueryKind::debt, "17827"); };
    replica->marked(home.mark(clock, 1), "broker head");
    replica->marked(other.mark(clock, 1), "broker head");  // Not reached: its log is not here.
    clock.advance(60 * core::kSecond);
    core::HeldMark later = home.mark(clock, 2);
    later.mark.applied = {{other.store(), schema::Epoch{1}, {{"debts", schema::Sequence{1}}}}};
    replica->marked(later, "broker head");
    // Home knew of 40 more; what is here is what home's first mark says.
    CHECK(row().value == 100);
    CHECK(row().freshness.age_us == 60 * core::kSecond);
    take(*replica, other.all());
    CHECK(row().value == 140);
    CHECK(row().freshness.age_us == 0);
}

TEST_CASE("S43: who may still charge and was heard longer ago than home is named") {
    core::ManualClock clock;
    TestLog home("store1"), holder("store2");
    home.customer("17827", "store1", "France");
    home.debt("17827", 100);
    schema::GrantStep given;
    given.peer = "store2";
    given.epoch = schema::Epoch{1};
    given.amount = 500;
    home.add("accounts", schema::kGrantGiven, "17827", schema::encode(given));
    holder.debt("17827", 40);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, home.all());
    take(*replica, holder.all());
    const Asked asked{clock, *replica, {}};
    const auto row = [&] { return asked.row(QueryKind::debt, "17827"); };
    replica->marked(holder.mark(clock, 1), "broker head");
    replica->marked(home.mark(clock, 1), "broker head");
    CHECK(row().freshness.verdict == Verdict::fresh);
    const std::int64_t days = std::int64_t{2} * 86'400;
    clock.advance(days * core::kSecond);
    replica->marked(home.mark(clock, 2), "broker head");
    const auto old = row();
    CHECK(old.freshness.age_us == 0);
    CHECK(old.freshness.verdict == Verdict::ask);
    REQUIRE(old.fields.back().first == "unheard:store2");
    CHECK(old.fields.back().second == std::to_string(days));
    // Recalled, closed and booked, it cannot charge any more.
    given.closes = true;
    home.add("accounts", schema::kGrantRecalled, "17827", schema::encode(given));
    given.cause = {holder.store(), schema::Epoch{1}, schema::Sequence{2}};
    home.add("accounts", schema::kGrantBooked, "17827", schema::encode(given));
    take(*replica, home.all());
    replica->marked(home.mark(clock, 3), "broker head");
    CHECK(row().freshness.verdict == Verdict::fresh);
}

TEST_CASE("answers: of some stores only, a debt is partial and never fresh") {
    core::ManualClock clock;
    TestLog log("store1");
    log.debt("17827", 100);
    Folder folder;
    const auto replica = open_replica(
        replica_options(folder, "store1", {"stock", "customers", "debts"}, {"store1"}));
    take(*replica, log.all());
    replica->marked(log.mark(clock, 1), "own publisher");
    const auto row = Asked{clock, *replica, {}}.row(QueryKind::debt, "17827");
    CHECK(row.freshness.partial);
    CHECK(row.freshness.verdict == Verdict::notice);
    CHECK(row.store.empty());
}

TEST_CASE("S13: a customer shows the greatest value of a field, and the others beside it") {
    TestLog store11("store11"), store12("store12");
    store11.customer("12431", "store12", "Belgium", 10);
    store12.customer("12431", "store12", "Australia", 20);
    const core::ManualClock clock;
    for (const bool later_first : {true, false}) {
        CAPTURE(later_first);
        Folder folder;
        const auto replica = open_replica(replica_options(folder));
        take(*replica, (later_first ? store12 : store11).all());
        take(*replica, (later_first ? store11 : store12).all());
        const auto row = Asked{clock, *replica, {}}.row(QueryKind::customer, "12431");
        CHECK(row.store == "store12");
        CHECK(field(row, "country") == "Australia");
        CHECK(field(row, "conflict:country") == "Belgium");
        CHECK(field(row, "home") == "store12");
        CHECK(field(row, "conflict:home") == "(none)");
        check_sums(*replica);
    }
}

TEST_CASE("answers: the limit is home's, wherever others have set one") {
    TestLog store1("store1"), store2("store2");
    store1.customer("c", "store2", "", 1);
    store1.limit("c", 7'000);
    store2.limit("c", 5'000);
    store2.limit("c", 4'000);
    const core::ManualClock clock;
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, store1.all());
    CHECK(Asked{clock, *replica, {}}.row(QueryKind::debt, "c").second == 0);
    take(*replica, store2.all());
    CHECK(Asked{clock, *replica, {}}.row(QueryKind::debt, "c").second == 4'000);
}

TEST_CASE("answers: what is not subscribed is told apart from what does not exist") {
    const core::ManualClock clock;
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store1", {"stock"}));
    const Asked asked{clock, *replica, {}};
    CHECK(asked.ask(about(QueryKind::customer, "1")).error().code == Errc::not_held);
    CHECK(asked.ask(about(QueryKind::stock, "1")).error().code == Errc::not_found);
    CHECK(asked.ask(about(static_cast<QueryKind>(99), "1")).error().code == Errc::not_held);
    Query unknown = about(static_cast<QueryKind>(99), "1");
    unknown.topic = "stock";
    CHECK(asked.ask(unknown).error().code == Errc::invalid);
}
