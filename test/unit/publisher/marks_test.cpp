#include <doctest/doctest.h>

#include <filesystem>

#include "test/support/temp_folder.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::core::kMillisecond;
using filial::core::kSecond;
namespace core = filial::core;

namespace {

const Mark* mark_of(Shop& shop) {
    const auto* held = shop.legs.book.find(StoreId{"store1"});
    return held == nullptr ? nullptr : &held->mark;
}

void turn(Shop& shop, std::int64_t after_us) {
    shop.clock.advance(after_us);
    shop.publisher->turn(shop.clock.boot());
}

}  // namespace

TEST_CASE("marks: one at the start, and by the timer while nothing is sold") {
    Shop shop;
    turn(shop, 0);
    REQUIRE(mark_of(shop) != nullptr);
    CHECK(mark_of(shop)->end == Sequence{1});
    CHECK(shop.legs.announced == 1);
    const auto first = *mark_of(shop);
    turn(shop, kSecond);
    CHECK(mark_of(shop)->counter == first.counter);
    turn(shop, 4 * kSecond);
    CHECK(mark_of(shop)->counter > first.counter);
    CHECK(mark_of(shop)->at > first.at);
    CHECK(shop.legs.announced == 2);
}

TEST_CASE("marks: soon after the log grew, and of durable positions only") {
    Shop shop;
    turn(shop, 0);
    shop.send(ticket(1, {sale("1")}));
    turn(shop, kSecond);
    CHECK(mark_of(shop)->end == Sequence{1});
    REQUIRE(shop.publisher->flush());
    turn(shop, 0);
    CHECK(mark_of(shop)->end == Sequence{2});
    REQUIRE(mark_of(shop)->ends.size() == 2);
    // At most five a second.
    shop.legs.answers.clear();
    shop.ask<Accepted>(ticket(2, {sale("1")}));
    turn(shop, 100 * kMillisecond);
    CHECK(mark_of(shop)->end == Sequence{2});
    turn(shop, 100 * kMillisecond);
    CHECK(mark_of(shop)->end == Sequence{3});
}

TEST_CASE("marks: the counter never goes back, whatever the clock does and after a power cut") {
    Shop shop;
    std::uint64_t counter = 0;
    for (int i = 0; i < 5; ++i) {
        for (int j = 0; j < 3; ++j) {
            turn(shop, 5 * kSecond);
            REQUIRE(mark_of(shop) != nullptr);
            CHECK(mark_of(shop)->counter > counter);
            counter = mark_of(shop)->counter;
        }
        shop.clock.set_wall(Timestamp{1'000'000});
        shop.restart(i % 2 == 0);
    }
}

TEST_CASE("marks: counted above those that a copy of the machine has made, over a power cut too") {
    Shop shop;
    turn(shop, 0);
    const auto first = mark_of(shop)->counter;
    Mark other = *mark_of(shop);
    const auto told = [&](std::uint64_t counter, const core::Peer& by) {
        other.counter = counter;
        shop.publisher->outcounted(by, other);
        turn(shop, kSecond);
        return mark_of(shop)->counter;
    };
    const std::uint64_t theirs = first + 300'000;
    // An older one, or the word of no broker, or of an epoch that is not this one.
    CHECK(told(first, broker()) == first);
    CHECK(told(theirs, core::Peer{}) == first);
    other.epoch = Epoch{2};
    CHECK(told(theirs, broker()) == first);
    other.epoch = Epoch{1};
    CHECK(told(std::uint64_t{1} << 63, broker()) == first);

    // What it says is not taken: the mark is the own one, made now.
    other.end = Sequence{99};
    const auto above = told(theirs, broker());
    CHECK(above > theirs);
    CHECK(mark_of(shop)->end == Sequence{1});
    CHECK(told(theirs, broker()) == above);  // Once.
    // A replica's word: the exchange lets it come only so far.
    core::Peer replica;
    replica.role = "subscriber";
    CHECK(told(above + 10, replica) > above + 10);
    shop.restart(true);
    turn(shop, 0);
    CHECK(mark_of(shop)->counter > above);
}

TEST_CASE("marks: they say what the own replica applied and what was taken of control") {
    Shop shop;
    Applied applied;
    applied.reached.push_back({StoreId{"store2"}, Epoch{1}, {{"stock", Sequence{17}}}});
    applied.parked.push_back({StoreId{"store2"}, "stock", "85123A"});
    filial::core::Peer stranger;
    stranger.store = "store9";
    shop.publisher->applied(stranger, {});
    filial::core::Peer own;
    own.store = "store1";
    own.local = true;
    shop.publisher->applied(own, applied);
    shop.publisher->applied(stranger, {});
    REQUIRE(shop.publisher->take(broker(), control_of("store2", 0, 9, {})));
    REQUIRE(shop.publisher->flush());
    turn(shop, 0);
    const Mark mark = *mark_of(shop);
    CHECK(mark.applied == applied.reached);
    CHECK(mark.parked == applied.parked);
    REQUIRE(mark.taken.size() == 1);
    CHECK(mark.taken[0] == Position{StoreId{"store2"}, Epoch{1}, Sequence{9}});
    CHECK(mark.applied_since == 0);
}

