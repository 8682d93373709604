#include <doctest/doctest.h>

#include "schema/grant_payloads.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

namespace {

Operation about(OperationKind kind, const std::string& subject, const std::string& peer = "",
                std::int64_t cents = 0) {
    Operation operation;
    operation.kind = kind;
    operation.at = Timestamp{1'291'190'400'000'000};
    operation.subject = subject;
    operation.peer = peer;
    operation.amount = Money{cents};
    return operation;
}

void turns(Shop& shop, int count = 8) {
    for (int i = 0; i < count; ++i) {
        shop.clock.advance(60 * filial::core::kMillisecond);
        if (std::exchange(shop.legs.asked, {})) {
            shop.legs.replica = Result<Answer>(fail(Errc::unreachable, "nobody is there"));
        }
        shop.publisher->turn(shop.clock.boot());
        REQUIRE(shop.publisher->flush());
    }
}

std::vector<std::string> waiting(Shop& shop) {
    shop.legs.answers.clear();
    shop.publisher->request(shop.till, Message{StatusAsk{7}});
    return shop.only<Status>().waiting;
}

std::size_t count_of(const Shop& shop, std::string_view kind) {
    std::size_t count = 0;
    for (const LoggedEvent& logged : shop.log()) count += logged.event.kind == kind ? 1 : 0;
    return count;
}

Event given(const std::string& customer, std::int64_t cents) {
    GrantStep step;
    step.peer = "store1";
    step.epoch = Epoch{1};
    step.amount = cents;
    Event event;
    event.topic = kTopicAccounts;
    event.kind = kGrantGiven;
    event.key = customer;
    event.addressee = "store1";
    event.payload = encode(step);
    return event;
}

}  // namespace

TEST_CASE("N3: a store that leaves gives back its rooms, hands its customers over and says so") {
    Shop shop;
    std::vector<Operation> limits;
    for (int i = 0; i < 60; ++i) {
        limits.push_back(about(OperationKind::limit, "C" + std::to_string(i), "", 1'000));
    }
    // Nothing was ever owed or granted of these two, and one of them is at home elsewhere.
    limits.push_back(about(OperationKind::customer_add, "new", "store1"));
    limits.push_back(about(OperationKind::customer_add, "guest", "store2"));
    limits.push_back(about(OperationKind::block_customer, "C7"));
    limits.push_back(about(OperationKind::close_account, "C8"));
    shop.ask<Accepted>(ticket(1, limits));
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 5, {{5, given("eve", 700)}})));
    REQUIRE(shop.publisher->flush());
    shop.ask<Accepted>(ticket(2, {about(OperationKind::leave, "store1", "store3")}));
    turns(shop, 300);
    CHECK(count_of(shop, kGrantReturned) == 1);
    CHECK(count_of(shop, kAccountHanded) == 59);
    CHECK(count_of(shop, kStoreLeft) == 0);
    // It waits for a person, and for the replica that the closing needs.
    std::string all;
    for (const std::string& line : waiting(shop)) all += line + "\n";
    CHECK(all.find("leaving for store3: customer C7: it is blocked") != std::string::npos);
    CHECK(all.find("leaving for store3: customer C8: its round is not decided") !=
          std::string::npos);

    shop.ask<Accepted>(ticket(3, {about(OperationKind::unblock_customer, "C7"),
                                  about(OperationKind::round_cancel, "C8")}));
    shop.restart(true);
    turns(shop, 300);
    CHECK(count_of(shop, kAccountHanded) == 61);
    CHECK(count_of(shop, kStoreLeft) == 1);
    CHECK(waiting(shop).empty());
    const auto end = shop.end();
    turns(shop, 20);
    CHECK(shop.end() == end);
    // What is given to it later comes back by itself.
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 6, {{6, given("eve", 300)}})));
    REQUIRE(shop.publisher->flush());
    turns(shop, 20);
    CHECK(count_of(shop, kGrantReturned) == 2);
    CHECK(count_of(shop, kStoreLeft) == 1);
}

TEST_CASE("N3: a store is retired once it has left, and before that only as a fact") {
    Shop office;
    Operation retire = about(OperationKind::retire_store, "store2");
    const auto refused = office.ask<TicketRefused>(ticket(1, {retire}));
    CHECK(refused.reason.find("store2 has not handed over what it holds") != std::string::npos);
    Event left;
    left.topic = kTopicControl;
    left.kind = kStoreLeft;
    left.key = "store2";
    left.payload = encode(GrantStep{});
    REQUIRE(office.publisher->take(broker(), control_of("store2", 0, 9, {{9, left}})));
    REQUIRE(office.publisher->flush());
    office.ask<Accepted>(ticket(1, {retire}));
    retire.subject = "store5";
    retire.fact = true;
    office.ask<Accepted>(ticket(2, {retire}));
}

TEST_CASE("N3: leaving is said at the store itself, and names another one") {
    Shop shop;
    const auto refused = [&](const Operation& operation) {
        return shop.ask<TicketRefused>(ticket(1, {operation})).reason;
    };
    CHECK(refused(about(OperationKind::leave, "store2", "store3")).find("say it there") !=
          std::string::npos);
    CHECK(refused(about(OperationKind::leave, "store1", "store1")).find("name another one") !=
          std::string::npos);
    CHECK(refused(about(OperationKind::left, "store1")).find("say `leave` first") !=
          std::string::npos);
}
