#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

TEST_CASE("clients: a ticket that comes again is answered as the first time and books nothing") {
    Shop shop;
    const auto first = shop.ask<Accepted>(ticket(1, {sale("1"), sale("2")}));
    shop.ask<Accepted>(ticket(2, {sale("3")}));
    const auto again = shop.ask<Accepted>(ticket(1, {sale("1"), sale("2")}));
    CHECK(again.repeated);
    CHECK(again.first == first.first);
    CHECK(again.last == first.last);
    CHECK(again.flags == first.flags);
    CHECK(shop.end() == 4);
}

TEST_CASE("clients: the same answer comes after a restart and after a power cut") {
    Shop shop;
    const auto first = shop.ask<Accepted>(ticket(1, {sale("1"), sale("2")}));
    for (const bool power_cut : {false, true}) {
        shop.restart(power_cut);
        const auto again = shop.ask<Accepted>(ticket(1, {sale("1"), sale("2")}));
        CHECK(again.repeated);
        CHECK(again.first == first.first);
        CHECK(again.last == first.last);
        CHECK(shop.end() == 3);
    }
}

TEST_CASE("clients: twice within one turn is booked once") {
    Shop shop;
    shop.send(ticket(1, {sale("1")}));
    shop.send(ticket(1, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    CHECK_FALSE(std::get<Accepted>(shop.legs.answers.at(0)).repeated);
    CHECK(std::get<Accepted>(shop.legs.answers.at(1)).repeated);
    CHECK(shop.end() == 2);
}

TEST_CASE("clients: a number used again for another content is refused, also after a restart") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    const auto refused = shop.ask<TicketRefused>(ticket(1, {sale("1", "2")}));
    CHECK(refused.code == Errc::number_reused);
    CHECK(refused.index == kWholeTicket);
    shop.restart();
    CHECK(shop.ask<TicketRefused>(ticket(1, {sale("2")})).code == Errc::number_reused);
    CHECK(shop.end() == 2);
}

TEST_CASE(
    "N8: a till hands in what was booked again from a lost log, and is answered as for that") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    Ticket lost = ticket(2, {sale("2")});
    lost.operations[0].at = Timestamp{77};  // As the log had it; the till left that out.
    lost.operations[0].fact = true;
    lost.reissued = true;
    const auto booked = shop.ask<Accepted>(lost);
    CHECK_FALSE(booked.repeated);
    const auto end = shop.end();
    const auto first = [&](const Ticket& again) {
        const auto answer = shop.ask<Accepted>(again);
        CHECK(answer.repeated);
        return answer.first;
    };
    CHECK(first(ticket(2, {sale("2")})) == booked.first);
    // From a second disk, and after what the till handed in itself.
    CHECK(first(lost) == booked.first);
    shop.restart(true);
    CHECK(first(ticket(2, {sale("2")})) == booked.first);
    const auto third = shop.ask<Accepted>(ticket(3, {sale("3")}));
    lost.number = 3;
    lost.operations = {sale("3")};
    CHECK(first(lost) == third.first);
    CHECK(shop.end() == end + 1);
}

TEST_CASE(
    "N8: a till whose numbers went back is not answered for what was booked from a lost log") {
    Shop shop;
    Ticket lost = ticket(1, {sale("1"), sale("2", "3")});
    lost.reissued = true;
    shop.ask<Accepted>(lost);
    shop.ask<Accepted>(ticket(2, {sale("5")}));
    const auto refused = [&](Ticket other) {
        const auto end = shop.end();
        CHECK(shop.ask<TicketRefused>(other).code == Errc::number_reused);
        CHECK(shop.end() == end);
    };
    const auto others = [&] {
        refused(ticket(1, {sale("9")}));
        refused(ticket(1, {sale("1"), sale("2", "2")}));
        refused(ticket(1, {sale("1")}));
        refused(ticket(1, {sale("1"), sale("2", "3"), sale("2", "3")}));
        Ticket document = ticket(1, {sale("1"), sale("2", "3")});
        document.operations[0].document = "R 77";
        refused(document);
        // And the other way round: that the till has used the number does not make it the same.
        Ticket orphan = ticket(2, {sale("6")});
        orphan.reissued = true;
        refused(orphan);
        // In another order it is the same.
        CHECK(shop.ask<Accepted>(ticket(1, {sale("2", "3"), sale("1")})).repeated);
    };
    others();
    shop.restart();
    others();
}

TEST_CASE("N8: only the store's own machine books a lost tail again") {
    Shop shop;
    Ticket lost = ticket(1, {sale("1")});
    lost.reissued = true;
    shop.till.local = false;
    shop.till.store = "store1";
    CHECK(shop.ask<TicketRefused>(lost).code == Errc::not_allowed);
}

TEST_CASE("clients: two clients count for themselves") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    CHECK_FALSE(shop.ask<Accepted>(ticket(1, {sale("2")}, ClientId{9})).repeated);
}

