#include <doctest/doctest.h>

#include "publisher/intake.h"
#include "publisher/outbox.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

namespace {

constexpr std::uint64_t kTickets = 4 * filial::publisher::kGroupTickets + 10;

/// Hands in tickets 1 to kTickets, flushes once, and says how each was answered.
std::string hand_in_all(Shop& shop) {
    shop.legs.answers.clear();
    for (std::uint64_t i = 1; i <= kTickets; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    std::string kinds;
    for (const Message& message : shop.legs.answers) {
        const auto* accepted = std::get_if<Accepted>(&message);
        const bool busy = std::holds_alternative<Busy>(message);
        kinds += busy ? 'B' : accepted == nullptr ? '?' : accepted->repeated ? 'R' : 'A';
    }
    return kinds;
}

std::size_t events_of_stock(const Shop& shop) {
    std::size_t count = 0;
    for (const LoggedEvent& logged : shop.log()) count += logged.event.topic == kTopicStock;
    return count;
}

}  // namespace

TEST_CASE("groups: a long queue is booked in several commits, in its order, each ticket once") {
    Shop shop;
    const std::size_t before = shop.journal.syncs();
    CHECK(hand_in_all(shop) == std::string(kTickets, 'A'));
    CHECK(shop.journal.syncs() == before + 4);
    Sequence expected{2};  // 1 is log.opened.
    for (const Message& message : shop.legs.answers) {
        CHECK(std::get<Accepted>(message).first == expected);
        expected = next(expected);
    }
    shop.restart(true);
    CHECK(hand_in_all(shop) == std::string(kTickets, 'R'));
    CHECK(events_of_stock(shop) == kTickets);
}

TEST_CASE("groups: what was decided while a group failed to reach the disk is not booked either") {
    const std::uint64_t group = filial::publisher::kGroupTickets;
    for (std::size_t reached = 0; reached < 4; ++reached) {
        CAPTURE(reached);
        Shop shop;
        shop.journal.fail_commits(Errc::no_space, reached);
        const std::size_t booked = reached * group;
        CHECK(hand_in_all(shop) == std::string(booked, 'A') + std::string(kTickets - booked, 'B'));
        CHECK(events_of_stock(shop) == booked);

        shop.journal.fail_commits(std::nullopt);
        shop.clock.advance(filial::core::kSecond);
        CHECK(hand_in_all(shop) == std::string(booked, 'R') + std::string(kTickets - booked, 'A'));
        CHECK(events_of_stock(shop) == kTickets);
    }
}

TEST_CASE("groups: a ticket that comes twice in one queue is booked once, whatever lies between") {
    Shop shop;
    shop.send(ticket(1, {sale("1")}));
    for (std::uint64_t i = 2; i <= kTickets; ++i) {
        shop.send(ticket(i, {sale("1")}));
        shop.send(ticket(1, {sale("1")}));
    }
    REQUIRE(shop.publisher->flush());
    CHECK(events_of_stock(shop) == kTickets);
    for (const Message& message : shop.legs.answers) {
        const auto& accepted = std::get<Accepted>(message);
        CHECK(accepted.repeated ==
              (accepted.first == Sequence{2} && &message != &shop.legs.answers[0]));
    }
}

TEST_CASE(
    "groups: tickets of one client stand together, in their order, and nobody waits for all") {
    using filial::publisher::kClientRun;
    Shop shop;
    // One client has a long queue; others come between with one ticket each, then with all theirs.
    constexpr std::uint64_t kLong = 6 * kClientRun;
    std::uint8_t others = 0;
    const auto send = [&](std::uint8_t client, std::uint64_t number) {
        Ticket one = ticket(number, {sale("1")});
        one.client[0] = client;
        one.request = client * 1'000U + number;
        shop.send(one);
    };
    for (std::uint64_t i = 1; i <= kLong; ++i) {
        send(200, i);
        if (i % kClientRun == 0) send(++others, 1);
    }
    for (std::uint64_t i = 2; i <= kClientRun; ++i) {
        for (std::uint8_t other = 1; other <= others; ++other) send(other, i);
    }
    REQUIRE(shop.publisher->flush());

    std::vector<std::uint64_t> expected;
    for (std::uint64_t run = 0; run < kLong / kClientRun; ++run) {
        for (std::uint64_t i = 1; i <= kClientRun; ++i) {
            expected.push_back(200'000 + run * kClientRun + i);
        }
        if (run > 0) continue;
        for (std::uint8_t other = 1; other <= others; ++other) {
            for (std::uint64_t i = 1; i <= kClientRun; ++i) expected.push_back(other * 1'000U + i);
        }
    }
    std::vector<std::uint64_t> answered;
    Sequence next_event{2};
    for (const Message& message : shop.legs.answers) {
        const auto& accepted = std::get<Accepted>(message);
        CHECK(accepted.first == next_event);
        next_event = next(next_event);
        answered.push_back(accepted.request);
    }
    CHECK(answered == expected);
}
