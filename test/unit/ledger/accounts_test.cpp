#include <doctest/doctest.h>

#include "ledger/debts.h"
#include "test/unit/ledger/ann_at_home.h"

using namespace filial::test;
using filial::ledger::Standing;
using filial::schema::Errc;
using filial::schema::GrantOf;
using filial::schema::Money;
using K = filial::schema::OperationKind;

namespace {

std::string credit_left(const StoreLog& store) {
    const auto view =
        filial::ledger::credit_view(store.state(), {store.name(), store.next().epoch}, "ann");
    REQUIRE(view);
    return view->left ? to_string(Money{*view->left}) : "none";
}

}  // namespace

TEST_CASE("N3: closing waits for the one who could still charge, and names it") {
    AnnAtHome c;
    c.home.done(about(K::close_account, "ann"));
    c.read_balance(c.home);
    const std::string why = c.home.refused(about(K::round_verdict, "ann"));
    CHECK(why.find("is waiting for store2") != std::string::npos);
    c.home.refused(money(K::charge, "ann", "1.00"));
    c.home.refused(with_peer(money(K::grant, "ann", "1.00"), "store3"));
    c.holder.done(money(K::charge, "ann", "20.00"));  // It has not heard of it.

    c.exchange();
    CHECK(filial::ledger::unfinished(c.home.state())->at(0) == "ann");
    c.holder.refused(money(K::charge, "ann", "1.00"));
    c.read_balance(c.home);
    const auto refused = c.home.done(about(K::round_verdict, "ann"));
    CHECK(refused[0].event.kind == "round.refused");
    CHECK(account(refused[0]).reason == "owes 20.00");
    CHECK(credit_left(c.home) == "80.00");

    c.other.done(money(K::pay, "ann", "20.00"));
    c.home.done(about(K::close_account, "ann"));
    c.exchange();
    c.read_balance(c.home);
    CHECK(c.home.done(about(K::round_verdict, "ann"))[0].event.kind == "account.closed");
    CHECK(filial::ledger::unfinished(c.home.state())->empty());
    c.home.refused(money(K::charge, "ann", "1.00"));
}

TEST_CASE("S44: closing can be asked anywhere, home alone decides") {
    AnnAtHome c;
    CHECK(c.other.done(about(K::close_account, "ann"))[0].event.addressee == "store1");
    c.other.done(about(K::close_account, "ann"));
    c.exchange();
    CHECK(c.pot(c.home).standing == Standing::fenced);
    // The second one finds a round under way; its asker is told.
    CHECK(c.home.log().back().event.kind == "grant.booked");
    std::string told;
    for (const auto& logged : c.home.log()) {
        if (logged.event.kind == "round.refused") told = account(logged).reason;
    }
    CHECK(told.find("is in round 1 (close) already") != std::string::npos);
}

TEST_CASE("N3: an answer counts for its own round only") {
    AnnAtHome c;
    c.home.done(about(K::close_account, "ann"));
    c.holder.take_from(c.home);  // Its answer is on its way.
    c.home.done(about(K::round_cancel, "ann"));
    c.home.done(with_peer(money(K::grant, "ann", "0"), "store2"));
    c.home.done(about(K::close_account, "ann"));
    c.home.take_from(c.holder);  // The first one's answer.
    c.read_balance(c.home);
    CHECK(c.home.refused(about(K::round_verdict, "ann")).find("store2") != std::string::npos);
    c.exchange();
    c.read_balance(c.home);
    CHECK(c.home.done(about(K::round_verdict, "ann"))[0].event.kind == "account.closed");
}

TEST_CASE("N3: what a holder lost with its epoch has to be told or given up before the verdict") {
    AnnAtHome c;
    const std::size_t kept = c.holder.log().size();
    c.holder.done(money(K::charge, "ann", "20.00"));
    c.holder.reopen(kept);
    c.home.done(about(K::close_account, "ann"));
    c.exchange();
    c.read_balance(c.home);
    const std::string why = c.home.refused(about(K::round_verdict, "ann"));
    CHECK(why.find("what store2 lost with its epoch 1 (60.00)") != std::string::npos);
    c.holder.done(as_fact(money(K::charge, "ann", "20.00")));
    c.holder.done(about(K::tail_told, "store2"));
    c.exchange();
    c.read_balance(c.home);
    CHECK(account(c.home.done(about(K::round_verdict, "ann"))[0]).reason == "owes 20.00");
}

