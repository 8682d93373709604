#include <doctest/doctest.h>

#include "schema/grant_payloads.h"
#include "schema/limits.h"
#include "schema/payloads.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::core::Want;

namespace {

std::uint64_t position(const Shop& shop, const char* store) {
    Want want;
    want.store = StoreId{store};
    return shop.publisher->durable(want).at(0).seq.value();
}

/// The record of the second epoch.
Event opened(std::uint64_t from) {
    Event event;
    event.topic = "control";
    event.kind = kLogOpened;
    LogOpened payload;
    payload.epoch = Epoch{2};
    payload.continues_from = Sequence{from};
    event.payload = encode(payload);
    return event;
}

}  // namespace

TEST_CASE("control: the publisher wants both topics of every other store, from brokers alone") {
    Shop shop;
    const auto want = shop.publisher->want(broker(), StoreId{"store2"});
    REQUIRE(want);
    CHECK(want->after ==
          std::vector<TopicEnd>{{"accounts", Sequence{0}}, {"control", Sequence{0}}});
    CHECK_FALSE(shop.publisher->want(broker(), StoreId{"store1"}));
    auto peer = broker();
    peer.role = "publisher";
    CHECK_FALSE(shop.publisher->want(peer, StoreId{"store2"}));
    CHECK(shop.publisher->take(peer, control_of("store2", 0, 1, {})).error().code ==
          Errc::not_allowed);
    // One that dialled us only says that it is a broker; being admitted as a relay proves it.
    auto caller = broker();
    caller.dialled = false;
    CHECK_FALSE(shop.publisher->want(caller, StoreId{"store2"}));
}

TEST_CASE("control: each notice becomes one own event and then its position is durable") {
    Shop shop;
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 9,
                                                      {{3, sent_notice("T1", "store1")},
                                                       {4, sent_notice("T2", "store9")},
                                                       {7, sent_notice("T3", "store1")}})));
    CHECK(position(shop, "store2") == 0);
    REQUIRE(shop.publisher->flush());
    CHECK(position(shop, "store2") == 9);
    const auto log = shop.log();
    REQUIRE(log.size() == 3);
    CHECK(log[1].event.kind == kTransferExpected);
    CHECK(log[1].event.key == "T1");
    CHECK(log[1].event.number == 3);
    CHECK(log[2].event.key == "T3");
}

TEST_CASE("control: notices of both topics are taken in the order of the log") {
    Shop shop;
    const auto told = [](const char* customer) {
        Event event;
        event.topic = "accounts";
        event.kind = kDebtTold;
        event.key = customer;
        event.addressee = "store1";
        event.payload = encode(DebtTold{});
        return event;
    };
    // In a range the topics stand apart, one behind the other.
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 9,
                                                      {{3, sent_notice("T1", "store1")},
                                                       {4, told("ann")},
                                                       {5, sent_notice("T2", "store1")},
                                                       {8, told("bob")}})));
    REQUIRE(shop.publisher->flush());
    std::vector<std::string> keys, topics;
    for (const LoggedEvent& logged : shop.log()) {
        keys.push_back(logged.event.key);
        topics.push_back(logged.event.topic);
    }
    CHECK(keys == std::vector<std::string>{"store1", "T1", "ann", "T2", "bob"});
    CHECK(topics ==
          std::vector<std::string>{"control", "control", "accounts", "control", "accounts"});
}

TEST_CASE("control: a range that leaves out one of the topics is not taken") {
    Shop shop;
    for (const char* topic : {"accounts", "control"}) {
        CAPTURE(topic);
        Range range = control_of("store2", 0, 5, {});
        range.topics = {topic};
        CHECK(shop.publisher->take(broker(), range).error().code == Errc::corrupt);
        REQUIRE(shop.publisher->flush());
        CHECK(position(shop, "store2") == 0);
    }
    Range whole = control_of("store2", 0, 5, {});
    whole.topics = {"*"};
    REQUIRE(shop.publisher->take(broker(), whole));
    REQUIRE(shop.publisher->flush());
    CHECK(position(shop, "store2") == 5);
}

TEST_CASE("control: a range delivered twice, by another broker or after a restart, gives nothing") {
    Shop shop;
    const auto range = control_of("store2", 0, 5, {{3, sent_notice("T1", "store1")}});
    REQUIRE(shop.publisher->take(broker("head"), range));
    REQUIRE(shop.publisher->take(broker("second"), range));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.end() == 2);
    REQUIRE(shop.publisher->take(broker("second"), range));
    REQUIRE(shop.publisher->flush());
    // The position beside the log was not saved yet; the ledger knows what it took.
    shop.restart(true);
    CHECK(position(shop, "store2") == 0);
    REQUIRE(shop.publisher->take(broker("head"), range));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.end() == 2);
    CHECK(position(shop, "store2") == 5);
}

