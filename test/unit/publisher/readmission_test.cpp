#include "publisher/readmission.h"

#include <doctest/doctest.h>

#include "core/journal/log_copy.h"
#include "core/journal/log_head.h"
#include "ledger/lives.h"
#include "publisher/outbox.h"
#include "publisher/rejoiner.h"
#include "schema/accepted_loss.h"
#include "schema/epoch_record.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::core::LogHead;
using filial::publisher::Outbox;
using filial::publisher::Readmission;

namespace {

using Step = Readmission::Step;
const StoreId kSelf{"store1"};

/// A store's log after so many sales.
MemoryJournal log_of(int sales, const std::string& sku = "tea") {
    Shop shop;
    for (int i = 1; i <= sales; ++i) {
        shop.ask<Accepted>(ticket(static_cast<std::uint64_t>(i), {sale(sku)}));
    }
    return shop.journal;
}

/// What a broker that holds this log says.
Rejoined word_of(const MemoryJournal& held, std::uint64_t upto, std::uint32_t granted) {
    const auto head = held.head_at(kSelf, Sequence{upto});
    REQUIRE(head);
    Rejoined word;
    word.epoch = Epoch{granted};
    word.held_epoch = head->epoch;
    word.held_end = head->end;
    for (const auto& topic : head->topics)
        word.held.push_back({topic.topic, topic.last, topic.chain});
    return word;
}

Step step(const Readmission& readmission, const MemoryJournal& here, bool rebuilt = false) {
    const auto next = readmission.next(here, kSelf, rebuilt);
    REQUIRE(next);
    return next->step;
}

}  // namespace

TEST_CASE("N8: nothing goes on before head office has said so, whatever brokers hold") {
    const MemoryJournal here = log_of(3);
    Readmission readmission;
    CHECK(step(readmission, here) == Step::wait);
    readmission.heard("head", word_of(here, 4, 0));
    CHECK(step(readmission, here) == Step::wait);
    readmission.heard("head", word_of(here, 4, 2));
    CHECK(step(readmission, here) == Step::open);
}

TEST_CASE("N8: a readmitted store first gets back all that any broker holds of its log") {
    const MemoryJournal today = log_of(9);
    // The same log as it was yesterday: events 1 to 4 of the same life.
    MemoryJournal here;
    filial::core::JournalWrite write;
    const auto range = today.read({kSelf, {"*"}, Sequence{0}, 1 << 20});
    REQUIRE(range);
    filial::core::Append append{
        kSelf, Epoch{1}, today.head(kSelf)->incarnation, {}, Sequence{4}, range->segments, {}};
    for (Segment& segment : append.segments) segment.cut(Sequence{4});
    std::erase_if(append.segments, [](const Segment& segment) { return segment.empty(); });
    write.appends.push_back(append);
    REQUIRE(here.commit(write, true));

    Readmission readmission;
    readmission.heard("head", word_of(today, 6, 2));
    CHECK(step(readmission, here) == Step::fetch);
    // One that granted it has it all by now; another one has more.
    CHECK(step(readmission, today) == Step::open);
    readmission.heard("region", word_of(today, 10, 0));
    CHECK(step(readmission, here) == Step::fetch);
    CHECK(step(readmission, today) == Step::open);
}

TEST_CASE("N8: what this disk has beyond all brokers is gone on from, since it is the same log") {
    const MemoryJournal here = log_of(9);
    Readmission readmission;
    readmission.heard("head", word_of(here, 5, 2));
    const auto next = readmission.next(here, kSelf, false);
    REQUIRE(next);
    CHECK(next->step == Step::open);
    CHECK(next->epoch == Epoch{2});
}

TEST_CASE("N8: a log that is not the one that brokers hold is set aside, never joined to theirs") {
    const MemoryJournal here = log_of(4);
    const MemoryJournal theirs = log_of(4, "coffee");
    Readmission readmission;
    readmission.heard("head", word_of(theirs, 5, 2));
    CHECK(step(readmission, here) == Step::set_aside);
    // Made of what one broker gave, and another one has something else: a person has to choose.
    CHECK(step(readmission, here, true) == Step::wait);

    Readmission refused;
    refused.heard("head", word_of(here, 3, 2));
    refused.differs("a range did not fit");
    CHECK(step(refused, here) == Step::set_aside);
}

