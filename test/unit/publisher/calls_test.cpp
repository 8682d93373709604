// The publisher's part in calls.
#include "test/unit/publisher/publisher_support.h"

using namespace filial;
using schema::Call;
using schema::CallState;
using schema::Message;

namespace {

core::DialledLeg settled_leg() {
    core::DialledLeg leg;
    leg.remote = "head";
    leg.peer = "head/broker";
    leg.role = "broker";
    leg.up = leg.connected = leg.answered = leg.settled = true;
    leg.bytes_in = 100;
    leg.events_out = 7;
    return leg;
}

CallState ask(test::Shop& shop, const Call& call) {
    shop.publisher->request(shop.till, Message{call});
    return shop.only<CallState>();
}

}  // namespace

TEST_CASE("N5: publisher: a call holds its legs up for the lease, and ends with one of 0") {
    test::Shop shop;
    ask(shop, Call{1, 4'000, 500, {}});
    CHECK(shop.legs.called_until.value() == shop.clock.boot().value() + 4'000'000);
    CHECK(shop.legs.may_carry == 500);
    // Needs alone are a question to the subscriber: they end nothing.
    ask(shop, Call{2, 0, 0, {{"stock", ""}}});
    CHECK(shop.legs.called_until.value() > 0);
    ask(shop, Call{3, 0, 0, {}});
    CHECK(shop.legs.called_until.value() == 0);
    // A lease of a week is a slip.
    ask(shop, Call{4, UINT64_MAX, 0, {}});
    CHECK(shop.legs.called_until.value() <= shop.clock.boot().value() + 60 * core::kSecond);
}

TEST_CASE("N5: publisher: calls come from the store's own machine alone") {
    test::Shop shop;
    const core::Requester far{0, "route", "store1", false};
    shop.publisher->request(far, Message{Call{1, 4'000, 0, {}}});
    CHECK(shop.only<schema::Trouble>().code == schema::Errc::not_allowed);
    CHECK(shop.legs.called_until.value() == 0);
}

TEST_CASE("N5: publisher: a leg is settled only when the broker holds all of the log") {
    test::Shop shop;
    shop.ask<schema::Accepted>(test::ticket(1, {test::sale("tea")}));
    shop.legs.away = {settled_leg()};
    const auto legs = [&] { return ask(shop, Call{1, 4'000, 0, {}}).legs; };
    REQUIRE(legs().size() == 1);
    CHECK_FALSE(legs()[0].settled);  // It has not asked for any of it.
    CHECK(legs()[0].waiting_out == shop.end());
    CHECK(legs()[0].bytes_in == 100);
    CHECK(legs()[0].events_out == 7);
    schema::Fetch fetch;
    fetch.store = shop.options.store;
    fetch.after = {{"*", schema::Sequence{shop.end() - 1}}};
    shop.publisher->reached(test::broker(), fetch);
    CHECK(legs()[0].waiting_out == 1);
    CHECK_FALSE(legs()[0].settled);
    fetch.after = {{"*", schema::Sequence{shop.end()}}};
    shop.publisher->reached(test::broker(), fetch);
    CHECK(legs()[0].waiting_out == 0);
    CHECK(legs()[0].settled);
    shop.legs.away[0].settled = false;  // The line has not proved it.
    CHECK_FALSE(legs()[0].settled);
}