TEST_CASE("control: ranges without a notice move the position on, which is kept over a restart") {
    Shop shop;
    const std::size_t syncs = shop.journal.syncs();
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 50, {})));
    REQUIRE(shop.publisher->flush());
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 50, 80, {})));
    REQUIRE(shop.publisher->flush());
    CHECK(position(shop, "store2") == 80);
    CHECK(shop.journal.syncs() == syncs);
    shop.clock.advance(2 * filial::core::kSecond);
    shop.publisher->turn(shop.clock.boot());
    shop.restart();
    CHECK(position(shop, "store2") == 80);
    CHECK(shop.publisher->want(broker(), StoreId{"store2"})->epoch == Epoch{1});
}

TEST_CASE("control: a hole is a gap, an older epoch is refused, a newer one goes on") {
    Shop shop;
    CHECK(shop.publisher->take(broker(), control_of("store2", 5, 9, {})).error().code == Errc::gap);
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 9, {}, 2)));
    CHECK(shop.publisher->take(broker(), control_of("store2", 9, 12, {}, 1)).error().code ==
          Errc::stale_incarnation);
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 9, 12, {}, 3)));
    // Again from what is durable, as a new session asks: nothing new, and no reason to stop.
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 9, {}, 2)));
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 9, 14, {}, 3)));
    REQUIRE(shop.publisher->flush());
    CHECK(position(shop, "store2") == 14);
}

TEST_CASE("control: a new epoch begins with its record, or the store is read again") {
    const auto notice = sent_notice("T1", "store1");
    for (const bool below : {false, true}) {
        CAPTURE(below);
        Shop shop;
        const auto take = [&](const Range& range) { return shop.publisher->take(broker(), range); };
        REQUIRE(take(control_of("store2", 0, 9, {{3, notice}})));
        REQUIRE(shop.publisher->flush());
        CHECK(shop.end() == 2);
        if (below) {
            // It went on from 5: its record stands at 6, below what is held.
            const auto told = take(control_of("store2", 9, 12, {{10, notice}}, 2));
            REQUIRE_FALSE(told);
            CHECK(told.error().code == Errc::gap);
            CHECK(position(shop, "store2") == 0);
            REQUIRE(take(control_of("store2", 0, 5, {{3, notice}})));
            REQUIRE(take(control_of("store2", 5, 12,
                                    {{6, opened(5)}, {7, sent_notice("T2", "store1")}}, 2)));
        } else {
            REQUIRE(take(control_of("store2", 9, 12,
                                    {{10, opened(9)}, {11, sent_notice("T2", "store1")}}, 2)));
        }
        REQUIRE(shop.publisher->flush());
        CHECK(position(shop, "store2") == 12);
        CHECK(shop.end() == 4);  // T1 once, the new epoch, T2 once.
        CHECK(shop.publisher->want(broker(), StoreId{"store2"})->epoch == Epoch{2});
    }
}

TEST_CASE("control: notices and tickets of a turn share one commit") {
    Shop shop;
    const std::size_t commits = shop.journal.commits();
    REQUIRE(shop.publisher->take(broker(),
                                 control_of("store2", 0, 5, {{3, sent_notice("T1", "store1")}})));
    shop.send(ticket(1, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.journal.commits() == commits + 1);
    CHECK(shop.end() == 3);
}

TEST_CASE("control: on a full disk notices stay and are taken when there is room") {
    Shop shop;
    shop.journal.fail_commits(Errc::no_space);
    REQUIRE(shop.publisher->take(broker(),
                                 control_of("store2", 0, 5, {{3, sent_notice("T1", "store1")}})));
    CHECK(shop.publisher->flush().error().code == Errc::no_space);
    CHECK(position(shop, "store2") == 0);
    shop.journal.fail_commits(std::nullopt);
    shop.clock.advance(filial::core::kSecond);
    REQUIRE(shop.publisher->flush());
    CHECK(position(shop, "store2") == 5);
    CHECK(shop.end() == 2);
}

TEST_CASE("control: a position that found no room is saved once there is, though nothing comes") {
    Shop shop;
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 5, {})));
    REQUIRE(shop.publisher->flush());
    shop.journal.fail_commits(Errc::no_space);
    shop.clock.advance(2 * filial::core::kSecond);
    shop.publisher->turn(shop.clock.boot());
    shop.journal.fail_commits(std::nullopt);
    shop.clock.advance(2 * filial::core::kSecond);
    shop.publisher->turn(shop.clock.boot());
    shop.restart();
    CHECK(position(shop, "store2") == 5);
}

TEST_CASE(
    "control: a position that is saved while a later epoch waits for room is of its own epoch") {
    Shop shop;
    const auto first = control_of("store2", 9, 12, {{11, sent_notice("T1", "store1")}});
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 9, {})));
    REQUIRE(shop.publisher->flush());
    shop.journal.fail_commits(Errc::no_space);
    REQUIRE(shop.publisher->take(broker(), first));
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 12, 20, {{13, opened(12)}}, 2)));
    CHECK(shop.publisher->flush().error().code == Errc::no_space);
    CHECK(shop.publisher->want(broker(), StoreId{"store2"})->epoch == Epoch{1});
    // There is room, and before the next try the positions are saved.
    shop.journal.fail_commits(std::nullopt);
    shop.clock.advance(2 * filial::core::kSecond);
    shop.publisher->turn(shop.clock.boot());
    shop.restart();
    CHECK(position(shop, "store2") == 9);
    REQUIRE(shop.publisher->take(broker(), first));
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 12, 20, {{13, opened(12)}}, 2)));
    REQUIRE(shop.publisher->flush());
    CHECK(position(shop, "store2") == 20);
    CHECK(shop.publisher->want(broker(), StoreId{"store2"})->epoch == Epoch{2});
}

