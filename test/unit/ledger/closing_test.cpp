// What a closing rests on, who may ask for it, and what is said where it stands in the way.
#include "test/unit/ledger/ann_at_home.h"

using namespace filial::test;
using filial::ledger::Standing;
using filial::schema::Errc;
using filial::schema::Money;
using K = filial::schema::OperationKind;

TEST_CASE("S44: a verdict on a balance that does not cover every answer is refused as stale") {
    AnnAtHome c;
    c.home.done(about(K::close_account, "ann"));
    c.read_balance(c.home);
    c.exchange();
    const auto is_stale = [&] {
        return c.home.refused(about(K::round_verdict, "ann"), Errc::stale);
    };
    CHECK(is_stale().find("is older than store2/1/") != std::string::npos);
    c.home.inputs.balances.clear();
    CHECK(is_stale().find("was not read") != std::string::npos);
    c.read_balance(c.home);
    CHECK(c.home.done(about(K::round_verdict, "ann"))[0].event.kind == "account.closed");
}

TEST_CASE("S44: a store whose own log never heard of him asks the home that it is shown") {
    AnnAtHome c;
    StoreLog stranger("store7");
    stranger.refused(about(K::close_account, "ann"));
    const auto asked = stranger.done(about(K::close_account, "ann", "store1"));
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].event.addressee == "store1");
    CHECK(account(asked[0]).peer == "");
    c.home.take_from(stranger);
    CHECK(c.pot(c.home).standing == Standing::fenced);
    CHECK(stranger.done(about(K::block_customer, "ann", "store1"))[0].event.addressee == "store1");
    c.home.take_from(stranger);
    CHECK(c.pot(c.home).blocked);
    // Whom it was shown wrongly answers so, and does not invent a home.
    StoreLog wrong("store8");
    stranger.done(about(K::close_account, "ann", "store8"));
    wrong.take_from(stranger);
    CHECK(wrong.log().back().event.kind == "round.refused");
    CHECK(account(wrong.log().back()).reason ==
          "customer ann is not at home here, as far as this store's own log says");
}

TEST_CASE("N3: what only home can do is refused elsewhere, with the home's name") {
    AnnAtHome c;
    c.home.done(about(K::block_customer, "ann"));
    c.exchange();
    for (const K kind :
         {K::unblock_customer, K::reopen_account, K::round_cancel, K::round_verdict}) {
        CHECK(c.other.refused(about(kind, "ann")) ==
              "customer ann is not at home here, but at store1: do it at his home");
        StoreLog stranger("store7");
        CHECK(stranger.refused(about(kind, "ann")).find("do it at his home") != std::string::npos);
    }
    c.home.done(about(K::unblock_customer, "ann"));
}

TEST_CASE("S44: a charge that no room could allow is refused with what helps") {
    AnnAtHome c;
    const auto why = [&] { return c.home.refused(money(K::charge, "ann", "1.00")); };
    const auto has = [&](const char* what) { return why().find(what) != std::string::npos; };
    c.home.done(about(K::block_customer, "ann"));
    CHECK(has("is blocked: take cash, or unblock him first"));
    c.home.done(about(K::unblock_customer, "ann"));
    c.home.done(about(K::close_account, "ann"));
    CHECK(has("cancel the round"));
    c.exchange();
    c.read_balance(c.home);
    CHECK(c.home.done(about(K::round_verdict, "ann"))[0].event.kind == "account.closed");
    CHECK(has("reopen-account"));
    CHECK_FALSE(has("raise the limit"));
    c.home.done(about(K::reopen_account, "ann"));
    c.home.done(money(K::charge, "ann", "1.00"));
}

TEST_CASE("N1: a store is retired once") {
    StoreLog office("office");
    office.done(as_fact(about(K::retire_store, "store9")));
    CHECK(office.refused(as_fact(about(K::retire_store, "store9"))).find("retired already") !=
          std::string::npos);
}

TEST_CASE("S44: an account is closed with nothing owed though nobody was told of a payment") {
    AnnAtHome c;
    StoreLog stranger("store7");  // Its own log knows neither the customer nor his home.
    c.home.done(money(K::charge, "ann", "10.00"));
    stranger.done(money(K::pay, "ann", "10.00"));
    c.home.done(about(K::close_account, "ann"));
    c.exchange();
    c.read_balance(c.home);
    auto& balance = c.home.inputs.balances["ann"];
    balance.elsewhere = Money{-1'000};
    balance.upto.push_back({stranger.name(), stranger.log()[0].epoch, stranger.log()[0].seq});
    CHECK(c.home.done(about(K::round_verdict, "ann"))[0].event.kind == "account.closed");
}

TEST_CASE(
    "S44: a balance that is older than what home was told is stale, passed on or handed over") {
    AnnAtHome c;
    const auto stale = [&](StoreLog& home) {
        return home.refused(about(K::round_verdict, "ann"), Errc::stale);
    };
    // Told directly, by a store that holds nothing.
    c.other.done(as_fact(money(K::charge, "ann", "5.00")));
    c.exchange();
    c.home.done(about(K::close_account, "ann"));
    c.exchange();
    c.read_balance(c.home);
    auto& upto = c.home.inputs.balances["ann"].upto;
    const auto all = upto;
    upto.pop_back();
    CHECK(stale(c.home).find("is older than store3/1/") != std::string::npos);
    upto = all;
    CHECK(account(c.home.done(about(K::round_verdict, "ann"))[0]).reason == "owes 5.00");

    // Handed over: the new home was told nothing itself.
    c.home.done(about(K::move_home, "ann", "store2"));
    c.exchange();
    c.home.done(about(K::round_verdict, "ann"));
    c.exchange();
    c.holder.done(about(K::close_account, "ann"));
    c.exchange();
    c.read_balance(c.holder);
    auto& later = c.holder.inputs.balances["ann"].upto;
    later.pop_back();
    CHECK(stale(c.holder).find("is older than store3/1/") != std::string::npos);

    // Passed on by a former home: the teller's own event counts.
    StoreLog late("store8");
    late.done(person(K::customer_add, "ann", "store1", {}));
    late.done(money(K::pay, "ann", "5.00"));
    c.home.take_from(late);
    c.exchange();
    c.read_balance(c.holder);
    CHECK(stale(c.holder).find("is older than store8/1/") != std::string::npos);
    auto& last = c.holder.inputs.balances["ann"];
    last.upto.push_back({late.name(), late.log().back().epoch, late.log().back().seq});
    last.elsewhere = Money{last.elsewhere.value() - 500};
    CHECK(c.holder.done(about(K::round_verdict, "ann"))[0].event.kind == "account.closed");
}
