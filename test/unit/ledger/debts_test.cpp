#include <doctest/doctest.h>

#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Errc;
using filial::schema::Money;
using K = filial::schema::OperationKind;

TEST_CASE("S33: a payment offline and a new charge elsewhere add up, whatever comes first") {
    StoreLog one("store1");
    StoreLog two("store2");
    one.done(person(K::customer_add, "17827", "store1", {}));
    one.done(money(K::charge, "17827", "100.00"));
    const auto paid = two.done(money(K::pay, "17827", "100.00"));
    const auto charged = one.done(money(K::charge, "17827", "40.00"));
    CHECK(debt(paid[0]).delta == Money{-10'000});
    CHECK(debt(charged[0]).delta == Money{4'000});
    // Each store's contribution comes from its own log alone; the balance is their sum.
    CHECK(one.owes("17827") == "140.00");
    CHECK(two.owes("17827") == "-100.00");
}

TEST_CASE("S41: a debt made elsewhere is addressed to the customer's home where it is known") {
    StoreLog store("store2");
    store.done(person(K::customer_add, "13047", "store8", {{"country", "France"}}));
    const auto charged = store.done(money(K::charge, "13047", "12.50", "536367"));
    CHECK(charged[0].event.addressee == "store8");
    CHECK(debt(charged[0]).reason == "charge");
    CHECK(debt(charged[0]).document == "536367");
    CHECK(debt(charged[0]).flags == filial::schema::kFlagNoRoom);
    CHECK(debt(charged[0]).beyond == Money{1'250});
    // Home's publisher takes the second one, which says the same in topic accounts.
    REQUIRE(charged.size() == 2);
    CHECK(charged[1].event.kind == "debt.told");
    CHECK(charged[1].event.topic == "accounts");
    CHECK(charged[1].event.addressee == "store8");
}

TEST_CASE("debts: at home itself a charge is addressed to nobody") {
    StoreLog store("store8");
    store.done(person(K::customer_add, "13047", "store8", {}));
    CHECK(store.done(money(K::charge, "13047", "1"))[0].event.addressee == "");
}

TEST_CASE("S42: a payment of a customer who is not known here is booked and flagged") {
    StoreLog store("store2");
    const auto paid = store.done(money(K::pay, "14911", "5.00"));
    CHECK(paid[0].event.addressee == "");
    CHECK(debt(paid[0]).flags == filial::schema::kFlagUnknownKey);
    CHECK(debt(paid[0]).reason == "payment");
    CHECK(debt(store.done(money(K::credit_note, "14911", "1.00"))[0]).reason == "credit-note");
    CHECK(store.owes("14911") == "-6.00");
}

TEST_CASE("debts: knowing only an edit of a customer is not knowing his home") {
    StoreLog store("store2");
    store.done(person(K::customer_edit, "14911", "", {{"country", "France"}}));
    CHECK(debt(store.done(money(K::charge, "14911", "1"))[0]).flags ==
          (filial::schema::kFlagUnknownKey | filial::schema::kFlagNoRoom));
}

TEST_CASE("S17: home sets the limit, downwards too, and another store is told who home is") {
    StoreLog home("store8");
    home.done(person(K::customer_add, "13047", "store8", {}));
    const auto set = home.done(money(K::limit, "13047", "3500.00"));
    CHECK(set[0].event.topic == "debts");
    CHECK(set[0].event.kind == "limit.set");
    home.done(money(K::limit, "13047", "0"));

    StoreLog other("store2");
    other.done(person(K::customer_add, "13047", "store8", {}));
    const std::string why = other.refused(money(K::limit, "13047", "10"));
    CHECK(why.find("store8") != std::string::npos);
    // A home that did not register him itself: its own log does not say otherwise.
    StoreLog late("store9");
    late.done(money(K::limit, "13047", "10"));
}

TEST_CASE("debts: a sum that leaves 64 bits is refused") {
    StoreLog store("store1");
    store.validates = false;
    auto most = money(K::charge, "1", "1");
    most.amount = Money{INT64_MAX};
    store.done(most);
    store.refused(money(K::charge, "1", "0.01"), Errc::overflow);
    CHECK(store.owes("1") == to_string(Money{INT64_MAX}));
}