TEST_CASE(
    "N8: the next epoch goes on behind everything, with its parent's chains, and is known to all") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("tea"), sale("coffee")}));
    const LogHead before = *shop.journal.head(kSelf);
    shop.publisher.reset();
    Incarnation incarnation{7, 7, 7};
    REQUIRE(Outbox::open_epoch(shop.journal, kSelf, Epoch{4}, incarnation, Timestamp{5}));
    shop.journal.crash();
    const LogHead head = *shop.journal.head(kSelf);
    CHECK(head.epoch == Epoch{4});
    CHECK(head.incarnation == incarnation);
    CHECK(head.end == next(before.end));

    const auto range = shop.journal.read({kSelf, {"*"}, before.end, 1 << 20});
    REQUIRE(range);
    const auto record = find_epoch_record(*range);
    REQUIRE(record);
    REQUIRE(record->has_value());
    CHECK((*record)->opened.continues_from == before.end);
    CHECK((*record)->opened.incarnation == incarnation);
    REQUIRE((*record)->opened.chains.size() == before.topics.size());
    for (const auto& [topic, chain] : (*record)->opened.chains) {
        CHECK(chain == before.find(topic)->chain);
    }
    Parser parser;
    const auto logged = range->segments[0].event(parser, 0);
    REQUIRE(logged);
    CHECK(filial::ledger::is_for_everybody(logged->event, logged->epoch));

    // The store goes on in it, and still knows its tickets.
    Shop again(shop.journal);
    CHECK(again.publisher->epoch() == Epoch{4});
    const auto repeated = again.ask<Accepted>(ticket(1, {sale("tea"), sale("coffee")}));
    CHECK(repeated.repeated);
    const auto sold = again.ask<Accepted>(ticket(2, {sale("tea")}));
    CHECK(sold.epoch == Epoch{4});
}

TEST_CASE(
    "N8: a broker that holds more of a store's log, or something else, ends its life at once") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("tea")}));
    const auto fetch = [&](std::uint64_t after, std::uint32_t epoch = 1) {
        Fetch asked;
        asked.store = kSelf;
        asked.epoch = Epoch{epoch};
        asked.after = {{"*", Sequence{after}}};
        const auto head = shop.journal.head_at(kSelf, Sequence{std::min(after, shop.end())});
        asked.proof = Bytes(view(filial::core::chains_of(*head)));
        return asked;
    };
    filial::core::Peer peer = broker();
    peer.dialled = true;
    for (std::uint64_t after = 0; after <= shop.end(); ++after) {
        CHECK(shop.publisher->may_fetch(peer, fetch(after)));
    }
    CHECK_FALSE(shop.publisher->over());

    SUBCASE("it holds more") {
        CHECK(shop.publisher->may_fetch(peer, fetch(9)).error().code == Errc::forked);
    }
    SUBCASE("it holds something else") {
        Fetch other = fetch(2);
        other.proof[0] = static_cast<char>(other.proof[0] ^ 1);
        CHECK(shop.publisher->may_fetch(peer, other).error().code == Errc::forked);
    }
    SUBCASE("it knows a later epoch") {
        CHECK(shop.publisher->may_fetch(peer, fetch(2, 2)).error().code == Errc::forked);
    }
    SUBCASE("it refuses the greeting for one") {
        shop.publisher->turned_away(peer, {Errc::stale_incarnation, "epoch 1 is over"});
    }
    REQUIRE(shop.publisher->over());
    const std::uint64_t end = shop.end();
    shop.send(ticket(2, {sale("tea")}));
    CHECK(shop.publisher->flush());
    CHECK(shop.only<Busy>().reason.find("may not go on") != std::string::npos);
    CHECK(shop.end() == end);
}

TEST_CASE("N8: a broker that holds what a readmitted store went on without does not end its life") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("tea"), sale("coffee")}));
    const std::uint64_t before = shop.end();
    shop.publisher.reset();
    REQUIRE(Outbox::open_epoch(shop.journal, kSelf, Epoch{2}, Incarnation{7}, Timestamp{5}));
    Shop again(shop.journal);
    again.ask<Accepted>(ticket(2, {sale("tea")}));
    filial::core::Peer peer = broker();
    peer.dialled = true;
    // It was not there when head office let this machine go on.
    Fetch asked;
    asked.store = kSelf;
    asked.epoch = Epoch{1};
    asked.after = {{"*", Sequence{before + 1}}};
    asked.proof = Bytes(view(Hash{9}));
    const auto answer = again.publisher->may_fetch(peer, asked);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::forked);
    CHECK_FALSE(again.publisher->over());
    again.ask<Accepted>(ticket(3, {sale("tea")}));

    // Of what came before, nobody has decided yet.
    asked.after = {{"*", Sequence{before}}};
    CHECK_FALSE(again.publisher->may_fetch(peer, asked));
    CHECK(again.publisher->over());
}