TEST_CASE("N8: a mark after a restart says at least what the replica had said before") {
    Shop shop;
    filial::core::Peer own;
    own.store = "store1";
    own.local = true;
    Applied applied;
    applied.reached.push_back({StoreId{"store2"}, Epoch{1}, {{"stock", Sequence{17}}}});
    shop.publisher->applied(own, applied);
    turn(shop, kSecond);
    shop.restart();
    turn(shop, 0);
    CHECK(mark_of(shop)->applied == applied.reached);

    // While it moves it is saved now and then, and what the replica says now counts, more or less.
    const auto saves = [&](std::uint64_t upto, std::int64_t after_us) {
        const auto before = shop.journal.get("mark/applied");
        applied.reached[0].topics[0].seq = Sequence{upto};
        shop.publisher->applied(own, applied);
        turn(shop, after_us);
        return *before != *shop.journal.get("mark/applied");
    };
    CHECK(saves(18, kSecond));
    CHECK_FALSE(saves(19, kSecond));
    CHECK_FALSE(saves(19, kSecond));
    CHECK(saves(20, 3 * kSecond));
    CHECK(saves(3, 5 * kSecond));
    shop.restart();
    turn(shop, 0);
    CHECK(mark_of(shop)->applied == applied.reached);
}

TEST_CASE("N8: a mark says what was read, that nothing was, or that it is not known") {
    const TempFolder folder;
    Shop shop;
    shop.options.data = folder.path();
    shop.restart();
    turn(shop, 0);
    // Without a replica.
    const std::vector<Reached> nothing{{StoreId{"store1"}, Epoch{1}, {}}};
    CHECK(mark_of(shop)->applied == nothing);
    // There is one, and it has not spoken.
    std::filesystem::create_directory(shop.options.subscriber_dir());
    turn(shop, 5 * kSecond);
    CHECK(mark_of(shop)->applied.empty());
    SUBCASE("it speaks: others hear of it at once") {
        filial::core::Peer own;
        own.local = true;
        Applied applied;
        applied.reached.push_back({StoreId{"store2"}, Epoch{1}, {{"stock", Sequence{17}}}});
        shop.publisher->applied(own, applied);
        turn(shop, 0);
        CHECK(mark_of(shop)->applied == applied.reached);
    }
    SUBCASE("what was saved cannot be read") {
        core::JournalWrite write;
        write.state.emplace_back("mark/applied", Bytes("\x01"));
        REQUIRE(shop.journal.commit(write, true));
        shop.restart();
        turn(shop, 5 * kSecond);
        CHECK(mark_of(shop)->applied.empty());
    }
}

TEST_CASE("marks: without room for a block of counters none is made, and one when there is") {
    Shop shop;
    shop.journal.fail_commits(Errc::no_space);
    turn(shop, 0);
    CHECK(mark_of(shop) == nullptr);
    shop.journal.fail_commits(std::nullopt);
    turn(shop, 5 * kSecond);
    CHECK(mark_of(shop) != nullptr);
}

TEST_CASE("N4: a live question is answered with a mark made after it came, to its own nonce") {
    Shop shop;
    turn(shop, 0);
    const auto before = mark_of(shop)->counter;
    core::Peer asker;
    asker.name = "store2/subscriber";
    shop.publisher->confirm(asker, Confirm{0, 11, StoreId{"store1"}});
    shop.publisher->confirm(asker, Confirm{0, 12, StoreId{"store1"}});
    shop.publisher->confirm(asker, Confirm{0, 13, StoreId{"store9"}});  // Not this store's to say.
    shop.send(ticket(1, {sale("1")}));
    REQUIRE(shop.publisher->flush());
    CHECK(shop.legs.told.empty());
    turn(shop, 0);
    REQUIRE(shop.legs.told.size() == 2);
    CHECK(shop.legs.told[0].first == "store2/subscriber");
    CHECK(shop.legs.told[0].second.nonce == 11);
    CHECK(shop.legs.told[1].second.nonce == 12);
    Parser parser;
    const auto mark = decode_mark(parser, shop.legs.told[0].second.mark);
    REQUIRE(mark);
    CHECK(mark->counter == before + 1);
    CHECK(mark->end == Sequence{2});  // What is durable, the sale just now included.
    turn(shop, 0);
    CHECK(shop.legs.told.size() == 2);
    // However often somebody asks, marks are no more than ten a second.
    shop.publisher->confirm(asker, Confirm{0, 14, StoreId{"store1"}});
    turn(shop, 90 * kMillisecond);
    CHECK(shop.legs.told.size() == 2);
    turn(shop, 10 * kMillisecond);
    REQUIRE(shop.legs.told.size() == 3);
    CHECK(shop.legs.told[2].second.nonce == 14);
}
