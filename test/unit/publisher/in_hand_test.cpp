#include <doctest/doctest.h>

#include <set>

#include "publisher/outbox.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::publisher::Outbox;

namespace {

const StoreId kStore{"store1"};

std::unique_ptr<Outbox> open(MemoryJournal& journal) {
    auto outbox = Outbox::open(journal, kStore, Timestamp{1});
    REQUIRE(outbox);
    return std::move(*outbox);
}

void stage(Outbox& outbox, const Operation& operation) {
    auto decision =
        filial::ledger::decide_ticket(outbox, outbox.next(), kTill, 1, std::span(&operation, 1));
    REQUIRE(decision);
    outbox.stage(std::move(*decision));
}

/// In pieces.
std::int64_t sum(const Outbox& outbox, const std::string& key) {
    const auto found = filial::ledger::read_sum(outbox, key);
    REQUIRE(found);
    return *found / 1'000;
}

/// Goods 1 are sold in the first commit and in the second, goods 2 in the second.
void begin_two(Outbox& outbox) {
    stage(outbox, sale("1"));
    outbox.put_new("doc/1", "a");
    REQUIRE(outbox.begin(Timestamp{2}, {{"beside", "1"}}));
    stage(outbox, sale("1"));
    stage(outbox, sale("2"));
    outbox.put("doc/1", "aa");
    outbox.put_new("doc/2", "b");
    REQUIRE(outbox.begin(Timestamp{3}, {{"beside", "2"}}));
    CHECK(outbox.in_hand() == 2);
    CHECK_FALSE(outbox.may_begin());
    CHECK(outbox.end() == Sequence{1});
    CHECK(sum(outbox, "stock/1") == -2);
    CHECK(outbox.get("doc/1") == "aa");
    CHECK(outbox.keys("doc/", {}, 9)->size() == 2);
}

/// Nothing was staged or begun behind `end`, and what was is as the journal has it.
void check_rest(Outbox& outbox, std::uint64_t end, std::int64_t first, std::int64_t second) {
    CHECK(outbox.in_hand() == 0);
    CHECK_FALSE(outbox.staged());
    CHECK(outbox.end() == Sequence{end});
    CHECK(outbox.next().seq == Sequence{end + 1});
    CHECK(sum(outbox, "stock/1") == first);
    CHECK(sum(outbox, "stock/2") == second);
    stage(outbox, sale("1"));
    REQUIRE(outbox.commit(Timestamp{9}, {}));
    CHECK(sum(outbox, "stock/1") == first - 1);
}

using Accepteds = std::vector<Accepted>;
Accepteds accepted(const Shop& shop) {
    Accepteds all;
    for (const Message& message : shop.legs.answers) {
        const auto* one = std::get_if<Accepted>(&message);
        if (one != nullptr) all.push_back(*one);
    }
    return all;
}

/// Twelve tickets of twelve events, groups of two, and a disk that is never done before it is
/// waited for.
constexpr std::uint64_t kTickets = 12;
void hand_in(Shop& shop) {
    shop.legs.answers.clear();
    shop.publisher->groups({2, 1});
    shop.journal.slow(true);
    for (std::uint64_t i = 1; i <= kTickets; ++i) shop.send(ticket(i, {sale("1")}));
}

void flush_all(Shop& shop) {
    while (shop.publisher->pending()) REQUIRE(shop.publisher->flush());
}

std::size_t sold(const Shop& shop) {
    std::set<std::uint64_t> numbers;
    std::size_t events = 0;
    for (const LoggedEvent& logged : shop.log()) {
        if (logged.event.topic != kTopicStock) continue;
        ++events;
        numbers.insert(logged.event.number);
    }
    CHECK(numbers.size() == events);
    return events;
}

}  // namespace

TEST_CASE("in hand: two commits reach the disk in their order, with the chains of single ones") {
    MemoryJournal together;
    MemoryJournal one_by_one;
    {
        auto outbox = open(one_by_one);
        together = one_by_one;  // The same incarnation.
        for (int i = 0; i < 6; ++i) {
            stage(*outbox, sale(std::to_string(i % 2)));
            REQUIRE(outbox->commit(Timestamp{2}, {}));
        }
    }
    auto outbox = open(together);
    for (int i = 0; i < 6; ++i) {
        stage(*outbox, sale(std::to_string(i % 2)));
        if (!outbox->may_begin()) REQUIRE(outbox->finish());
        REQUIRE(outbox->begin(Timestamp{2}, {}));
    }
    while (outbox->in_hand() > 0) REQUIRE(outbox->finish());
    CHECK(outbox->end() == Sequence{7});
    const auto head = together.head(kStore);
    const auto expected = one_by_one.head(kStore);
    REQUIRE(head->topics.size() == expected->topics.size());
    for (const auto& topic : expected->topics) {
        CHECK(head->find(topic.topic)->chain == topic.chain);
        CHECK(head->find(topic.topic)->last == topic.last);
    }
}

TEST_CASE("in hand: where the first commit fails the second is gone with it") {
    MemoryJournal journal;
    auto outbox = open(journal);
    begin_two(*outbox);
    journal.fail_commits(Errc::no_space);
    const auto failed = outbox->finish();
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::no_space);
    journal.fail_commits(std::nullopt);
    CHECK_FALSE(outbox->get("doc/1"));
    check_rest(*outbox, 1, 0, 0);
    CHECK_FALSE(journal.get("beside").value());
}