TEST_CASE(
    "N8: a broker that holds what an operator gave up ends that life: it is not lost after all") {
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("tea"), sale("coffee")}));
    const std::uint64_t before = shop.end();
    shop.publisher.reset();
    // As a repair writes it, behind a loss that nobody was there to deny.
    LogOpened opened{Incarnation{7}, Epoch{2}, Sequence{before}, {}};
    opened.lost_upto = Sequence{before + 4};
    opened.reason = "both disks died";
    Event event;
    event.topic = "control";
    event.kind = kLogOpened;
    event.key = kSelf.value();
    event.client = hash16_of("log");
    event.payload = encode(AcceptedLoss{opened, "ann"});
    Range range;
    range.store = kSelf;
    range.epoch = Epoch{2};
    range.topics = {"*"};
    range.after = Sequence{before};
    range.upto = range.end = Sequence{before + 1};
    range.segments.emplace_back();
    range.segments.back().topic = event.topic;
    range.segments.back().epoch = Epoch{2};
    range.segments.back().add(range.upto, event.client, encode_row(event));
    filial::core::LogCopy copy(shop.journal, kSelf);
    REQUIRE(copy.take(range, Timestamp{5}));
    REQUIRE(copy.commit());

    filial::core::Peer peer = broker();
    peer.dialled = true;
    Fetch asked;
    asked.store = kSelf;
    asked.epoch = Epoch{1};
    asked.proof = Bytes(view(Hash{9}));
    // Beyond the end here, and once the log here is longer.
    for (const std::uint64_t held : {before + 4, before + 1}) {
        CAPTURE(held);
        Shop again(shop.journal);
        CHECK(again.publisher->epoch() == Epoch{2});
        asked.after = {{"*", Sequence{held}}};
        const auto answer = again.publisher->may_fetch(peer, asked);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::forked);
        CHECK(again.publisher->over());
    }
    // What stood before the loss is no news.
    Shop again(shop.journal);
    asked.after = {{"*", Sequence{before}}};
    const auto head = shop.journal.head_at(kSelf, Sequence{before});
    asked.proof = Bytes(view(filial::core::chains_of(*head)));
    CHECK(again.publisher->may_fetch(peer, asked));
    CHECK_FALSE(again.publisher->over());
}

TEST_CASE("N8: whoever is no broker cannot end a store's life by what it says that it holds") {
    Shop shop;
    Fetch asked;
    asked.store = kSelf;
    asked.epoch = Epoch{9};
    asked.after = {{"*", Sequence{1'000}}};
    filial::core::Peer peer = broker();
    peer.role = "subscriber";
    peer.store = "store2";
    CHECK(shop.publisher->may_fetch(peer, asked));
    CHECK_FALSE(shop.publisher->over());
}

TEST_CASE("N8: a readmitted store whose disk fails in the write of its epoch ends, to start anew") {
    MemoryJournal here = log_of(3);
    filial::core::Options options;
    options.store = kSelf;
    const filial::core::ManualClock clock;
    const auto quarantine = filial::core::begin_quarantine(kSelf, "a test");
    filial::publisher::Rejoiner rejoiner(options, here, clock, quarantine);
    filial::core::Peer head;
    head.store = "head";
    head.role = "broker";
    Rejoined word = word_of(here, 4, 2);
    word.incarnation = quarantine.incarnation;

    rejoiner.turn({});  // The note of the quarantine is written.
    here.fail_commits(Errc::no_space);
    rejoiner.rejoined(head, word);
    rejoiner.turn({});
    CHECK(rejoiner.flush());  // There may be room again.
    here.fail_commits(Errc::io);
    rejoiner.turn({});
    const auto flushed = rejoiner.flush();
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error().code == Errc::io);
    CHECK(rejoiner.outcome() == filial::publisher::Rejoiner::Outcome::going_on);
}

TEST_CASE("N8: a store whose log the broker has trimmed says so, and what has to be done") {
    MemoryJournal here = log_of(1);
    filial::core::Options options;
    options.store = kSelf;
    const filial::core::ManualClock clock;
    const auto quarantine = filial::core::begin_quarantine(kSelf, "a test");
    filial::publisher::Rejoiner rejoiner(options, here, clock, quarantine);
    filial::core::Peer head;
    head.store = "head";
    head.role = "broker";
    Rejoined word = word_of(log_of(9), 8, 0);
    word.incarnation = quarantine.incarnation;
    rejoiner.rejoined(head, word);
    rejoiner.turn({});
    CHECK(rejoiner.why().find("newer backup") == std::string::npos);
    Trouble trouble;
    trouble.code = Errc::snapshot_needed;
    trouble.store = kSelf.value();
    trouble.message = "stock of store1 is kept here from behind event 5 on";
    rejoiner.not_served(head, trouble);
    rejoiner.turn({});
    CHECK(rejoiner.why().find("from behind event 5 on") != std::string::npos);
    CHECK(rejoiner.why().find("restore a newer backup") != std::string::npos);
    // Another one gives it after all.
    word = word_of(here, 2, 0);
    word.incarnation = quarantine.incarnation;
    rejoiner.rejoined(head, word);
    rejoiner.turn({});
    CHECK(rejoiner.why().find("newer backup") == std::string::npos);
}

TEST_CASE("N8: a store in quarantine that its broker refuses says why") {
    MemoryJournal here = log_of(1);
    filial::core::Options options;
    options.store = kSelf;
    const filial::core::ManualClock clock;
    const auto quarantine = filial::core::begin_quarantine(kSelf, "a test");
    filial::publisher::Rejoiner rejoiner(options, here, clock, quarantine);
    filial::core::Peer head;
    head.store = "head";
    head.role = "broker";
    rejoiner.turned_away(head, {Errc::forked, "another machine speaks as store1"});
    rejoiner.turn({});
    CHECK(rejoiner.why().find("head refuses this machine: another machine speaks as store1") !=
          std::string::npos);
    Rejoined word = word_of(here, 2, 0);
    word.incarnation = quarantine.incarnation;
    rejoiner.rejoined(head, word);
    rejoiner.turn({});
    CHECK(rejoiner.why().find("refuses") == std::string::npos);
}