TEST_CASE("control: on a full disk a range without a notice moves the position on all the same") {
    Shop shop;
    shop.journal.fail_commits(Errc::no_space);
    shop.send(ticket(1, {sale("22423")}));
    REQUIRE(shop.publisher->flush());
    shop.only<Busy>();
    // The exchange confirms after this flush, and not again before something more comes.
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 5, {})));
    REQUIRE(shop.publisher->flush());
    CHECK(position(shop, "store2") == 5);
}

TEST_CASE("control: a notice whose own event would be too large is taken as undecided") {
    Shop shop;
    std::uint64_t seq = 0;
    int undecided = 0;
    for (std::size_t size = kEventBytesMax - 200; size < kEventBytesMax; size += 8) {
        Event notice = sent_notice("T" + std::to_string(size), "store1");
        TransferStep step;
        step.sku = std::string(size, 'x');
        notice.payload = encode(step);
        const auto range = control_of("store2", seq, seq + 1, {{seq + 1, notice}});
        if (!shop.publisher->take(broker(), range)) break;  // No store can have logged this one.
        ++seq;
        REQUIRE(shop.publisher->flush());
        const LoggedEvent own = shop.log().back();
        REQUIRE(own.seq == Sequence{seq + 1});
        CHECK(own.event.number == seq);
        if (own.event.kind == kTransferExpected) continue;
        ++undecided;
        Parser parser;
        const auto taken = decode_notice_taken(parser, own.event.payload);
        REQUIRE(taken);
        CHECK(taken->kind == kTransferSent);
        CHECK(taken->cause.seq == Sequence{seq});
        CHECK(taken->flags == kFlagUndecided);
    }
    CHECK(undecided > 0);
    // The next one is decided as ever.
    REQUIRE(shop.publisher->take(
        broker(), control_of("store2", seq, seq + 1, {{seq + 1, sent_notice("T1", "store1")}})));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.log().back().event.kind == kTransferExpected);
    CHECK(position(shop, "store2") == seq + 1);
}

TEST_CASE("control: own state that cannot be understood does not end the process") {
    Shop shop;
    const auto offer = [&](std::uint64_t seq) {
        REQUIRE(shop.publisher->take(
            broker(), control_of("store2", seq - 1, seq, {{seq, sent_notice("T1", "store1")}})));
        REQUIRE(shop.publisher->flush());
    };
    offer(1);
    filial::core::JournalWrite damage;
    REQUIRE(shop.journal.scan("own/", {}, [&](ByteView key, ByteView) {
        damage.state.emplace_back(Bytes(key), "damage");
        return true;
    }));
    shop.clock.advance(2 * filial::core::kSecond);
    shop.publisher->turn(shop.clock.boot());  // Saves the position.
    REQUIRE(shop.journal.commit(damage, true));
    shop.restart();
    offer(2);
    CHECK(shop.log().back().event.kind == kNoticeTaken);
    CHECK(shop.end() == 3);
}

TEST_CASE("control: a thousand notices at once are taken, each once") {
    Shop shop;
    std::vector<std::pair<std::uint64_t, Event>> events;
    for (std::uint64_t i = 1; i <= 3'000; ++i) {
        events.emplace_back(i, sent_notice("T" + std::to_string(i), "store1"));
    }
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 3'000, events)));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.end() == 3'001);
    CHECK(position(shop, "store2") == 3'000);
}

TEST_CASE("control: killed between a notice and its event, at every commit: exactly one event") {
    Shop shop;
    std::uint64_t upto = 0;
    for (int i = 0; i < 200; ++i) {
        const auto range =
            control_of("store2", upto, upto + 1,
                       {{upto + 1, sent_notice("T" + std::to_string(upto), "store1")}});
        REQUIRE(shop.publisher->take(broker(), range));
        if (i % 2 == 0) REQUIRE(shop.publisher->flush());
        shop.restart(true);
        // The broker sends again from what is acknowledged, which may be before what is taken.
        for (std::uint64_t seq = position(shop, "store2"); seq <= upto; ++seq) {
            REQUIRE(shop.publisher->take(
                broker(),
                control_of("store2", seq, seq + 1,
                           {{seq + 1, sent_notice("T" + std::to_string(seq), "store1")}})));
        }
        REQUIRE(shop.publisher->flush());
        ++upto;
        CHECK(shop.end() == 1 + upto);
        if (i % 7 == 0) {
            shop.clock.advance(2 * filial::core::kSecond);
            shop.publisher->turn(shop.clock.boot());
        }
    }
}
