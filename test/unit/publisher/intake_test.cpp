#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

TEST_CASE("intake: accepted says where the ticket stands, after one fsync") {
    Shop shop;
    const std::size_t syncs = shop.journal.syncs();
    shop.send(ticket(1, {sale("1"), sale("2")}));
    CHECK(shop.legs.answers.empty());
    REQUIRE(shop.publisher->flush());
    const auto accepted = shop.only<Accepted>();
    CHECK(accepted.request == 901);
    CHECK(accepted.first == Sequence{2});
    CHECK(accepted.last == Sequence{3});
    CHECK(accepted.epoch == Epoch{1});
    CHECK(accepted.flags == kFlagBelowZero);
    CHECK_FALSE(accepted.repeated);
    CHECK(shop.journal.syncs() == syncs + 1);
    const auto log = shop.log();
    REQUIRE(log.size() == 3);
    CHECK(log[1].event.client == kTill);
    CHECK(log[2].event.index == 1);
    CHECK(log[2].event.count == 2);
}

TEST_CASE("intake: all tickets that wait share one commit") {
    Shop shop;
    const std::size_t commits = shop.journal.commits();
    for (std::uint64_t i = 1; i <= 60; ++i) shop.send(ticket(i, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.legs.answers.size() == 60);
    CHECK(shop.journal.commits() == commits + 1);
    CHECK(shop.end() == 61);
}

TEST_CASE("intake: more than one commit's worth is committed in several, each within the limit") {
    Shop shop;
    Operation news;
    news.kind = OperationKind::publish;
    news.subject = "key";
    news.topic = "news";
    news.payload = Bytes(10'000, 'x');
    const std::size_t commits = shop.journal.commits();
    for (std::uint64_t i = 1; i <= 60; ++i) shop.send(ticket(i, {news}));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.legs.answers.size() == 60);
    CHECK(shop.journal.commits() == commits + 3);
    const auto first =
        shop.journal.read({shop.options.store, {"news"}, Sequence{1}, kCommitBytesMax / 2});
    REQUIRE(first);
    CHECK(first->segments.at(0).size() <= kCommitBytesMax);
}

TEST_CASE("intake: a ticket with one bad line books nothing and names the line") {
    Shop shop;
    Operation charge;
    charge.kind = OperationKind::charge;
    charge.subject = "17827";
    charge.amount = Money{1'000};
    charge.fact = true;
    const auto refused =
        shop.ask<TicketRefused>(ticket(1, {sale("1"), sale("2", "0"), sale("3"), charge}));
    CHECK(refused.index == 1);
    CHECK(refused.code == Errc::invalid);
    CHECK(refused.reason.find("greater than zero") != std::string::npos);
    CHECK(shop.end() == 1);
    // Mended, it comes with the same number.
    CHECK(shop.ask<Accepted>(ticket(1, {sale("1"), sale("2"), sale("3"), charge})).last ==
          Sequence{5});
}

TEST_CASE("intake: a rule's refusal names the operation and leaves the others of the turn alone") {
    Shop shop;
    Operation send;
    send.kind = OperationKind::transfer_send;
    send.subject = "T1";
    send.peer = "store2";
    send.sku = "22423";
    send.quantity = Quantity{1'000};
    shop.send(ticket(1, {send}));
    shop.send(ticket(2, {sale("1"), send}));
    shop.send(ticket(3, {sale("2")}));
    REQUIRE(shop.publisher->flush());
    REQUIRE(shop.legs.answers.size() == 3);
    CHECK(std::get<Accepted>(shop.legs.answers[0]).last == Sequence{3});
    CHECK(std::get<TicketRefused>(shop.legs.answers[1]).index == 1);
    CHECK(std::get<TicketRefused>(shop.legs.answers[1]).code == Errc::refused);
    CHECK(std::get<Accepted>(shop.legs.answers[2]).first == Sequence{4});
}

TEST_CASE(
    "intake: what has no operations, no number, no client or too much of anything is refused") {
    Shop shop;
    CHECK(shop.ask<TicketRefused>(ticket(1, {})).index == kWholeTicket);
    CHECK(shop.ask<TicketRefused>(ticket(0, {sale("1")})).code == Errc::invalid);
    CHECK(shop.ask<TicketRefused>(ticket(1, {sale("1")}, ClientId{})).code == Errc::invalid);
    const std::vector<Operation> many(kOperationsMax + 1, sale("1"));
    CHECK(shop.ask<TicketRefused>(ticket(1, many)).code == Errc::too_large);
    Ticket noted = ticket(1, {sale("1")});
    noted.note = Bytes(kNoteBytesMax + 1, 'n');
    CHECK(shop.ask<TicketRefused>(noted).code == Errc::too_large);
    Operation news;
    news.kind = OperationKind::publish;
    news.subject = "key";
    news.topic = "news";
    news.payload = Bytes(kPayloadBytesMax, 'x');
    CHECK(shop.ask<TicketRefused>(ticket(1, std::vector<Operation>(12, news))).code ==
          Errc::too_large);
    CHECK(shop.end() == 1);
}

TEST_CASE("intake: an operation without a time gets the store's") {
    Shop shop;
    Operation undated = sale("1");
    undated.at = {};
    const Ticket first = ticket(1, {undated});
    shop.ask<Accepted>(first);
    CHECK(shop.log().back().event.at == shop.clock.wall());
    shop.clock.advance(filial::core::kSecond);
    CHECK(shop.ask<Accepted>(first).repeated);
}

TEST_CASE("intake: only this machine, the store's own key and who was admitted for it hand in") {
    Shop shop;
    shop.till = filial::core::Requester{0, "route", "store2", false};
    const auto trouble = shop.ask<Trouble>(ticket(1, {sale("1")}));
    CHECK(trouble.code == Errc::not_allowed);
    CHECK(trouble.request == 901);
    shop.till.store = "store1";
    shop.ask<Accepted>(ticket(1, {sale("1")}));
}
