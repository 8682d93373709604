#include <doctest/doctest.h>

#include "ledger/debts.h"
#include "test/unit/ledger/book.h"
#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::ledger::Standing;
using filial::schema::GrantOf;
using filial::schema::Money;
using K = filial::schema::OperationKind;

namespace {

/// A store that refuses charges beyond its room and knows the customer.
StoreLog shop(const std::string& name, const std::string& home) {
    StoreLog store(name);
    store.inputs.policy.refuse_beyond_room = true;
    store.done(person(K::customer_add, "ann", home, {}));
    return store;
}

std::string left(const StoreLog& store) {
    const auto view =
        filial::ledger::credit_view(store.state(), {store.name(), store.next().epoch}, "ann");
    REQUIRE(view);
    return view->left ? to_string(Money{*view->left}) : "none";
}

void exchange(StoreLog& one, StoreLog& other) {
    one.take_from(other);
    other.take_from(one);
}

}  // namespace

TEST_CASE("N1: two cut-off stores together never charge more than the limit") {
    StoreLog home = shop("store1", "store1");
    StoreLog other = shop("store2", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    CHECK(other.refused(money(K::charge, "ann", "1.00")).find("ask home store1") !=
          std::string::npos);
    home.done(with_peer(money(K::grant, "ann", "60.00"), "store2"));
    CHECK(left(home) == "40.00");
    CHECK(home.refused(money(K::charge, "ann", "40.01")).find("or take cash") != std::string::npos);
    other.take_from(home);
    other.done(money(K::charge, "ann", "60.00"));
    const std::string why = other.refused(money(K::charge, "ann", "0.01"));
    CHECK(why.find("only 0.00 of the credit of customer ann is left here") != std::string::npos);
    home.done(money(K::charge, "ann", "40.00"));
    home.refused(money(K::charge, "ann", "0.01"));
}

TEST_CASE("N1: a payment at a holder frees room there at once, one at another store at home") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    StoreLog other = shop("store3", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "100.00"), "store2"));
    holder.take_from(home);
    holder.done(money(K::charge, "ann", "100.00"));
    holder.done(money(K::pay, "ann", "30.00"));
    CHECK(left(holder) == "30.00");
    other.done(money(K::pay, "ann", "20.00"));
    CHECK(left(other) == "none");
    CHECK(left(home) == "0.00");
    home.take_from(holder);
    home.take_from(other);
    CHECK(left(home) == "20.00");
    CHECK(left(holder) == "30.00");
}

TEST_CASE("N1: a grant that is delivered twice is room once") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "10.00"), "store2"));
    for (int times = 0; times < 3; ++times) holder.take_from(home);
    CHECK(left(holder) == "10.00");
}

TEST_CASE("N1: a fact beyond the room is booked and flagged with the amount beyond") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "10.00"), "store2"));
    holder.take_from(home);
    const auto fact = debt(holder.done(as_fact(money(K::charge, "ann", "35.00")))[0]);
    CHECK(fact.flags == (filial::schema::kFlagFact | filial::schema::kFlagNoRoom));
    CHECK(fact.beyond == Money{2'500});
    CHECK(left(holder) == "-25.00");
    const auto within = debt(home.done(as_fact(money(K::charge, "ann", "90.00")))[0]);
    CHECK(within.flags == filial::schema::kFlagFact);
    CHECK(within.beyond == Money{0});
}

TEST_CASE("S17: a limit cut below what is out is flagged, and only what comes back heals it") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "80.00"), "store2"));
    holder.take_from(home);
    holder.done(money(K::charge, "ann", "50.00"));
    const auto cut = home.done(money(K::limit, "ann", "60.00"));
    REQUIRE(cut.size() == 2);
    CHECK(cut[1].event.kind == "grant.recalled");
    CHECK(cut[1].event.addressee == "store2");
    CHECK(left(home) == "-20.00");
    home.refused(with_peer(money(K::grant, "ann", "1.00"), "store2"));
    exchange(holder, home);
    CHECK(left(holder) == "10.00");
    CHECK(left(home) == "0.00");
}

TEST_CASE("N1: recall takes what is not spent, return gives it back, neither takes more") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "80.00"), "store2"));
    holder.take_from(home);
    holder.done(money(K::charge, "ann", "50.00"));
    holder.refused(money(K::grant_return, "ann", "30.01"));
    holder.done(money(K::grant_return, "ann", "5.00"));
    home.done(with_peer(money(K::grant_recall, "ann", "0"), "store2"));
    exchange(holder, home);
    CHECK(left(holder) == "0.00");
    CHECK(left(home) == "50.00");
    home.refused(with_peer(money(K::grant_recall, "ann", "0"), "store3"));
    // The grant is open still: a payment frees room in it.
    holder.done(money(K::pay, "ann", "7.00"));
    holder.done(money(K::charge, "ann", "7.00"));
}