TEST_CASE("N3: a fact after the close is booked, flagged and opens a review") {
    AnnAtHome c;
    c.home.done(about(K::close_account, "ann"));
    c.exchange();
    c.read_balance(c.home);
    c.home.done(about(K::round_verdict, "ann"));
    c.other.refused(money(K::charge, "ann", "5.00"));
    c.other.done(as_fact(money(K::charge, "ann", "5.00")));
    c.exchange();
    CHECK(c.pot(c.home).review);
    CHECK(filial::ledger::unfinished(c.home.state())->at(0) == "ann");
    const auto applied = told(c.home.log().back());
    CHECK((applied.flags & filial::schema::kFlagAfterClose) != 0);
    const auto own = c.home.done(money(K::pay, "ann", "1.00"));
    CHECK((debt(own[0]).flags & filial::schema::kFlagAfterClose) != 0);
    c.home.done(about(K::reopen_account, "ann"));
    CHECK(credit_left(c.home) == "96.00");
}

TEST_CASE("N6: a changed home knows limit and debt, and what was told to the old one reaches it") {
    AnnAtHome c;
    c.holder.done(money(K::charge, "ann", "20.00"));
    c.home.done(about(K::move_home, "ann", "store3"));
    c.other.done(money(K::pay, "ann", "5.00"));  // Told to the old home.
    c.holder.take_from(c.home);
    c.home.take_from(c.holder);
    const auto handed = c.home.done(about(K::round_verdict, "ann"));
    CHECK(handed[0].event.kind == "account.handed");
    CHECK(handed[0].event.addressee == "store3");
    CHECK(account(handed[0]).limit == Money{10'000});
    CHECK(account(handed[0]).debt == Money{2'000});
    const std::string why = c.home.refused(money(K::charge, "ann", "1.00"));
    CHECK(why.find("has moved to store3") != std::string::npos);
    c.exchange();
    CHECK(credit_left(c.other) == "85.00");
    c.holder.done(money(K::pay, "ann", "15.00"));  // It still tells the old home.
    c.exchange();
    CHECK(credit_left(c.other) == "100.00");
    c.other.done(money(K::limit, "ann", "200.00"));
    c.home.refused(money(K::limit, "ann", "50.00"));
}

TEST_CASE("N6: a former home that is granted a part tells who granted it, not who came next") {
    AnnAtHome c;
    const auto hand_over = [&](StoreLog& from, const std::string& to) {
        from.done(about(K::move_home, "ann", to));
        c.exchange();
        from.done(about(K::round_verdict, "ann"));
        c.exchange();
    };
    hand_over(c.home, "store3");
    hand_over(c.other, "store2");
    REQUIRE(credit_left(c.holder) == "100.00");
    c.holder.done(with_peer(money(K::grant, "ann", "30.00"), "store1"));
    c.exchange();
    const auto charged = c.home.done(money(K::charge, "ann", "10.00"));
    REQUIRE(charged.size() == 2);
    CHECK(charged[1].event.kind == "debt.told");
    CHECK(charged[1].event.addressee == "store2");
    c.exchange();
    CHECK(credit_left(c.home) == "20.00");
    CHECK(credit_left(c.holder) == "70.00");
    c.holder.done(with_peer(money(K::grant_recall, "ann", "0"), "store1"));
    c.exchange();
    CHECK(credit_left(c.holder) == "90.00");  // All but what is owed.
}

TEST_CASE("N11: one person registered twice goes on as one, with both debts and limits") {
    AnnAtHome c;
    for (StoreLog* store : {&c.home, &c.other}) {
        store->done(person(K::customer_add, "anna", "store3", {}));
    }
    c.other.done(money(K::limit, "anna", "50.00"));
    c.other.done(money(K::charge, "anna", "10.00"));
    auto merge = about(K::merge, "anna", "store1");
    c.other.refused(merge, Errc::invalid);
    merge.fields = {{"into", "ann"}};
    c.other.done(merge);
    c.other.done(about(K::round_verdict, "anna"));
    c.exchange();
    CHECK(credit_left(c.home) == "80.00");  // 100.00 and 50.00, less 60.00 granted and 10.00 owed.
    c.other.refused(money(K::charge, "anna", "1.00"));
    c.home.done(money(K::pay, "anna", "10.00"));  // Told to anna's former home, and from there.
    c.exchange();
    CHECK(credit_left(c.home) == "90.00");
}

TEST_CASE("N6: the same bill paid at two stores is credit and a task, paid in parts it is not") {
    AnnAtHome c;
    c.home.done(money(K::charge, "ann", "30.00", "B1"));
    c.other.done(money(K::pay, "ann", "10.00", "B1"));
    c.holder.done(money(K::pay, "ann", "20.00", "B1"));
    c.exchange();
    const auto flags_of_last = [&] { return told(c.home.log().back()).flags; };
    CHECK(flags_of_last() == 0);
    c.other.done(money(K::pay, "ann", "30.00", "B1"));
    c.exchange();
    CHECK(flags_of_last() == filial::schema::kFlagPaidTwice);
    CHECK(credit_left(c.home) ==
          "50.00");  // 40.00, and what was paid at store3; 20.00 is store2's.
    const auto own = c.home.done(money(K::pay, "ann", "30.00", "B1"));
    CHECK(debt(own[0]).flags == filial::schema::kFlagPaidTwice);
}

TEST_CASE("N6: a payment that is known before its debt counts, and so does its reversal") {
    AnnAtHome c;
    c.other.done(money(K::pay, "ann", "30.00", "P1"));
    c.exchange();
    CHECK(credit_left(c.home) == "70.00");
    c.home.done(money(K::charge, "ann", "70.00"));
    // Its reversal is booked where it was taken, and home is short of it: flagged there.
    const auto back = c.other.done(void_of("P1"));
    CHECK(debt(back[0]).flags == filial::schema::kFlagNoRoom);
    CHECK(debt(back[0]).beyond == Money{3'000});
    c.exchange();
    CHECK(credit_left(c.home) == "-30.00");
}

TEST_CASE("N2: goods that are reserved elsewhere are sold as claims, shipped in parts, recalled") {
    StoreLog place("warehouse");
    StoreLog shop("store3");
    const auto reserved = [&](K kind, const char* quantity, const char* peer) {
        return with_peer(goods(kind, "22423", quantity), peer);
    };
    const auto sell = [&](const char* quantity) {
        return reserved(K::sell_reserved, quantity, "warehouse");
    };
    place.done(goods(K::receive, "22423", "100"));
    place.done(reserved(K::reserve, "40", "store3"));
    place.refused(reserved(K::reserve, "61", "store6"));
    shop.refused(sell("1"));
    shop.take_from(place);
    shop.done(sell("30"));
    CHECK(shop.refused(sell("11")).find("only 10 of 22423") != std::string::npos);
    place.take_from(shop);
    CHECK(place.hand("22423") == "100");

    place.done(reserved(K::ship, "12", "store3"));
    CHECK(place.hand("22423") == "88");
    CHECK(place.refused(reserved(K::ship, "19", "store3")).find("only 18") != std::string::npos);

    // 88 on hand, 18 claimed, 10 held: a count of 20 leaves 8 too few, and the holder is told.
    const auto counted = place.done(goods(K::count, "22423", "20"));
    CHECK(stock(counted[0]).flags == filial::schema::kFlagOverCommitted);
    REQUIRE(counted.size() == 2);
    CHECK(counted[1].event.kind == "grant.recalled");
    CHECK(grant(counted[1]).amount == 8'000);
    shop.done(sell("5"));  // The recall comes while it is selling.
    shop.take_from(place);
    CHECK(shop.refused(sell("1")).find("only 0") != std::string::npos);
    place.take_from(shop);
    // 20 on hand, 23 claimed: nothing is left to give, and 3 are missing.
    const auto pot = filial::ledger::read_pot(place.state(), GrantOf::stock, "22423");
    REQUIRE(pot);
    CHECK(*filial::ledger::reserve(place.state(), GrantOf::stock, "22423", *pot) == -3'000);
    place.refused(reserved(K::reserve, "1", "store6"));
}
