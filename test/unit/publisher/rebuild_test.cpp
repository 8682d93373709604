// A machine that has nothing but the log answers and decides as the one before.
#include <doctest/doctest.h>

#include <map>

#include "schema/limits.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

namespace {

std::map<Bytes, Bytes> state_of(const MemoryJournal& journal, const std::string& prefix) {
    std::map<Bytes, Bytes> state;
    REQUIRE(journal.scan(prefix, {}, [&](ByteView key, ByteView value) {
        state[Bytes(key)] = Bytes(value);
        return true;
    }));
    return state;
}

/// What a machine has that got its log from elsewhere.
MemoryJournal only_the_log(MemoryJournal journal) {
    filial::core::JournalWrite write;
    for (const auto& [key, value] : state_of(journal, "")) {
        write.state.emplace_back(key, std::nullopt);
    }
    REQUIRE(journal.commit(write, true));
    return journal;
}

Operation new_customer(const std::string& name) {
    Operation operation = sale("");
    operation.kind = OperationKind::customer_add;
    operation.sku.clear();
    operation.quantity = {};
    operation.subject = name;
    operation.peer = "store1";
    return operation;
}

constexpr ClientId kOther{9, 9};

}  // namespace

TEST_CASE("N8: what is known from the log alone is not answered to a ticket with other facts") {
    Shop shop;
    std::vector<Ticket> tickets;
    const auto hand_in = [&](OperationKind kind, const std::string& subject, Operation made = {}) {
        made.kind = kind;
        made.subject = subject;
        made.fact = kind == OperationKind::charge;
        tickets.push_back(ticket(tickets.size() + 1, {made, sale("gum")}));
        tickets.back().operations[1].document = "R " + std::to_string(tickets.size());
        shop.ask<Accepted>(tickets.back());
    };
    Operation goods;
    goods.quantity = sale("", "4").quantity;
    goods.document = "D 1";
    Operation money;
    money.amount = Money{500};
    Operation crate = goods;
    crate.document.clear();
    crate.peer = "store2";
    crate.sku = "tea";
    hand_in(OperationKind::sell, "tea", goods);
    hand_in(OperationKind::return_goods, "tea", goods);
    hand_in(OperationKind::receive, "tea", goods);
    hand_in(OperationKind::adjust, "tea", goods);
    hand_in(OperationKind::count, "tea", goods);
    hand_in(OperationKind::charge, "ann", money);
    hand_in(OperationKind::pay, "ann", money);
    hand_in(OperationKind::credit_note, "ann", money);
    hand_in(OperationKind::transfer_send, "T-1", crate);
    hand_in(OperationKind::transfer_receive, "T-2", crate);
    hand_in(OperationKind::void_document, "D 1");

    Shop anew(only_the_log(shop.journal));
    for (const Ticket& one : tickets) {
        CAPTURE(one.number);
        CHECK(anew.ask<Accepted>(one).repeated);
        Ticket other = one;
        other.operations[1].document = "R 99";
        CHECK(anew.ask<TicketRefused>(other).code == Errc::number_reused);
    }
    CHECK(anew.end() == shop.end());
}

TEST_CASE("rebuild: an old ticket is answered as the first time and booked once") {
    Shop shop;
    std::vector<Accepted> first;
    for (std::uint64_t number = 1; number <= 5; ++number) {
        first.push_back(shop.ask<Accepted>(ticket(number, {sale("1"), sale("2")})));
    }
    first.push_back(shop.ask<Accepted>(ticket(7, {sale("3")}, kOther)));
    const std::uint64_t end = shop.end();

    Shop again(only_the_log(shop.journal));
    CHECK(again.end() == end);
    const auto same = [&](const Ticket& old, Accepted then) {
        const auto answer = again.ask<Accepted>(old);
        then.repeated = true;
        then.request = answer.request;
        CHECK(answer == then);
    };
    for (const bool restarted : {false, true}) {
        CAPTURE(restarted);
        if (restarted) again.restart(true);
        for (std::uint64_t number = 1; number <= 5; ++number) {
            same(ticket(number, {sale("1"), sale("2")}), first[number - 1]);
        }
        same(ticket(7, {sale("3")}, kOther), first[5]);
        CHECK(again.end() == end);
    }
    CHECK_FALSE(again.ask<Accepted>(ticket(6, {sale("1")})).repeated);
    CHECK(again.end() == end + 1);
    // From here on the content is known again.
    CHECK(again.ask<TicketRefused>(ticket(6, {sale("2")})).code == Errc::number_reused);
}

TEST_CASE("rebuild: a client's highest number is known, and what is older than the answers kept") {
    Shop shop;
    const std::uint64_t last = kAnswersKept + 10;
    for (std::uint64_t number = 1; number <= last; ++number) {
        shop.send(ticket(number, {sale("1")}));
    }
    REQUIRE(shop.publisher->flush());
    Shop again(only_the_log(shop.journal));
    CHECK(again.ask<TicketRefused>(ticket(10, {sale("1")})).code == Errc::already_done);
    CHECK(again.ask<Accepted>(ticket(11, {sale("1")})).repeated);
    again.publisher->request(again.till, ClientAsk{1, kTill});
    CHECK(again.only<ClientState>().highest == last);
}

TEST_CASE("rebuild: the ledger's state is what it was, and nothing is folded twice") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1", "3"), new_customer("C1")}));
    REQUIRE(shop.publisher->take(broker(),
                                 control_of("store2", 0, 5, {{3, sent_notice("T1", "store1")}})));
    REQUIRE(shop.publisher->flush());
    shop.ask<Accepted>(ticket(2, {sale("1", "4")}));
    const auto before = state_of(shop.journal, "own/");
    REQUIRE_FALSE(before.empty());

    Shop again(only_the_log(shop.journal));
    CHECK(state_of(again.journal, "own/") == before);
    again.restart();
    CHECK(state_of(again.journal, "own/") == before);
    // The notice comes again and is known.
    REQUIRE(again.publisher->take(broker(),
                                  control_of("store2", 0, 5, {{3, sent_notice("T1", "store1")}})));
    REQUIRE(again.publisher->flush());
    CHECK(again.end() == shop.end());
}

TEST_CASE("rebuild: a state that is behind its log is brought to its end") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("1", "3")}));
    const auto behind = state_of(shop.journal, "");
    shop.ask<Accepted>(ticket(2, {sale("1", "4")}));
    const auto whole = state_of(shop.journal, "own/");

    // The log was completed from the broker, the state is of before.
    MemoryJournal journal = only_the_log(shop.journal);
    filial::core::JournalWrite write;
    for (const auto& [key, value] : behind) write.state.emplace_back(key, value);
    REQUIRE(journal.commit(write, true));
    Shop again(std::move(journal));
    CHECK(state_of(again.journal, "own/") == whole);
    CHECK(again.ask<Accepted>(ticket(2, {sale("1", "4")})).repeated);
    CHECK(again.ask<TicketRefused>(ticket(1, {sale("9")})).code == Errc::number_reused);
}