TEST_CASE(
    "N1: a restored holder has no room, home counts what it had until it is told or given up") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "60.00"), "store2"));
    holder.take_from(home);
    const std::size_t kept = holder.log().size();
    holder.done(money(K::charge, "ann", "45.00"));  // The broker never has it.
    holder.reopen(kept);
    CHECK(left(holder) == "none");
    holder.refused(money(K::charge, "ann", "1.00"));
    exchange(home, holder);
    CHECK(left(home) == "40.00");
    home.refused(with_peer(money(K::grant, "ann", "41.00"), "store2"));
    home.done(with_peer(money(K::grant, "ann", "10.00"), "store2"));
    exchange(holder, home);
    CHECK(left(holder) == "10.00");

    SUBCASE("the old disk turns up: what it held is booked again, the rest is reserve") {
        holder.done(as_fact(money(K::charge, "ann", "45.00")));
        holder.done(about(K::tail_told, "store2"));
        exchange(home, holder);
        // 100.00, less 45.00 owed, and a room of 10.00 that the fact overdrew to -35.00.
        CHECK(left(holder) == "-35.00");
        CHECK(left(home) == "90.00");
    }
    SUBCASE("a person gives it up: flagged") {
        home.refused(about(K::grant_write_off, "ann", "store3"));
        const auto off = home.done(about(K::grant_write_off, "ann", "store2"));
        CHECK(grant(off[0]).flags == filial::schema::kFlagGivenUp);
        CHECK(grant(off[0]).amount == 6'000);
        CHECK(left(home) == "90.00");
        home.refused(about(K::grant_write_off, "ann", "store2"));
    }
}

TEST_CASE("N1: a log that goes on below what is lost adds up while nobody has taken what is lost") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "60.00"), "store2"));
    holder.take_from(home);
    const std::size_t kept = holder.log().size();
    holder.done(money(K::charge, "ann", "45.00"));
    const auto sums = [&] {
        holder.reopen(kept);
        exchange(home, holder);
        Book book({"store1", "store2"}, {{"ann", "store1", 0, false}});
        for (const StoreLog* store : {&home, &holder}) {
            for (const auto& logged : store->log()) {
                CHECK(book.add(store->name().value(), item_of(logged)) == "");
            }
        }
        return book.wrong();
    };
    SUBCASE("no broker had it, so nobody has") { CHECK(sums() == ""); }
    SUBCASE("its broker had acknowledged it: home has booked what no log says") {
        home.take_from(holder);
        CHECK(sums() == "ann: adds up to 5500, not to 10000");
    }
}

TEST_CASE("N1: what a retired store holds stays unaccounted, and nothing more is granted to it") {
    StoreLog home = shop("store1", "store1");
    StoreLog office("headoffice");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "60.00"), "store2"));
    CHECK(office.refused(about(K::retire_store, "store2")).find("`leave` there") !=
          std::string::npos);
    auto lost = about(K::retire_store, "store2");
    lost.fact = true;
    office.done(lost);
    home.take_from(office);
    CHECK(left(home) == "40.00");
    const std::string why = home.refused(with_peer(money(K::grant, "ann", "1.00"), "store2"));
    CHECK(why.find("store2 is retired") != std::string::npos);
    home.done(about(K::grant_write_off, "ann", "store2"));
    CHECK(left(home) == "100.00");
}

