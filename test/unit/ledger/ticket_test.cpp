#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Errc;
using filial::schema::Operation;
using K = filial::schema::OperationKind;

TEST_CASE("tickets: one line that is refused books nothing, and the answer names the line") {
    StoreLog store("store1");
    store.done(person(K::customer_add, "13047", "store1", {}));
    const auto before = store.state().all();
    const auto refused = store.hand_in({goods(K::sell, "1", "1"), goods(K::sell, "2", "1"),
                                        person(K::customer_add, "13047", "store1", {}),
                                        money(K::charge, "13047", "5")});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().index == 2);
    CHECK(store.state().all() == before);
    CHECK(store.log().size() == 1);
}

TEST_CASE("tickets: later operations see what the earlier ones did") {
    StoreLog store("store1");
    const auto done = store.hand_in({goods(K::receive, "1", "3"), goods(K::count, "1", "5"),
                                     person(K::customer_add, "13047", "store8", {{"name", "A"}}),
                                     money(K::charge, "13047", "5"),
                                     person(K::customer_edit, "13047", "", {{"name", "B"}})});
    REQUIRE(done);
    CHECK(stock(done->events[1]).delta == filial::schema::Quantity{2'000});
    CHECK(done->events[3].event.addressee == "store8");
    CHECK(done->events[4].event.kind == "debt.told");
    CHECK(customer(done->events[5]).fields.at(0).seen.at(0).seq == filial::schema::Sequence{3});

    const auto twice = store.hand_in({transfer(K::transfer_receive, "T1", "store2", "1", "1"),
                                      transfer(K::transfer_receive, "T1", "store2", "1", "1")});
    REQUIRE_FALSE(twice);
    CHECK(twice.error().index == 1);
}

TEST_CASE("tickets: every event carries the ticket, its place in it and how many there are") {
    StoreLog store("store1");
    store.done(goods(K::sell, "0", "1"));
    const auto done = store.hand_in(
        {transfer(K::transfer_send, "T1", "store2", "1", "1"), goods(K::sell, "1", "1")});
    REQUIRE(done);
    REQUIRE(done->events.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& logged = done->events[i];
        CHECK(logged.seq.value() == 2 + i);
        CHECK(logged.event.number == 2);
        CHECK(logged.event.index == i);
        CHECK(logged.event.count == 3);
    }
    CHECK(done->flags == filial::schema::kFlagBelowZero);
}

TEST_CASE("tickets: rows never take more than was said when they were decided") {
    StoreLog store("a-store-with-a-long-name");
    store.validates = false;
    auto most = goods(K::adjust, "1", "0", "document");
    most.quantity = filial::schema::Quantity{INT64_MIN};
    most.cost = filial::schema::UnitCost{INT64_MAX};
    most.fact = true;
    most.at = filial::schema::Timestamp{INT64_MAX};
    auto decision =
        filial::ledger::decide_ticket(store.state(), store.next(), {}, UINT64_MAX,
                                      std::vector<Operation>(400, goods(K::sell, "1", "1")));
    REQUIRE(decision);
    std::size_t rows = 0;
    for (const auto& logged : decision->events) rows += encode_row(logged.event).size();
    CHECK(rows <= decision->bytes);

    const auto one = store.done(most);
    CHECK(encode_row(one[0].event).size() > 40);
}

TEST_CASE("tickets: an event or a ticket that no block could carry is refused as too large") {
    StoreLog store("store1");
    std::vector<Operation> wide{goods(K::sell, "1", "1"),
                                person(K::customer_add, "1", "store1", {})};
    for (int i = 0; i < 64; ++i) {
        wide[1].fields.emplace_back("f" + std::to_string(i), std::string(1'000, 'x'));
    }
    const auto one = filial::ledger::decide_ticket(store.state(), store.next(), {}, 1, wide);
    REQUIRE_FALSE(one);
    CHECK(one.error().error.code == Errc::too_large);
    CHECK(one.error().index == 1);

    Operation news;
    news.kind = K::publish;
    news.subject = "85123A";
    news.topic = "prices";
    news.payload = std::string(filial::schema::kPayloadBytesMax, 'x');
    const auto many = store.hand_in(std::vector<Operation>(20, news));
    REQUIRE_FALSE(many);
    CHECK(many.error().error.code == Errc::too_large);
    CHECK(many.error().index == 15);
}

TEST_CASE("tickets: an application's event carries its payload unread") {
    StoreLog store("store1");
    Operation news;
    news.kind = K::publish;
    news.subject = "85123A";
    news.topic = "prices";
    news.payload = std::string("\x00\xff", 2);
    CHECK(store.done(news)[0].event.kind == "app.event");
    news.last_value = true;
    const auto event = store.done(news)[0].event;
    CHECK(event.kind == "app.value");
    CHECK(event.topic == "prices");
    CHECK(event.key == "85123A");
    CHECK(event.payload == news.payload);
}
