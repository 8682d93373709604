#include <doctest/doctest.h>

#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Errc;
using filial::schema::Quantity;
using K = filial::schema::OperationKind;

TEST_CASE("S9: a store sells from its own stock and every operation is a delta with its reason") {
    StoreLog store("store1");
    const auto received = store.done(goods(K::receive, "85123A", "10", "R1"));
    REQUIRE(received.size() == 1);
    CHECK(received[0].event.key == "85123A");
    CHECK(received[0].event.addressee == "");
    CHECK(stock(received[0]).delta == Quantity{10'000});
    CHECK(stock(received[0]).reason == "receipt");
    CHECK(stock(received[0]).document == "R1");

    CHECK(stock(store.done(goods(K::sell, "85123A", "2.5"))[0]).delta == Quantity{-2'500});
    CHECK(stock(store.done(goods(K::return_goods, "85123A", "1"))[0]).reason == "return");
    CHECK(stock(store.done(goods(K::adjust, "85123A", "-3"))[0]).reason == "adjust");
    CHECK(store.hand("85123A") == "5.5");
}

TEST_CASE("stock: selling below zero is a fact, booked and flagged") {
    StoreLog store("store1");
    const auto sold = stock(store.done(goods(K::sell, "22423", "4"))[0]);
    CHECK(sold.flags == filial::schema::kFlagBelowZero);
    CHECK(store.hand("22423") == "-4");
    // What comes in is not odd, though it is still below zero.
    CHECK(stock(store.done(goods(K::receive, "22423", "1"))[0]).flags == 0);
    CHECK(stock(store.done(goods(K::receive, "22423", "3"))[0]).flags == 0);
    CHECK(store.hand("22423") == "0");
}

TEST_CASE("stock: a count is a delta against the own log, also when nothing differs") {
    StoreLog store("store1");
    store.done(goods(K::sell, "22423", "4"));
    const auto first = stock(store.done(goods(K::count, "22423", "7"))[0]);
    CHECK(first.delta == Quantity{11'000});
    CHECK(first.reason == "count");
    CHECK(first.flags == 0);
    CHECK(stock(store.done(goods(K::count, "22423", "7"))[0]).delta == Quantity{0});
    CHECK(store.hand("22423") == "7");
}

TEST_CASE("stock: twin lines of one receipt are two sales") {
    StoreLog store("store2");
    store.done(goods(K::sell, "22111", "1", "536409"));
    store.done(goods(K::sell, "22111", "1", "536409"));
    CHECK(store.hand("22111") == "-2");
}

TEST_CASE("stock: a sum that leaves 64 bits is refused and books nothing") {
    StoreLog store("store1");
    store.validates = false;
    auto most = goods(K::receive, "1", "1");
    most.quantity = Quantity{INT64_MAX};
    store.done(most);
    store.refused(goods(K::receive, "1", "0.001"), Errc::overflow);
    CHECK(store.hand("1") == to_string(Quantity{INT64_MAX}));

    auto least = goods(K::adjust, "2", "0");
    least.quantity = Quantity{INT64_MIN};
    store.done(least);
    store.refused(goods(K::sell, "2", "0.001"), Errc::overflow);
    store.refused(goods(K::count, "2", "0"), Errc::overflow);
}

TEST_CASE("stock: what was entered as having happened already says so") {
    StoreLog store("store1");
    auto sale = goods(K::sell, "1", "1");
    sale.fact = true;
    const auto flags = stock(store.done(sale)[0]).flags;
    CHECK(flags == (filial::schema::kFlagFact | filial::schema::kFlagBelowZero));
}