TEST_CASE(
    "clients: past the last answers kept an older number is already done, a newer one is not") {
    Shop shop;
    const std::uint64_t last = kAnswersKept + 10;
    for (std::uint64_t i = 1; i <= last; ++i) {
        if (i == 500) continue;  // Refused then, or never handed in.
        shop.send(ticket(i, {sale("1")}));
    }
    REQUIRE(shop.publisher->flush());
    shop.legs.answers.clear();
    for (const bool reopened : {false, true}) {
        if (reopened) shop.restart();
        const std::uint64_t oldest = last - kAnswersKept;  // One was left out.
        CHECK(shop.ask<Accepted>(ticket(oldest, {sale("1")})).repeated);
        CHECK(shop.ask<TicketRefused>(ticket(oldest - 1, {sale("1")})).code == Errc::already_done);
        CHECK(shop.ask<Accepted>(ticket(last, {sale("1")})).repeated);
    }
    CHECK(shop.end() == last);
    // Never decided, within what is kept: decided now.
    CHECK_FALSE(shop.ask<Accepted>(ticket(500, {sale("1")})).repeated);
    CHECK(shop.ask<Accepted>(ticket(500, {sale("1")})).repeated);
    CHECK(shop.ask<TicketRefused>(ticket(last - kAnswersKept, {sale("1")})).code ==
          Errc::already_done);
    shop.restart();
    CHECK(shop.ask<Accepted>(ticket(500, {sale("1")})).repeated);
    CHECK(shop.ask<Accepted>(ticket(last - kAnswersKept + 1, {sale("1")})).repeated);
}

TEST_CASE("clients: numbers may have holes of any width") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1")}));
    shop.ask<Accepted>(ticket(1'000'000, {sale("1")}));
    CHECK(shop.ask<Accepted>(ticket(1, {sale("1")})).repeated);
    CHECK_FALSE(shop.ask<Accepted>(ticket(2, {sale("1")})).repeated);
}

TEST_CASE("clients: whoever asks learns the highest number and the note that came with it") {
    Shop shop;
    const auto ask = [&] {
        shop.legs.answers.clear();
        shop.publisher->request(shop.till, Message{ClientAsk{77, kTill}});
        return shop.only<ClientState>();
    };
    CHECK(ask().highest == 0);
    Ticket noted = ticket(5, {sale("1")});
    noted.note = "hash of five lines";
    shop.ask<Accepted>(noted);
    Ticket earlier = ticket(4, {sale("1")});
    earlier.note = "hash of four lines";
    shop.ask<Accepted>(earlier);
    for (int i = 0; i < 2; ++i) {
        const auto state = ask();
        CHECK(state.request == 77);
        CHECK(state.highest == 5);
        CHECK(state.note == "hash of five lines");
        shop.restart();
    }
}

TEST_CASE("clients: thousands of them, each answered as the first time") {
    Shop shop;
    const auto id = [](int i) {
        ClientId client{};
        client[0] = static_cast<std::uint8_t>(i & 0xff);
        client[9] = static_cast<std::uint8_t>(i >> 8);
        client[15] = 1;
        return client;
    };
    for (const bool repeated : {false, true}) {
        for (int i = 0; i < 2'000; ++i) {
            CHECK(shop.ask<Accepted>(ticket(1, {sale("1")}, id(i))).repeated == repeated);
        }
    }
    CHECK(shop.end() == 2'001);
}

TEST_CASE("clients: neither questions nor repeats of many clients fill the memory") {
    Shop shop;
    const auto client = [](std::uint64_t number) {
        ClientId id{7};
        id[1] = static_cast<std::uint8_t>(number >> 8);
        id[2] = static_cast<std::uint8_t>(number);
        return id;
    };
    for (std::uint64_t i = 0; i < 2'000; ++i) shop.send(ticket(1, {sale("1")}, client(i)));
    REQUIRE(shop.publisher->flush());
    filial::publisher::Clients clients(shop.journal);
    for (std::uint64_t i = 0; i < 2'000; ++i) {
        const auto state = clients.state(client(i));
        REQUIRE(state);
        CHECK(state->highest == 1);
        filial::publisher::KeptAnswer answer;
        REQUIRE(clients.look_up(client(i + 1'000), 1, 0, 0, answer));
        REQUIRE(clients.in_memory() <= filial::publisher::kClientsInMemory);
    }
}

TEST_CASE(
    "clients: a ticket that comes again is the same one whatever home its till is shown now") {
    Shop shop;
    Operation payment;
    payment.kind = OperationKind::pay;
    payment.subject = "ann";
    payment.amount = Money{500};
    const auto first = shop.ask<Accepted>(ticket(1, {payment}));
    payment.peer = "store9";
    const auto again = shop.ask<Accepted>(ticket(1, {payment}));
    CHECK(again.repeated);
    CHECK(again.first == first.first);
    payment.amount = Money{501};
    CHECK(shop.ask<TicketRefused>(ticket(1, {payment})).code == Errc::number_reused);
    // Whom a grant goes to is what it says.
    Operation grant = payment;
    grant.kind = OperationKind::limit;
    grant.peer.clear();
    shop.ask<Accepted>(ticket(2, {grant}));
    grant.kind = OperationKind::grant;
    grant.amount = Money{100};
    grant.peer = "store9";
    shop.ask<Accepted>(ticket(3, {grant}));
    grant.peer = "store8";
    CHECK(shop.ask<TicketRefused>(ticket(3, {grant})).code == Errc::number_reused);
}
