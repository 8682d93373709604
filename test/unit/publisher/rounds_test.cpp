#include <doctest/doctest.h>

#include "ledger/notices.h"
#include "ledger/pot.h"
#include "schema/grant_payloads.h"
#include "schema/trade_payloads.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::core::Peer;

namespace {

Operation of(OperationKind kind, const std::string& subject, const std::string& peer = "",
             std::int64_t cents = 0) {
    Operation operation;
    operation.kind = kind;
    operation.at = Timestamp{1'291'190'400'000'000};
    operation.subject = subject;
    operation.peer = peer;
    operation.amount = Money{cents};
    return operation;
}

Event step_of(std::string_view kind, const std::string& customer, const GrantStep& step) {
    Event event;
    event.topic = kind.starts_with("store.") ? kTopicControl : kTopicAccounts;
    event.kind = kind;
    event.key = customer;
    event.addressee = "store1";
    event.payload = encode(step);
    return event;
}

Event closed(std::int64_t amount, std::uint64_t round) {
    GrantStep step;
    step.peer = "store1";
    step.epoch = Epoch{1};
    step.amount = amount;
    step.round = round;
    step.closes = true;
    return step_of(kGrantClosed, "ann", step);
}

/// ann is at home at store1, owes nothing, and store2 holds 50.00 of her limit.
struct Home {
    Home() {
        Operation add = of(OperationKind::customer_add, "ann", "store1");
        shop.ask<Accepted>(ticket(1, {add, of(OperationKind::limit, "ann", "", 10'000),
                                      of(OperationKind::grant, "ann", "store2", 5'000)}));
    }

    /// A turn, and a commit of what it handed in.
    void turn() {
        shop.clock.advance(60 * filial::core::kMillisecond);
        shop.publisher->turn(shop.clock.boot());
        REQUIRE(shop.publisher->flush());
    }
    void turns() {
        for (int i = 0; i < 4; ++i) turn();
    }
    std::vector<std::string> waiting() {
        shop.legs.answers.clear();
        shop.publisher->request(shop.till, Message{StatusAsk{7}});
        return shop.only<Status>().waiting;
    }
    void answer(std::int64_t elsewhere, std::uint64_t upto) {
        Answer answer;
        AnswerRow row;
        row.key = "ann";
        row.value = elsewhere;
        if (elsewhere != 0) row.fields = {{"at:store2", std::to_string(elsewhere)}};
        row.freshness.positions = {{StoreId{"store2"}, Epoch{1}, Sequence{upto}}};
        answer.rows.push_back(row);
        shop.legs.replica = Result<Answer>(answer);
    }
    void take(std::uint64_t seq, const Event& notice) {
        REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, seq, {{seq, notice}})));
        REQUIRE(shop.publisher->flush());
    }
    std::string last() const { return shop.log().back().event.kind; }

    Shop shop;
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("N3: a closing waits for its holder by name, reads the balance, and is decided") {
    Home home;
    home.shop.ask<Accepted>(ticket(2, {of(OperationKind::close_account, "ann")}));
    home.turns();
    CHECK_FALSE(home.shop.legs.asked);
    REQUIRE(home.waiting().size() == 1);
    CHECK(contains(home.waiting()[0], "close of customer ann, round 1: waiting for store2"));
    CHECK(contains(home.waiting()[0], "store2 was not heard"));

    home.take(5, closed(5'000, 1));
    home.turn();
    REQUIRE(home.shop.legs.asked);
    CHECK(home.shop.legs.asked->kind == QueryKind::balance);
    CHECK(home.shop.legs.asked->key == "ann");
    CHECK(home.shop.legs.asked->store == "store1");
    CHECK(contains(home.waiting()[0], "being decided"));

    // A replica that has not read the holder's answer cannot prove that nothing is owed.
    home.answer(0, 4);
    home.turns();
    CHECK(home.last() == kGrantBooked);
    CHECK(contains(home.waiting()[0], "older than"));

    home.shop.publisher->applied(Peer(), Applied{});
    home.shop.clock.advance(3 * filial::core::kSecond);
    home.turn();
    home.answer(0, 5);
    home.turns();
    CHECK(home.last() == kAccountClosed);
    CHECK(home.waiting().empty());
    const auto end = home.shop.end();
    home.turns();
    CHECK(home.shop.end() == end);
}

TEST_CASE("N3: a closing is refused with where the debt was made") {
    Home home;
    home.shop.ask<Accepted>(ticket(
        2, {of(OperationKind::charge, "ann", "", 1'000), of(OperationKind::close_account, "ann")}));
    home.take(5, closed(5'000, 1));
    home.turn();
    home.answer(2'000, 5);
    home.turns();
    REQUIRE(home.last() == kRoundRefused);
    Parser parser;
    const auto step = decode_account_step(parser, home.shop.log().back().event.payload);
    REQUIRE(step);
    CHECK(step->reason == "owes 30.00 (store1 10.00, store2 20.00)");
    CHECK(home.waiting().empty());
}

TEST_CASE("N3: without its replica a closing says what it needs, and goes on after a restart") {
    Home home;
    home.shop.ask<Accepted>(ticket(2, {of(OperationKind::close_account, "ann")}));
    home.take(5, closed(5'000, 1));
    home.turn();
    home.shop.legs.replica = Result<Answer>(fail(Errc::unreachable, "nobody answers at x"));
    home.turns();
    CHECK(contains(home.waiting()[0], "this store's replica: nobody answers at x"));

    home.shop.restart(true);
    home.shop.legs.asked.reset();
    home.turn();
    REQUIRE(home.shop.legs.asked);
    home.answer(0, 9);
    home.turns();
    CHECK(home.last() == kAccountClosed);
}

TEST_CASE("N3: who takes an account over says once that he is home now, also after a restart") {
    Home home;
    AccountStep step;
    step.round = 3;
    step.purpose = RoundFor::move;
    step.peer = "store1";
    step.into = "bob";
    step.limit = Money{7'000};
    Event handed;
    handed.topic = kTopicAccounts;
    handed.kind = kAccountHanded;
    handed.key = "bob";
    handed.addressee = "store1";
    handed.payload = encode(step);
    home.take(8, handed);
    CHECK(contains(home.waiting()[0], "new home of customer bob"));
    home.shop.restart(true);

    home.turn();
    REQUIRE(home.shop.legs.asked);
    CHECK(home.shop.legs.asked->kind == QueryKind::homes);
    // Nothing is said beside a registration that has not come yet.
    home.shop.legs.replica = Result<Answer>(Answer{});
    home.turns();
    CHECK(home.last() == kAccountTaken);

    home.shop.clock.advance(3 * filial::core::kSecond);
    home.turn();
    Answer known;
    AnswerRow row;
    row.store = "store2";
    row.key = "store2";
    row.freshness.positions = {{StoreId{"store2"}, Epoch{1}, Sequence{2}}};
    known.rows.push_back(row);
    home.shop.legs.replica = Result<Answer>(known);
    home.turns();
    const auto log = home.shop.log();
    REQUIRE(log.size() >= 2);
    CHECK(log.back().event.kind == kLimitSet);
    const Event& edit = log[log.size() - 2].event;
    REQUIRE(edit.kind == kCustomerEdited);
    Parser parser;
    const auto changed = decode_customer_changed(parser, edit.payload);
    REQUIRE(changed);
    CHECK(changed->home == "store1");
    CHECK(changed->home_seen == row.freshness.positions);
    const auto limit = decode_limit_set(parser, log.back().event.payload);
    REQUIRE(limit);
    CHECK(limit->amount == Money{7'000});
    home.shop.restart(true);
    home.turns();
    CHECK(home.shop.log().size() == log.size());
    CHECK(home.waiting().empty());
}

TEST_CASE("N3: nobody but the new home itself names a new home") {
    Home home;
    Operation edit = of(OperationKind::customer_edit, "ann", "store2");
    CHECK(home.shop.ask<TicketRefused>(ticket(2, {edit})).code == Errc::refused);
    edit.subject = "bob";
    edit.peer = "store1";
    CHECK(home.shop.ask<TicketRefused>(ticket(2, {edit})).code == Errc::refused);
}

TEST_CASE(
    "N1: a charge beyond the store's own room is refused with what to do, unless it is a fact") {
    Home home;
    Operation charge = of(OperationKind::charge, "ann", "", 5'001);
    const auto refused = home.shop.ask<TicketRefused>(ticket(2, {charge}));
    CHECK(refused.code == Errc::refused);
    CHECK(contains(refused.reason, "only 50.00"));
    CHECK(contains(refused.reason, "take cash"));
    // A line of an import happened; only what was beyond is flagged.
    charge.recorded = true;
    CHECK(home.shop.ask<Accepted>(ticket(2, {charge})).flags == kFlagNoRoom);
    charge.recorded = false;
    charge.fact = true;
    CHECK(home.shop.ask<Accepted>(ticket(3, {charge})).flags == (kFlagNoRoom | kFlagFact));
}

TEST_CASE("N1: a shop that keeps no limits books what is beyond, flagged") {
    Home home;
    home.shop.options.limits.refuse = false;
    home.shop.restart();
    const Operation charge = of(OperationKind::charge, "ann", "", 5'001);
    CHECK(home.shop.ask<Accepted>(ticket(2, {charge})).flags == kFlagNoRoom);
}

TEST_CASE("N2: home gives by itself what it need not keep back, where the configuration says so") {
    Home home;
    GrantStep ask;
    ask.peer = "store1";
    ask.epoch = Epoch{1};
    ask.amount = 4'500;
    home.take(3, step_of(kGrantAsked, "ann", ask));
    CHECK(home.last() == kGrantQueued);
    home.shop.options.limits.credit = {true, 1'000, 5'000, 2'000};
    home.shop.restart();
    home.take(4, step_of(kGrantAsked, "ann", ask));
    REQUIRE(home.last() == kGrantGiven);
    Parser parser;
    const auto given = decode_grant_step(parser, home.shop.log().back().event.payload);
    REQUIRE(given);
    CHECK(given->amount == 3'000);
}

TEST_CASE("N1: every store takes a new epoch and a store's end, though addressed to nobody") {
    Home home;
    GrantStep step;
    step.peer = "store2";
    Event retired = step_of(kStoreRetired, "store2", step);
    retired.addressee.clear();
    REQUIRE(home.shop.publisher->take(broker(), control_of("office", 0, 4, {{4, retired}})));
    REQUIRE(home.shop.publisher->flush());
    REQUIRE(home.last() == kNoticeTaken);
    const auto refused =
        home.shop.ask<TicketRefused>(ticket(2, {of(OperationKind::grant, "ann", "store2", 1)}));
    CHECK(contains(refused.reason, "retired"));
}