TEST_CASE("N1: a holder asks for more by the written policy, once, and home gives what is left") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    holder.inputs.policy.credit = {true, 2'000, 5'000, 0};
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "50.00"), "store2"));
    holder.take_from(home);
    CHECK(holder.done(money(K::charge, "ann", "30.00")).size() == 2);
    const auto asks = holder.done(money(K::charge, "ann", "15.00"));
    REQUIRE(asks.size() == 3);
    CHECK(asks[2].event.kind == "grant.asked");
    CHECK(grant(asks[2]).amount == 4'500);  // To 50.00, of which 5.00 is left.
    CHECK(holder.done(money(K::charge, "ann", "5.00")).size() == 2);

    SUBCASE("home without a policy keeps the request for a person") {
        home.take_from(holder);
        CHECK(home.log()[home.log().size() - 2].event.kind == "grant.queued");
        home.done(with_peer(money(K::grant, "ann", "20.00"), "store2"));
        holder.take_from(home);
        CHECK(left(holder) == "20.00");
    }
    SUBCASE("home with a policy answers by itself and keeps back what it is told to") {
        home.inputs.policy.credit = {true, 0, 0, 1'500};
        home.take_from(holder);
        holder.take_from(home);
        CHECK(left(holder) == "35.00");
        CHECK(left(home) == "15.00");
        holder.done(money(K::grant_ask, "ann", "1.00"));
        exchange(home, holder);
        CHECK(holder.log().back().event.kind == "grant.noted");
        CHECK(grant(holder.log().back()).reason == "nothing is left to give");
    }
}

TEST_CASE("N1: a customer without a grant at a new store is asked for by naming the home") {
    StoreLog home = shop("store1", "store1");
    StoreLog stranger("store9");
    stranger.inputs.policy.refuse_beyond_room = true;
    home.inputs.policy.credit.on = true;
    home.done(money(K::limit, "ann", "100.00"));
    stranger.refused(money(K::charge, "ann", "5.00"));
    stranger.refused(money(K::grant_ask, "ann", "5.00"));
    stranger.done(with_peer(money(K::grant_ask, "ann", "5.00"), "store1"));
    exchange(home, stranger);
    stranger.done(money(K::charge, "ann", "5.00"));
    CHECK(left(home) == "95.00");
}

TEST_CASE("S19: a blocked customer is charged nowhere once each store heard of it") {
    StoreLog home = shop("store1", "store1");
    StoreLog holder = shop("store2", "store1");
    StoreLog other = shop("store3", "store1");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(with_peer(money(K::grant, "ann", "60.00"), "store2"));
    holder.take_from(home);
    other.done(about(K::block_customer, "ann"));  // Asked of home.
    home.take_from(other);
    const std::string why = home.refused(money(K::charge, "ann", "1.00"));
    CHECK(why.find("is blocked") != std::string::npos);
    exchange(holder, home);
    holder.refused(money(K::charge, "ann", "1.00"));
    home.refused(with_peer(money(K::grant, "ann", "1.00"), "store2"));
    home.done(about(K::unblock_customer, "ann"));
    CHECK(left(home) == "100.00");
}

TEST_CASE("N2: whatever leaves less than is reserved recalls what the holder has not sold") {
    StoreLog place("warehouse");
    place.done(goods(K::receive, "22423", "10"));
    place.done(goods(K::return_goods, "22423", "4", "R-1"));
    place.done(with_peer(goods(K::reserve, "22423", "12"), "store2"));
    std::vector<filial::schema::LoggedEvent> made;
    SUBCASE("a transfer") {
        made = place.done(transfer(K::transfer_send, "T1", "store3", "22423", "5"));
    }
    SUBCASE("a transfer of which more had left") {
        place.done(transfer(K::transfer_send, "T1", "store3", "22423", "2"));
        auto more = about(K::transfer_correct, "T1");
        more.quantity = filial::schema::Quantity{5'000};
        made = place.done(more);
    }
    SUBCASE("a voided return") {
        place.done(goods(K::sell, "22423", "1"));
        made = place.done(void_of("R-1"));
    }
    CHECK(stock(made[0]).flags == filial::schema::kFlagOverCommitted);
    CHECK(made.back().event.kind == "grant.recalled");
    CHECK(grant(made.back()).amount == 3'000);
}

TEST_CASE(
    "S42: a payment where nobody knows the customer is told to the home that the till is shown") {
    StoreLog home = shop("store1", "store1");
    StoreLog other("store2");
    home.done(money(K::limit, "ann", "100.00"));
    home.done(money(K::charge, "ann", "100.00", "bill"));
    CHECK(other.done(money(K::pay, "ann", "1.00")).size() == 1);  // Nobody was named.
    const auto paid = other.done(with_peer(money(K::pay, "ann", "60.00", "bill"), "store1"));
    REQUIRE(paid.size() == 2);
    CHECK(paid[1].event.addressee == "store1");
    home.take_from(other);
    CHECK(left(home) == "60.00");
}

TEST_CASE("S42: a home that was named wrongly once is named rightly the next time") {
    StoreLog home = shop("store1", "store1");
    StoreLog wrong("store8");
    StoreLog other("store2");
    home.done(money(K::limit, "ann", "100.00"));
    const auto ask = [&](const char* whom) {
        return other.done(with_peer(money(K::grant_ask, "ann", "5.00"), whom))[0].event.addressee;
    };
    CHECK(ask("store8") == "store8");
    wrong.take_from(other);
    other.take_from(wrong);
    CHECK(ask("store1") == "store1");
    home.take_from(other);
    home.done(with_peer(money(K::grant, "ann", "5.00"), "store2"));
    other.take_from(home);
    // Whoever holds a part knows whose it is.
    CHECK(ask("store8") == "store1");
    CHECK(other.done(with_peer(money(K::pay, "ann", "1.00"), "store8"))[1].event.addressee ==
          "store1");
}
