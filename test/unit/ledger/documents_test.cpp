#include <doctest/doctest.h>

#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using K = filial::schema::OperationKind;

TEST_CASE("void: everything that stands under exactly that document is reversed, once") {
    StoreLog store("store1");
    store.done(person(K::customer_add, "13047", "store8", {}));
    store.done(goods(K::receive, "84879", "20", "R1"));
    REQUIRE(store.hand_in(
        {goods(K::sell, "84879", "2", "536367"), goods(K::sell, "22111", "1", "536367"),
         goods(K::sell, "84879", "3", "536367"), money(K::charge, "13047", "40.00", "536367")}));
    store.done(goods(K::sell, "84879", "1", "536367x"));

    const auto voided = store.done(void_of("536367"));
    REQUIRE(voided.size() == 4);
    for (const auto& logged : voided) {
        if (logged.event.kind == "debt.told") continue;  // The same for the customer's home.
        if (logged.event.topic == "stock") {
            CHECK(stock(logged).reason == "void");
            CHECK(stock(logged).document == "536367");
        } else {
            CHECK(debt(logged).reason == "void");
            CHECK(logged.event.addressee == "store8");
        }
    }
    CHECK(store.hand("84879") == "19");
    CHECK(store.hand("22111") == "0");
    CHECK(store.owes("13047") == "0.00");

    const std::string why = store.refused(void_of("536367"));
    CHECK(why.find("voided already") != std::string::npos);
    CHECK(store.hand("84879") == "19");
}

TEST_CASE("void: an unknown document is refused, and so is a transfer") {
    StoreLog store("store1");
    CHECK(store.refused(void_of("nothing")).find("no document") != std::string::npos);
    store.done(transfer(K::transfer_send, "T1", "store2", "22423", "5"));
    store.done(transfer(K::transfer_receive, "T2", "store2", "22423", "5"));
    CHECK(store.refused(void_of("T1")).find("transfer cancel") != std::string::npos);
    CHECK(store.refused(void_of("T2")).find("transfer cancel") != std::string::npos);
}

TEST_CASE("void: what is booked under a voided number later can be voided once more, alone") {
    StoreLog store("store1");
    store.done(goods(K::sell, "1", "2", "D"));
    store.done(void_of("D"));
    store.done(goods(K::sell, "1", "5", "D"));
    store.done(void_of("D"));
    CHECK(store.hand("1") == "0");
    store.refused(void_of("D"));
}

TEST_CASE("void: moves that had cancelled out already still close the document") {
    StoreLog store("store1");
    store.done(goods(K::sell, "1", "2", "D"));
    store.done(goods(K::return_goods, "1", "2", "D"));
    CHECK(store.done(void_of("D")).size() == 1);
    store.refused(void_of("D"));
}

TEST_CASE("void: a document of a thousand lines is reversed whole") {
    StoreLog store("store1");
    for (int i = 0; i < 1'000; ++i) {
        store.done(goods(K::sell, "sku" + std::to_string(i % 300), "1", "long"));
    }
    CHECK(store.hand("sku7") == "-4");
    CHECK(store.done(void_of("long")).size() == 300);
    for (int i = 0; i < 300; ++i) CHECK(store.hand("sku" + std::to_string(i)) == "0");
    store.refused(void_of("long"));
    CHECK(store.replayed().all() == store.state().all());
}

TEST_CASE("void: within a ticket it sees what the ticket booked before it") {
    StoreLog store("store1");
    REQUIRE(store.hand_in({goods(K::sell, "1", "2", "D"), void_of("D")}));
    CHECK(store.hand("1") == "0");
    const auto twice = store.hand_in({goods(K::sell, "1", "2", "E"), void_of("E"), void_of("E")});
    REQUIRE_FALSE(twice);
    CHECK(twice.error().index == 2);
}

TEST_CASE("void: what a ticket books behind it, under the same number, stands") {
    StoreLog store("store1");
    REQUIRE(store.hand_in({goods(K::sell, "1", "2", "D"), void_of("D"),
                           goods(K::sell, "1", "5", "D"), goods(K::sell, "2", "1", "D")}));
    CHECK(store.hand("1") == "-5");
    CHECK(store.done(void_of("D")).size() == 2);
    CHECK(store.hand("1") == "0");
    CHECK(store.hand("2") == "0");
    CHECK(store.replayed().all() == store.state().all());
}

TEST_CASE("void: one ticket of two hundred lines and two customers is reversed whole") {
    StoreLog store("store1");
    std::vector<filial::schema::Operation> lines;
    for (int i = 0; i < 200; ++i) {
        lines.push_back(goods(K::sell, "sku" + std::to_string(i % 70), "1", "long"));
    }
    for (const char* who : {"a", "ab"}) {
        store.done(person(K::customer_add, who, "store1", {}));
        lines.push_back(money(K::charge, who, "1.00", "long"));
    }
    store.done(money(K::charge, "ab", "3.00", "lon"));  // Another document, another bill.
    REQUIRE(store.hand_in(lines));
    CHECK(store.done(void_of("long")).size() == 72);
    for (int i = 0; i < 70; ++i) CHECK(store.hand("sku" + std::to_string(i)) == "0");
    CHECK(store.owes("a") == "0.00");
    CHECK(store.owes("ab") == "3.00");
}

TEST_CASE(
    "N6: a bill that was voided is not paid, and under a new charge its payment is the first") {
    StoreLog store("store1");
    store.done(person(K::customer_add, "ann", "store1", {}));
    store.done(money(K::limit, "ann", "100.00"));
    store.done(money(K::charge, "ann", "30.00", "B1"));
    store.done(money(K::pay, "ann", "30.00", "B1"));
    CHECK(debt(store.done(money(K::pay, "ann", "30.00", "B1"))[0]).flags ==
          filial::schema::kFlagPaidTwice);
    store.done(void_of("B1"));
    store.done(money(K::charge, "ann", "30.00", "B1"));
    CHECK(debt(store.done(money(K::pay, "ann", "30.00", "B1"))[0]).flags == 0);
    CHECK(debt(store.done(money(K::pay, "ann", "1.00", "B1"))[0]).flags ==
          filial::schema::kFlagPaidTwice);
}
