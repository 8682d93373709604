#include <doctest/doctest.h>

#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::core::kSecond;
using filial::core::Peer;

namespace {

Peer receiver(const char* store, const char* name, const char* role) {
    Peer peer;
    peer.store = store;
    peer.role = role;
    peer.name = std::string(store) + "/" + name;
    return peer;
}

Fetch fetch(std::vector<TopicEnd> after) {
    Fetch made;
    made.store = StoreId{"store1"};
    made.epoch = Epoch{1};
    made.after = std::move(after);
    return made;
}

Status status(Shop& shop) {
    shop.legs.answers.clear();
    shop.publisher->request(shop.till, Message{StatusAsk{5}});
    return shop.only<Status>();
}

std::int64_t counter(const Status& status, const std::string& name) {
    for (const auto& [each, value] : status.counters) {
        if (each == name) return value;
    }
    return -1;
}

}  // namespace

TEST_CASE("serve: the own log and nothing else is held, up to its durable end") {
    Shop shop;
    shop.send(ticket(1, {sale("1")}));
    CHECK(shop.publisher->held() == std::vector<StoreId>{StoreId{"store1"}});
    CHECK(shop.publisher->end(StoreId{"store1"}) == Sequence{1});
    CHECK(shop.publisher->end(StoreId{"store2"}) == Sequence{0});
    REQUIRE(shop.publisher->flush());
    CHECK(shop.publisher->end(StoreId{"store1"}) == Sequence{2});
    const auto range = shop.publisher->read({StoreId{"store1"}, {"stock"}, Sequence{0}, 1'000});
    REQUIRE(range);
    CHECK(range->count() == 1);
}

TEST_CASE("serve: a leg's depth is what its receiver has not said to hold, also while it is away") {
    Shop shop;
    for (std::uint64_t i = 1; i <= 4; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    shop.publisher->reached(receiver("head", "broker", "broker"), fetch({{"*", Sequence{3}}}));
    shop.publisher->reached(receiver("store1", "subscriber", "subscriber"),
                            fetch({{"stock", Sequence{5}}, {"debts", Sequence{0}}}));
    shop.publisher->reached(receiver("store1", "", "tap"), fetch({{"*", Sequence{0}}}));
    shop.publisher->reached(receiver("store1", "cli", "cli"), fetch({{"*", Sequence{0}}}));
    shop.legs.connected = "store1/subscriber";
    shop.clock.advance(30 * kSecond);
    shop.publisher->turn(shop.clock.boot());
    for (const bool reopened : {false, true}) {
        if (reopened) shop.restart();
        const Status all = status(shop);
        REQUIRE(all.legs.size() == 2);
        CHECK(all.legs[0].peer == "head/broker");
        CHECK(all.legs[0].direction == "out");
        CHECK_FALSE(all.legs[0].connected);
        CHECK(all.legs[0].position == 3);
        CHECK(all.legs[0].end == 5);
        CHECK(all.legs[0].depth_events == 2);
        CHECK(all.legs[0].depth_bytes > 0);
        CHECK(all.legs[0].oldest_age_us == 30 * kSecond);
        CHECK(all.legs[0].last_heard_us == 30 * kSecond);
        CHECK(all.legs[1].connected);
        CHECK(all.legs[1].depth_events == 0);
        CHECK(all.legs[1].oldest_age_us == -1);
        CHECK(all.legs[1].last_heard_us == 5);
    }
}

TEST_CASE("serve: a broker that cannot be reached is shown with all that waits for it") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    Leg away;
    away.peer = "head";
    away.direction = "in";
    away.next_try_us = 4 * kSecond;
    away.note = "not connected";
    shop.legs.legs.push_back(away);
    const auto never = status(shop).legs.at(0);
    CHECK(never.direction == "out");
    CHECK(never.peer == "head");
    CHECK(never.depth_events == 2);
    CHECK(never.next_try_us == 4 * kSecond);
    CHECK(never.last_heard_us == -1);

    shop.publisher->reached(receiver("head", "broker", "broker"), fetch({{"*", Sequence{1}}}));
    const auto known = status(shop).legs;
    REQUIRE(known.size() == 2);
    CHECK(known[0].peer == "head/broker");
    CHECK(known[0].depth_events == 1);
    CHECK(known[0].next_try_us == 4 * kSecond);
    CHECK(known[0].note == "not connected");

    // So it is where the line stood before, and its logs are remembered.
    shop.legs.legs[0].peer = "head/broker";
    shop.legs.legs[0].origin = "store2";
    shop.legs.legs[0].next_try_us = 3 * kSecond;
    CHECK(status(shop).legs.at(0).next_try_us == 3 * kSecond);
}

TEST_CASE("serve: a hub that is connected and never fetches has a leg on which all waits") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    shop.legs.connected = "head/broker";
    const auto idle = status(shop).legs;
    REQUIRE(idle.size() == 1);
    CHECK(idle[0].peer == "head");
    CHECK(idle[0].direction == "out");
    CHECK(idle[0].connected);
    CHECK(idle[0].position == 0);
    CHECK(idle[0].depth_events == 2);
    CHECK(idle[0].note.find("has not asked") != std::string::npos);

    // A tap of head office is not its broker. A greeting that is refused says why.
    shop.publisher->reached(receiver("head", "tap:feed", "tap"), fetch({{"*", Sequence{1}}}));
    shop.legs.connected.clear();
    Leg refused;
    refused.peer = "head";
    refused.direction = "in";
    refused.note = "another machine speaks as store1";
    shop.legs.legs.push_back(refused);
    const auto legs = status(shop).legs;
    REQUIRE(legs.size() == 3);
    CHECK(legs[1].peer == "head");
    CHECK(legs[1].depth_events == 2);
    CHECK(legs[1].note == refused.note);
}

TEST_CASE("serve: with peers alone the legs say that transfers do not settle") {
    Shop shop;
    shop.options.hubs.clear();
    shop.publisher->reached(receiver("store2", "subscriber", "subscriber"),
                            fetch({{"*", Sequence{0}}}));
    shop.publisher->reached(receiver("store1", "subscriber", "subscriber"),
                            fetch({{"*", Sequence{0}}}));
    const auto alone = status(shop).legs;
    REQUIRE(alone.size() == 2);
    CHECK(alone[0].note == "");
    CHECK(alone[1].note.find("no broker") != std::string::npos);

    Leg relay;  // A broker that dialled this store and is admitted as a relay.
    relay.peer = "head/broker";
    relay.direction = "in";
    relay.origin = "store2";
    relay.connected = true;
    shop.legs.legs.push_back(relay);
    CHECK(status(shop).legs.at(1).note == "");
}

TEST_CASE("serve: a receiver is removed for good, on this machine, while it is away") {
    Shop shop;
    shop.publisher->reached(receiver("store1", "tap:feed", "tap"), fetch({{"*", Sequence{0}}}));
    shop.publisher->reached(receiver("head", "broker", "broker"), fetch({{"*", Sequence{0}}}));
    shop.clock.advance(2 * kSecond);
    shop.publisher->turn(shop.clock.boot());
    const auto remove = [&](const char* name, const filial::core::Requester& from) {
        shop.legs.answers.clear();
        shop.publisher->request(from, Message{Forget{6, name}});
        const auto* trouble = std::get_if<Trouble>(&shop.legs.answers.at(0));
        return trouble == nullptr ? "" : std::string(error_info(trouble->code).name);
    };
    shop.legs.connected = "store1/tap:feed";
    CHECK(remove("store1/tap:feed", shop.till) == "refused");
    shop.legs.connected.clear();
    CHECK(remove("store1/tap:feed", {0, "route", "store1", false}) == "not_allowed");
    CHECK(remove("store1/tap:fee", shop.till) == "not_found");
    CHECK(status(shop).legs.size() == 2);
    CHECK(remove("store1/tap:feed", shop.till) == "");
    CHECK(shop.only<Status>().legs.size() == 1);
    shop.restart(true);
    CHECK(status(shop).legs.size() == 1);
}

TEST_CASE("serve: the status counts tickets, events, groups, refusals and memory") {
    Shop shop;
    for (std::uint64_t i = 1; i <= 4; ++i) shop.send(ticket(i, {sale("1"), sale("2")}));
    shop.send(ticket(4, {sale("1"), sale("2")}));
    shop.send(ticket(5, {}));
    REQUIRE(shop.publisher->flush());
    shop.clock.advance(kSecond);
    const Status all = status(shop);
    CHECK(all.request == 5);
    CHECK(all.process == "publisher");
    CHECK(all.store == "store1");
    CHECK(all.health == "ok");
    CHECK(all.end == 9);
    CHECK(all.epoch == 1);
    CHECK(all.uptime_us == kSecond);
    CHECK(all.memory_bytes > 1'000'000);
    CHECK(counter(all, "tickets") == 4);
    CHECK(counter(all, "repeated") == 1);
    CHECK(counter(all, "refused") == 1);
    CHECK(counter(all, "events") == 8);
    CHECK(counter(all, "groups") == 1);
    CHECK(counter(all, "fsyncs") == -1);  // How often the database syncs is not counted.
}

TEST_CASE("serve: a question that a publisher does not answer is refused by name") {
    Shop shop;
    Query query;
    query.request = 8;
    shop.publisher->request(shop.till, Message{query});
    const auto trouble = shop.only<Trouble>();
    CHECK(trouble.code == Errc::unknown_kind);
    CHECK(trouble.request == 8);
    CHECK(trouble.message.find("query") != std::string::npos);
}
