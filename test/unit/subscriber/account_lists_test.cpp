#include <doctest/doctest.h>

#include <map>

#include "test/unit/subscriber/ann_company.h"

using namespace filial;
using namespace filial::subscriber;
using schema::AnswerRow;
using schema::QueryKind;
using schema::StoreId;
using K = schema::OperationKind;

namespace {

std::vector<AnswerRow> refused_tasks(AnnCompany& c) {
    std::vector<AnswerRow> found;
    for (const AnswerRow& row : c.rows(QueryKind::account_tasks)) {
        if (field(row, "task") == "refused") found.push_back(row);
    }
    return found;
}

}  // namespace

TEST_CASE(
    "N3: the waiting list names the holder that a closing waits for, since when, and the verdict "
    "with its reason") {
    AnnCompany c;
    c.limit_and_grant();
    c.exchange();
    c.home.done(test::about(K::close_account, "ann"));
    c.read_all();
    auto rounds = c.rows(QueryKind::list_rounds);
    REQUIRE(rounds.size() == 1);
    CHECK(rounds[0].store == "store1");
    CHECK(rounds[0].key == "ann");
    CHECK(field(rounds[0], "state") == "waiting");
    CHECK(field(rounds[0], "for") == "close");
    CHECK(field(rounds[0], "waits") == "store2");
    CHECK(field(rounds[0], "since") != "(none)");
    CHECK(field(c.holders()[0], "waits") == "yes");
    CHECK(field(Asked{c.clock, *c.replica, {}}.row(QueryKind::debt, "ann"), "account") ==
          "round 1 (close)");

    c.holder.done(test::money(K::charge, "ann", "20.00"));
    c.exchange();
    c.read_all();
    rounds = c.rows(QueryKind::list_rounds);
    REQUIRE(rounds.size() == 1);
    CHECK(field(rounds[0], "state") == "ready");
    CHECK(field(rounds[0], "waits") == "(none)");

    c.home.inputs.balances["ann"] = {schema::Money{2'000},
                                     {{StoreId{"store2"}, schema::Epoch{1}, schema::Sequence{99}}}};
    c.home.done(test::about(K::round_verdict, "ann"));
    c.read_all();
    CHECK(c.rows(QueryKind::list_rounds).empty());
    const AnswerRow last = c.rows(QueryKind::account, "ann").back();
    CHECK(field(last, "row") == "note");
    CHECK(field(last, "kind") == "round.refused");
    CHECK(field(last, "reason") == "owes 20.00");
}

TEST_CASE("N1: a request that waits for a person is in the list, and gone once it was granted") {
    AnnCompany c;
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.holder.done(test::money(K::grant_ask, "ann", "30.00"));
    c.exchange();
    c.read_all();
    const auto requests = c.rows(QueryKind::list_requests);
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].store == "store1");
    CHECK(requests[0].value == 3'000);
    CHECK(field(requests[0], "holder") == "store2");
    c.home.done(test::with_peer(test::money(K::grant, "ann", "30.00"), "store2"));
    c.read_all();
    CHECK(c.rows(QueryKind::list_requests).empty());
    const auto grants = c.rows(QueryKind::list_grants);
    REQUIRE(grants.size() == 1);
    CHECK(grants[0].value == 3'000);
    CHECK(field(grants[0], "of") == "credit");
}

TEST_CASE(
    "N1: a person at home can refuse a request, and whoever asked sees why until he asks again") {
    AnnCompany c;
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.refused(test::about(K::grant_refuse, "ann", "store2"));
    c.holder.done(test::money(K::grant_ask, "ann", "30.00"));
    c.holder.done(test::with_peer(test::goods(K::reserve_ask, "tea", "2"), "store1"));
    c.exchange();
    auto no = test::about(K::grant_refuse, "ann", "store2");
    no.document = "pays late";
    c.other.refused(no);
    c.home.done(no);
    c.home.refused(no);
    c.home.done(test::about(K::reserve_refuse, "tea", "store2"));
    c.read_all();
    CHECK(c.rows(QueryKind::list_requests).empty());  // Nothing waits, and nobody has heard yet.
    c.exchange();
    c.read_all();
    const auto seen = c.rows(QueryKind::list_requests);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].store == "store1");
    CHECK(seen[0].key == "ann");
    CHECK(seen[0].value == 3'000);
    CHECK(field(seen[0], "holder") == "store2");
    CHECK(field(seen[0], "refused") == "pays late");
    CHECK(field(seen[1], "refused") == "somebody at store1 said no");
    CHECK(seen[1].value == 2'000);
    CHECK(refused_tasks(c).size() == 2);
    c.holder.done(test::money(K::grant_ask, "ann", "10.00"));
    c.holder.done(test::with_peer(test::goods(K::reserve_ask, "tea", "1"), "store1"));
    c.read_all();
    CHECK(c.rows(QueryKind::list_requests).empty());
    c.exchange();
    c.read_all();
    const auto waits = c.rows(QueryKind::list_requests);
    REQUIRE(waits.size() == 2);
    CHECK(waits[0].value == 1'000);
    CHECK(field(waits[0], "refused") == "(none)");
    CHECK(refused_tasks(c).empty());
}

TEST_CASE(
    "N1: a refused request is a task of whoever asked, until he asks again, gets more or leaves it "
    "at that") {
    AnnCompany c;
    const auto refuse = [&](test::StoreLog& asker) {
        asker.done(test::money(K::grant_ask, "ann", "30.00"));
        c.exchange();
        c.home.done(test::about(K::grant_refuse, "ann", asker.name().value()));
        c.exchange();
        c.read_all();
        const auto tasks = refused_tasks(c);
        REQUIRE(tasks.size() == 1);
        CHECK(tasks[0].store == asker.name().value());
        CHECK(tasks[0].key == "ann");
        CHECK(tasks[0].value == 3'000);
        CHECK(field(tasks[0], "of") == "credit");
        CHECK(field(tasks[0], "by") == "store1");
        CHECK(field(tasks[0], "why") == "somebody at store1 said no");
    };
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.holder.refused(test::about(K::grant_return, "ann"));  // Nothing is held or refused.
    refuse(c.holder);
    c.holder.refused(test::money(K::grant_return, "ann", "1.00"));
    const auto left = c.holder.done(test::about(K::grant_return, "ann"));
    REQUIRE(left.size() == 1);
    CHECK(left[0].event.addressee.empty());
    c.read_all();
    CHECK(refused_tasks(c).empty());
    c.holder.refused(test::about(K::grant_return, "ann"));

    refuse(c.other);
    c.home.done(test::with_peer(test::money(K::grant, "ann", "20.00"), "store3"));
    c.exchange();
    c.read_all();
    CHECK(refused_tasks(c).empty());
}

TEST_CASE("N2: reserved stock is in the list of grants, by place and holder") {
    AnnCompany c;
    c.home.done(test::goods(K::receive, "tea", "10"));
    c.home.done(test::about(K::reserve, "tea", "store2"));
    auto more = test::goods(K::reserve, "tea", "4");
    more.peer = "store2";
    c.home.done(more);
    c.exchange();
    auto sale = test::goods(K::sell_reserved, "tea", "1");
    sale.peer = "store1";
    c.holder.done(sale);
    c.read_all();
    const auto grants = c.rows(QueryKind::list_grants);
    REQUIRE(grants.size() == 1);
    CHECK(field(grants[0], "of") == "stock");
    CHECK(grants[0].value == 4'000);
    CHECK(grants[0].second == 3'000);
}

TEST_CASE(
    "N6: a document that was paid at two stores is a task while the customer is owed the money") {
    AnnCompany c;
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.done(test::money(K::charge, "ann", "40.00", "r1"));
    c.holder.done(test::money(K::pay, "ann", "40.00", "r1"));
    c.other.done(test::money(K::pay, "ann", "40.00", "r1"));
    c.exchange();
    c.read_all();
    auto tasks = c.rows(QueryKind::account_tasks);
    REQUIRE(tasks.size() == 1);
    CHECK(field(tasks[0], "task") == "paid-twice");
    CHECK(field(tasks[0], "document") == "r1");
    CHECK(tasks[0].value == -4'000);
    c.home.done(test::money(K::charge, "ann", "40.00", "r2"));
    c.read_all();
    CHECK(c.rows(QueryKind::account_tasks).empty());
}

TEST_CASE("N6: a payment made twice at home itself is a task as well") {
    AnnCompany c;
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.done(test::money(K::charge, "ann", "40.00", "r1"));
    c.home.done(test::money(K::pay, "ann", "40.00", "r1"));
    c.home.done(test::money(K::pay, "ann", "40.00", "r1"));
    c.read_all();
    const auto tasks = c.rows(QueryKind::account_tasks);
    REQUIRE(tasks.size() == 1);
    CHECK(field(tasks[0], "holder") == "store1");
}

TEST_CASE(
    "N1: what is beyond a limit, at home or at a holder, is a task, and without a limit nothing "
    "is") {
    AnnCompany c;
    c.home.done(test::person(K::customer_add, "bob", "store1", {}));
    c.home.done(test::as_fact(test::money(K::charge, "bob", "10.00")));
    c.limit_and_grant();
    c.exchange();
    c.holder.done(test::as_fact(test::money(K::charge, "ann", "70.00")));
    c.exchange();
    c.home.done(test::money(K::limit, "ann", "50.00"));
    c.read_all();
    const auto tasks = c.rows(QueryKind::account_tasks);
    std::map<std::string, std::int64_t> found;
    for (const AnswerRow& row : tasks) {
        CHECK(row.key == "ann");
        CHECK(field(row, "task") == "beyond");
        found[field(row, "holder")] = row.value;
    }
    CHECK(found["store2"] == 1'000);
    CHECK(found["(none)"] == 1'000);
}

TEST_CASE("S44: a fact after the account closed is in the list, to be reviewed") {
    AnnCompany c;
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.done(test::about(K::close_account, "ann"));
    c.home.inputs.balances["ann"] = {};
    c.home.done(test::about(K::round_verdict, "ann"));
    c.read_all();
    CHECK(field(c.account(), "standing") == "closed");
    CHECK(c.rows(QueryKind::list_rounds).empty());
    c.home.done(test::as_fact(test::money(K::charge, "ann", "5.00")));
    c.exchange();
    c.other.done(test::as_fact(test::money(K::charge, "ann", "5.00")));
    c.exchange();
    c.read_all();
    const auto rounds = c.rows(QueryKind::list_rounds);
    REQUIRE(rounds.size() == 1);
    CHECK(field(rounds[0], "state") == "review");
    CHECK(field(c.account(), "review") == "yes");
}

TEST_CASE("S44: what home answered to a store that asked for a round is in the account's history") {
    AnnCompany c("store3");
    c.limit_and_grant();
    c.home.done(test::about(K::block_customer, "ann"));
    c.exchange();
    c.other.done(test::about(K::move_home, "ann", "store3"));
    c.exchange();
    c.read_all();
    const AnswerRow last = c.rows(QueryKind::account, "ann").back();
    CHECK(field(last, "kind") == "round.refused");
    CHECK(field(last, "peer") == "store3");
    CHECK(field(last, "reason").find("is blocked: unblock it first") != std::string::npos);
    CHECK(field(c.account(), "standing") == "open");
}

TEST_CASE("N3: a round waits for what a store lost until that was told again or written off") {
    AnnCompany c;
    c.limit_and_grant();
    c.exchange();
    c.read_all();
    c.holder.reopen(c.holder.log().size());
    c.exchange();
    c.home.done(test::about(K::close_account, "ann"));
    c.read_all();
    auto rounds = c.rows(QueryKind::list_rounds);
    REQUIRE(rounds.size() == 1);
    CHECK(field(rounds[0], "state") == "waiting");
    CHECK(field(rounds[0], "lost:store2") == "6000");
    CHECK(field(rounds[0], "waits") == "(none)");
    c.home.done(test::about(K::grant_write_off, "ann", "store2"));
    c.read_all();
    CHECK(field(c.rows(QueryKind::list_rounds)[0], "state") == "ready");
}

TEST_CASE(
    "N2: a holder whose reserved stock or granted limit was cut is told how much, by whom and why, "
    "until it asks for more or gives the rest back") {
    AnnCompany c;
    const auto cuts = [&] {
        c.exchange();
        c.read_all();
        std::vector<AnswerRow> found;
        for (const AnswerRow& row : c.rows(QueryKind::account_tasks)) {
            if (field(row, "task") == "cut") found.push_back(row);
        }
        return found;
    };
    c.home.done(test::goods(K::receive, "tea", "10"));
    c.home.done(test::with_peer(test::goods(K::reserve, "tea", "4"), "store2"));
    CHECK(cuts().empty());
    c.home.done(test::goods(K::count, "tea", "3"));
    auto found = cuts();
    REQUIRE(found.size() == 1);
    CHECK(found[0].store == "store2");
    CHECK(found[0].key == "tea");
    CHECK(found[0].value == 1'000);
    CHECK(found[0].second == 3'000);
    CHECK(field(found[0], "of") == "stock");
    CHECK(field(found[0], "by") == "store1");
    CHECK(field(found[0], "why") == "less is on hand than was reserved");
    schema::Query query;
    query.kind = QueryKind::account_tasks;
    query.store = "store1";
    CHECK(Asked{c.clock, *c.replica, {}}.pages(query).empty());
    query.store = "store2";
    query.limit = 1;
    CHECK(Asked{c.clock, *c.replica, {}}.pages(query).size() == 1);
    c.holder.done(test::with_peer(test::goods(K::reserve_ask, "tea", "1"), "store1"));
    CHECK(cuts().empty());

    c.limit_and_grant();
    c.exchange();
    c.holder.done(test::money(K::charge, "ann", "5.00"));
    c.exchange();
    c.home.done(test::money(K::limit, "ann", "50.00"));
    found = cuts();
    REQUIRE(found.size() == 1);
    CHECK(found[0].key == "ann");
    CHECK(found[0].value == 1'000);
    CHECK(found[0].second == 4'500);
    CHECK(field(found[0], "why") == "the limit is 50.00 now");
    c.holder.done(test::about(K::grant_return, "ann"));
    CHECK(cuts().empty());
}

TEST_CASE("N2: what is recalled by a person, or was sold already, is no cut") {
    AnnCompany c;
    c.home.done(test::goods(K::receive, "tea", "4"));
    c.home.done(test::with_peer(test::goods(K::reserve, "tea", "4"), "store2"));
    c.exchange();
    c.home.done(test::with_peer(test::goods(K::reserve_recall, "tea", "1"), "store2"));
    c.exchange();
    c.holder.done(test::with_peer(test::goods(K::sell_reserved, "tea", "3"), "store1"));
    c.home.done(test::goods(K::count, "tea", "1"));
    c.exchange();
    c.read_all();
    for (const AnswerRow& row : c.rows(QueryKind::account_tasks)) {
        CHECK(field(row, "task") != "cut");
    }
}