TEST_CASE("in hand: where the second commit fails the first one stays") {
    MemoryJournal journal;
    auto outbox = open(journal);
    begin_two(*outbox);
    journal.fail_commits(Errc::no_space, 1);
    REQUIRE(outbox->finish());
    CHECK(outbox->end() == Sequence{2});
    CHECK(sum(*outbox, "stock/1") == -2);
    REQUIRE_FALSE(outbox->finish());
    journal.fail_commits(std::nullopt);
    CHECK(outbox->get("doc/1") == "a");
    CHECK_FALSE(outbox->get("doc/2"));
    CHECK(journal.get("beside").value() == "1");
    check_rest(*outbox, 2, -1, 0);
}

TEST_CASE("in hand: a commit that may not begin leaves the one before it to be finished") {
    MemoryJournal journal;
    for (const bool first_fails : {false, true}) {
        CAPTURE(first_fails);
        auto outbox = open(journal);
        const auto end = outbox->end().value();
        const auto before = sum(*outbox, "stock/1");
        stage(*outbox, sale("1"));
        REQUIRE(outbox->begin(Timestamp{2}, {}));
        stage(*outbox, sale("1"));
        stage(*outbox, sale("2"));
        journal.fail_begins(Errc::no_space);
        if (first_fails) journal.fail_commits(Errc::no_space);
        REQUIRE_FALSE(outbox->begin(Timestamp{3}, {}));
        journal.fail_begins(std::nullopt);
        journal.fail_commits(std::nullopt);
        CHECK(outbox->in_hand() == 1);
        CHECK_FALSE(outbox->staged());
        CHECK(outbox->finish().has_value() == !first_fails);
        check_rest(*outbox, first_fails ? end : end + 1, first_fails ? before : before - 1, 0);
    }
}

TEST_CASE("in hand: what was erased while its first commit is under way has no key any more") {
    MemoryJournal journal;
    auto outbox = open(journal);
    outbox->put_new("doc/1", "a");
    REQUIRE(outbox->begin(Timestamp{2}, {}));
    outbox->erase("doc/1");
    CHECK(outbox->keys("doc/", {}, 9)->empty());
    REQUIRE(outbox->begin(Timestamp{3}, {}));
    CHECK(outbox->keys("doc/", {}, 9)->empty());
    while (outbox->in_hand() > 0) REQUIRE(outbox->finish());
    CHECK(outbox->keys("doc/", {}, 9)->empty());
}

TEST_CASE("in hand: tickets are answered in their order, each after its own commit") {
    Shop shop;
    hand_in(shop);
    std::uint64_t answered = 0;
    std::size_t unanswered_flushes = 0;
    while (shop.publisher->pending()) {
        REQUIRE(shop.publisher->flush());
        const auto all = accepted(shop);
        for (; answered < all.size(); ++answered) {
            CHECK(all[answered].request == 900 + answered + 1);
            CHECK(all[answered].first == Sequence{answered + 2});
        }
        // Nobody is answered whose event the journal has not got.
        CHECK(answered + 1 <= shop.end());
        unanswered_flushes += answered < kTickets;
    }
    CHECK(answered == kTickets);
    CHECK(unanswered_flushes > 0);
    CHECK(sold(shop) == kTickets);
}

TEST_CASE("in hand: a kill with two groups in hand takes only what was not answered") {
    for (std::size_t flushes = 1; flushes < 4; ++flushes) {
        CAPTURE(flushes);
        Shop shop;
        hand_in(shop);
        for (std::size_t i = 0; i < flushes; ++i) REQUIRE(shop.publisher->flush());
        const std::size_t answered = accepted(shop).size();
        CHECK(answered < kTickets + 1);
        shop.restart(true);
        CHECK(shop.end() >= answered + 1);
        hand_in(shop);
        flush_all(shop);
        const auto all = accepted(shop);
        REQUIRE(all.size() == kTickets);
        for (std::size_t i = 0; i < answered; ++i) CHECK(all[i].repeated);
        CHECK(sold(shop) == kTickets);
    }
}

TEST_CASE("in hand: a full disk answers all behind the first failure busy, and books them later") {
    for (std::size_t reached = 0; reached < 3; ++reached) {
        CAPTURE(reached);
        Shop shop;
        shop.journal.fail_commits(Errc::no_space, reached);
        hand_in(shop);
        flush_all(shop);
        const std::size_t booked = accepted(shop).size();
        CHECK(shop.legs.answers.size() == kTickets);
        CHECK(booked < kTickets);
        CHECK(sold(shop) == booked);
        shop.journal.fail_commits(std::nullopt);
        shop.clock.advance(filial::core::kSecond);
        hand_in(shop);
        flush_all(shop);
        CHECK(accepted(shop).size() == kTickets);
        CHECK(sold(shop) == kTickets);
    }
}

TEST_CASE("in hand: whoever asks for anything else is told of what is durable, and all of it") {
    Shop shop;
    hand_in(shop);
    REQUIRE(shop.publisher->flush());
    REQUIRE(accepted(shop).size() < kTickets);
    ClientAsk ask;
    ask.client = kTill;
    shop.publisher->request(shop.till, Message{ask});
    CHECK(accepted(shop).size() == kTickets);
    const auto* state = std::get_if<ClientState>(&shop.legs.answers.back());
    REQUIRE(state != nullptr);
    CHECK(state->highest == kTickets);
    CHECK(shop.end() == kTickets + 1);
}

TEST_CASE("in hand: a broker reads the log up to what is durable while more is handed in") {
    Shop shop;
    hand_in(shop);
    REQUIRE(shop.publisher->flush());
    const auto range = shop.publisher->read({kStore, {"*"}, Sequence{0}, 1 << 20});
    REQUIRE(range);
    CHECK(range->upto == shop.publisher->end(kStore));
    CHECK(accepted(shop).size() == kTickets);
}
