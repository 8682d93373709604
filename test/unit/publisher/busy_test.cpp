#include <doctest/doctest.h>

#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

namespace {

std::string kinds(const std::vector<Message>& messages) {
    std::string text;
    for (const Message& message : messages) {
        if (std::holds_alternative<Accepted>(message)) text += 'A';
        if (std::holds_alternative<Busy>(message)) text += 'B';
        if (std::holds_alternative<TicketRefused>(message)) text += 'R';
    }
    return text;
}

}  // namespace

TEST_CASE("busy: a full queue answers at once with a time and takes nothing") {
    Shop shop({}, 2);
    for (std::uint64_t i = 1; i <= 3; ++i) shop.send(ticket(i, {sale("1")}));
    const auto busy = shop.only<Busy>();
    CHECK(busy.request == 903);
    CHECK(busy.retry_ms > 0);
    REQUIRE(shop.publisher->flush());
    CHECK(kinds(shop.legs.answers) == "AA");
    CHECK(shop.end() == 3);
}

TEST_CASE("busy: a client's later numbers wait until the lowest refused one came again") {
    Shop shop({}, 2);
    for (std::uint64_t i = 1; i <= 5; ++i) shop.send(ticket(i, {sale("1")}));
    CHECK(kinds(shop.legs.answers) == "BBB");
    REQUIRE(shop.publisher->flush());
    shop.legs.answers.clear();

    // There is room again, but 3 has to come first. Another client is not held up.
    shop.send(ticket(4, {sale("1")}));
    shop.send(ticket(5, {sale("1")}));
    CHECK(kinds(shop.legs.answers) == "BB");
    shop.send(ticket(1, {sale("1")}, ClientId{9}));
    REQUIRE(shop.publisher->flush());
    CHECK(kinds(shop.legs.answers) == "BBA");
    shop.legs.answers.clear();

    shop.send(ticket(3, {sale("1")}));
    shop.send(ticket(4, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    CHECK(kinds(shop.legs.answers) == "AA");
    CHECK(shop.ask<Accepted>(ticket(5, {sale("1")})).last == Sequence{7});
}

TEST_CASE("busy: numbers that were told so are decided in their order, however they come again") {
    Shop shop({}, 2);
    for (std::uint64_t i = 1; i <= 5; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    // Each comes when its own time is over, and a new one, which was never told busy, with them.
    shop.ask<Accepted>(ticket(3, {sale("1")}));
    shop.ask<Busy>(ticket(6, {sale("1")}));
    shop.ask<Busy>(ticket(5, {sale("1")}));
    shop.ask<Accepted>(ticket(4, {sale("1")}));
    shop.ask<Busy>(ticket(6, {sale("1")}));
    shop.ask<Accepted>(ticket(5, {sale("1")}));
    shop.ask<Accepted>(ticket(6, {sale("1")}));
    shop.ask<Accepted>(ticket(8, {sale("1")}));
}

TEST_CASE("busy: a number that was told so while it waited itself is not awaited again") {
    Shop shop({}, 2);
    for (const std::uint64_t number : {1, 2, 3, 2}) shop.send(ticket(number, {sale("1")}));
    CHECK(kinds(shop.legs.answers) == "BB");
    REQUIRE(shop.publisher->flush());
    CHECK(kinds(shop.legs.answers) == "BBAA");
    shop.ask<Busy>(ticket(4, {sale("1")}));
    shop.ask<Accepted>(ticket(3, {sale("1")}));
    shop.ask<Accepted>(ticket(4, {sale("1")}));
}

TEST_CASE(
    "busy: one that never comes again holds up those behind it once, and they keep their order") {
    Shop shop({}, 2);
    // 2 is handed in twice: the second one finds no room, and its client has its answer.
    for (const std::uint64_t number : {1, 2}) shop.send(ticket(number, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    for (const std::uint64_t number : {3, 4, 2, 5, 6}) shop.send(ticket(number, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    for (int half = 0; half < 9; ++half) {
        shop.clock.advance(filial::core::kSecond / 2);
        shop.publisher->turn(shop.clock.boot());
        shop.ask<Busy>(ticket(6, {sale("1")}));
        shop.ask<Busy>(ticket(5, {sale("1")}));
    }
    shop.clock.advance(filial::core::kSecond / 2);
    shop.publisher->turn(shop.clock.boot());
    shop.ask<Busy>(ticket(6, {sale("1")}));
    shop.ask<Accepted>(ticket(5, {sale("1")}));
    shop.ask<Accepted>(ticket(6, {sale("1")}));
}

TEST_CASE("busy: the next number of those told so has its seconds, too, and then none is awaited") {
    Shop shop({}, 2);
    for (std::uint64_t i = 1; i <= 5; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    const auto seconds = [&](int count) {
        for (int second = 0; second < count; ++second) {
            shop.clock.advance(filial::core::kSecond);
            shop.publisher->turn(shop.clock.boot());
        }
    };
    seconds(4);
    shop.ask<Accepted>(ticket(3, {sale("1")}));
    seconds(4);
    shop.ask<Busy>(ticket(6, {sale("1")}));
    seconds(1);
    shop.ask<Accepted>(ticket(6, {sale("1")}));
}

TEST_CASE("busy: a repeat of an older number does not open the door for later ones") {
    Shop shop({}, 2);
    for (std::uint64_t i = 1; i <= 4; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.ask<Accepted>(ticket(1, {sale("1")})).repeated);
    shop.ask<Busy>(ticket(4, {sale("1")}));
    shop.ask<Accepted>(ticket(3, {sale("1")}));
    shop.ask<Accepted>(ticket(4, {sale("1")}));
}

TEST_CASE("busy: a client that stays away is not waited for") {
    Shop shop({}, 1);
    for (std::uint64_t i = 1; i <= 2; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    shop.ask<Busy>(ticket(9, {sale("1")}));
    for (int second = 0; second < 6; ++second) {
        shop.clock.advance(filial::core::kSecond);
        shop.publisher->turn(shop.clock.boot());
    }
    shop.ask<Accepted>(ticket(9, {sale("1")}));
}

TEST_CASE("busy: a standstill of the publisher itself gives no number up") {
    Shop shop({}, 1);
    for (std::uint64_t i = 1; i <= 2; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    shop.publisher->turn(shop.clock.boot());
    // It is stopped for a minute; what was sent meanwhile is read first, in the order of sending.
    shop.clock.advance(60 * filial::core::kSecond);
    shop.ask<Busy>(ticket(3, {sale("1")}));
    shop.publisher->turn(shop.clock.boot());
    shop.ask<Busy>(ticket(3, {sale("1")}));
    shop.ask<Accepted>(ticket(2, {sale("1")}));
    shop.ask<Accepted>(ticket(3, {sale("1")}));
}

TEST_CASE("busy: later numbers pass seconds after the Busy of one that the till has given up") {
    Shop shop({}, 1);
    for (std::uint64_t i = 1; i <= 2; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    shop.legs.answers.clear();
    std::uint64_t number = 3;
    for (; number < 20; ++number) {  // One a second, as a till that goes on selling.
        shop.send(ticket(number, {sale("1")}));
        REQUIRE(shop.publisher->flush());
        if (std::holds_alternative<Accepted>(shop.legs.answers.back())) break;
        shop.clock.advance(filial::core::kSecond);
        shop.publisher->turn(shop.clock.boot());
    }
    CHECK(number == 8);
    // The one given up may still come: it was never decided.
    CHECK_FALSE(shop.ask<Accepted>(ticket(2, {sale("1")})).repeated);
}

TEST_CASE("busy: on a full disk nothing is lost and everything is answered busy with the reason") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    shop.journal.fail_commits(Errc::no_space);
    for (std::uint64_t i = 2; i <= 4; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    REQUIRE(kinds(shop.legs.answers) == "BBB");
    CHECK(std::get<Busy>(shop.legs.answers[0]).reason.find("disk") != std::string::npos);
    CHECK(shop.end() == 2);
    shop.legs.answers.clear();
    shop.publisher->request(shop.till, Message{StatusAsk{1}});
    CHECK(shop.only<Status>().health.find("no room") != std::string::npos);

    shop.journal.fail_commits(std::nullopt);
    shop.clock.advance(filial::core::kSecond);
    shop.ask<Busy>(ticket(3, {sale("1")}));
    const auto accepted = shop.ask<Accepted>(ticket(2, {sale("1")}));
    CHECK_FALSE(accepted.repeated);
    CHECK(accepted.first == Sequence{3});
    CHECK(shop.ask<Accepted>(ticket(3, {sale("1")})).first == Sequence{4});
    shop.publisher->request(shop.till, Message{StatusAsk{1}});
    CHECK(shop.only<Status>().health == "ok");
}

TEST_CASE("busy: that there is room again shows also while nobody hands in anything") {
    Shop shop;
    const auto health = [&] {
        shop.legs.answers.clear();
        shop.publisher->request(shop.till, Message{StatusAsk{1}});
        return shop.only<Status>().health;
    };
    const auto turn = [&] {
        shop.clock.advance(filial::core::kSecond);
        REQUIRE(shop.publisher->flush());
        shop.publisher->turn(shop.clock.boot());
    };
    shop.journal.fail_commits(Errc::no_space);
    shop.ask<Busy>(ticket(1, {sale("1")}));
    turn();
    CHECK(health().find("no room") != std::string::npos);
    shop.journal.fail_commits(std::nullopt);
    turn();
    CHECK(health() == "ok");
}

TEST_CASE("busy: the disk is tried again however often the loop turns") {
    Shop shop;
    shop.journal.fail_commits(Errc::no_space);
    REQUIRE(shop.publisher->take(broker(),
                                 control_of("store2", 0, 5, {{3, sent_notice("T1", "store1")}})));
    CHECK_FALSE(shop.publisher->flush());
    shop.journal.fail_commits(std::nullopt);
    int turns = 0;
    while (!shop.publisher->flush() && turns < 10) {
        shop.clock.advance(50 * filial::core::kMillisecond);
        ++turns;
    }
    CHECK(turns == 4);
    CHECK(shop.end() == 2);
}

TEST_CASE("busy: large tickets that wait are bounded by their bytes") {
    Shop shop;
    Operation news;
    news.kind = OperationKind::publish;
    news.subject = "key";
    news.topic = "news";
    news.payload = Bytes(16'000, 'x');
    const std::vector<Operation> large(11, news);
    for (std::uint64_t i = 1; i <= 100; ++i) shop.send(ticket(i, large));
    CHECK(kinds(shop.legs.answers) == "BBBBB");
    REQUIRE(shop.publisher->flush());
    shop.legs.answers.clear();
    shop.ask<Accepted>(ticket(96, large));
}

TEST_CASE("busy: what was rolled back is not in the state that decides afterwards") {
    Shop shop;
    Operation send;
    send.kind = OperationKind::transfer_send;
    send.subject = "T1";
    send.peer = "store2";
    send.sku = "22423";
    send.quantity = Quantity{1'000};
    shop.journal.fail_commits(Errc::no_space);
    shop.ask<Busy>(ticket(1, {send}));
    shop.journal.fail_commits(std::nullopt);
    shop.clock.advance(filial::core::kSecond);
    shop.ask<Accepted>(ticket(1, {send}));
    CHECK(shop.ask<TicketRefused>(ticket(2, {send})).code == Errc::refused);
}

TEST_CASE("busy: any other failure of the disk ends the process and answers nobody") {
    Shop shop;
    shop.journal.fail_commits(Errc::io);
    shop.send(ticket(1, {sale("1")}));
    const auto flushed = shop.publisher->flush();
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error().code == Errc::io);
    CHECK(shop.legs.answers.empty());
}

TEST_CASE("busy: a mark or a position that cannot be written for good ends the process too") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    shop.journal.fail_commits(Errc::no_space);  // That may pass.
    shop.publisher->turn(shop.clock.boot());
    CHECK(shop.publisher->flush());
    shop.journal.fail_commits(Errc::io);
    filial::schema::Fetch fetch;
    fetch.store = shop.options.store;
    fetch.after = {{"*", Sequence{1}}};
    shop.publisher->reached(filial::test::broker("head"), fetch);
    shop.clock.advance(10 * filial::core::kSecond);
    shop.publisher->turn(shop.clock.boot());
    const auto flushed = shop.publisher->flush();  // Though no ticket waits.
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error().code == Errc::io);
}

TEST_CASE("busy: own state that cannot be read decides nothing") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    shop.journal.fail_reads(true);
    shop.send(ticket(2, {sale("never seen")}));
    CHECK_FALSE(shop.publisher->flush());
    CHECK(shop.legs.answers.empty());
    CHECK(shop.end() == 2);
}
