#include "publisher/hubs.h"

#include <doctest/doctest.h>

#include "test/support/temp_folder.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::core::Peer;
using filial::publisher::Hubs;

namespace {

const StoreId kHub{"head"}, kNeighbour{"store2"};

Peer life(std::uint8_t number) {
    Peer peer = broker();
    peer.incarnation.fill(number);
    return peer;
}

Fetch fetch_above(std::uint64_t after) {
    Fetch made;
    made.store = StoreId{"store1"};
    made.epoch = Epoch{1};
    made.after = {{"*", Sequence{after}}};
    return made;
}

Message accept(const std::string& digits, const std::string& reason = "a new disk") {
    return Message{Readmit{9, kHub, digits, reason}};
}

}  // namespace

TEST_CASE(
    "N8: the first life of a broker is noted, another one is not trusted before a person said so") {
    const TempFolder folder;
    const MemoryJournal journal;
    filial::core::ManualClock clock;
    {
        Hubs hubs(folder.path(), journal, clock);
        CHECK(hubs.trusts(life(1)));
        CHECK(hubs.trusts(life(1)));
        CHECK(hubs.changed().empty());
    }
    Hubs hubs(folder.path(), journal, clock);
    CHECK_FALSE(hubs.trusts(life(2)));
    CHECK(hubs.changed().find("filial accept-hub head 02020202") != std::string::npos);
    CHECK(hubs.accept(kHub, "03030303", "a new disk").error().code == Errc::not_found);
    // Fewer digits than are shown may be another life's by chance.
    for (const char* few : {"", "0", "02", "0202020"}) {
        CHECK(hubs.accept(kHub, few, "a new disk").error().code == Errc::invalid);
    }
    CHECK(hubs.accept(kHub, "02020202", "").error().code == Errc::invalid);
    CHECK(hubs.accept(kNeighbour, "02020202", "a new disk").error().code == Errc::not_found);
    CHECK_FALSE(hubs.trusts(life(2)));
    REQUIRE(hubs.accept(kHub, "02020202", "a new disk"));
    CHECK(hubs.trusts(life(2)));
    CHECK(hubs.changed().empty());
    CHECK(hubs.accept(kHub, "02020202", "again").error().code == Errc::refused);

    // For good, with who came before; and the old life is now the one that is not known.
    Hubs again(folder.path(), journal, clock);
    CHECK(again.trusts(life(2)));
    CHECK_FALSE(again.trusts(life(1)));
    const auto sentences = again.sentences();
    REQUIRE(sentences.size() == 3);
    CHECK(sentences[0].find("first met; over") != std::string::npos);
    CHECK(sentences[1].find("accepted: a new disk") != std::string::npos);
    CHECK(sentences[2].find("not accepted") != std::string::npos);
}

TEST_CASE("hubs: the old broker that comes back ends the question, one without a life is trusted") {
    const TempFolder folder;
    const MemoryJournal journal;
    filial::core::ManualClock clock;
    Hubs hubs(folder.path(), journal, clock);
    CHECK(hubs.trusts(broker()));
    CHECK(hubs.sentences().empty());
    CHECK(hubs.trusts(life(1)));
    CHECK_FALSE(hubs.trusts(life(2)));
    CHECK(hubs.trusts(life(1)));
    CHECK(hubs.changed().empty());
}

TEST_CASE("hubs: where it cannot be read which broker was known, none is trusted and it is said") {
    for (const std::string damaged : {"head\n", ""}) {
        CAPTURE(damaged);
        const TempFolder folder;
        folder.write("hubs", damaged);
        const MemoryJournal journal;
        filial::core::ManualClock clock;
        Hubs hubs(folder.path(), journal, clock);
        CHECK_FALSE(hubs.trusts(life(1)));
        CHECK(hubs.changed().find("hubs") != std::string::npos);
        CHECK(read_file(folder / "hubs") == damaged);
    }
}

TEST_CASE("N8: who was met before is not met for the first time again where the file is damaged") {
    const TempFolder folder;
    Shop shop;
    shop.options.data = folder.path();
    shop.restart();
    CHECK(shop.publisher->want(life(1), kNeighbour));
    CHECK_FALSE(shop.publisher->want(life(2), kNeighbour));
    shop.publisher->request(shop.till, accept("02020202"));
    shop.clock.advance(filial::core::kSecond);
    shop.publisher->turn(shop.clock.boot());
    const std::string whole = read_file(folder / "hubs");
    const auto damage = [&](std::optional<std::size_t> cut) {
        if (cut) folder.write("hubs", whole.substr(0, *cut));
        if (!cut) std::filesystem::remove(folder / "hubs");
        shop.restart();
    };

    SUBCASE("gone, or cut at the end of a line: the log knows") {
        for (const auto cut : {std::optional<std::size_t>(), {whole.find('\n') + 1}}) {
            CAPTURE(cut.has_value());
            damage(cut);
            CHECK_FALSE(shop.publisher->want(life(1), kNeighbour));
            CHECK(shop.publisher->want(life(2), kNeighbour));
            CHECK(read_file(folder / "hubs") == whole);
        }
    }
    SUBCASE("emptied, or cut anywhere else: nobody is trusted, and it is said what to do") {
        for (const std::size_t cut : {std::size_t{0}, whole.size() - 1}) {
            CAPTURE(cut);
            damage(cut);
            CHECK_FALSE(shop.publisher->want(life(2), kNeighbour));
            shop.legs.answers.clear();
            shop.publisher->request(shop.till, Message{StatusAsk{5}});
            CHECK(shop.only<Status>().health.find("hubs") != std::string::npos);
            CHECK_FALSE(shop.publisher->want(life(1), kNeighbour));
        }
        // As it says.
        damage(std::nullopt);
        CHECK(shop.publisher->want(life(2), kNeighbour));
    }
    SUBCASE("any bit flipped: no life is trusted but the one that was") {
        for (std::size_t at = 0; at < whole.size(); ++at) {
            CAPTURE(at);
            std::string flipped = whole;
            flipped[at] = static_cast<char>(flipped[at] ^ 4);
            folder.write("hubs", flipped);
            shop.restart();
            CHECK_FALSE(shop.publisher->want(life(1), kNeighbour));
            CHECK_FALSE(shop.publisher->want(life(9), kNeighbour));
        }
    }
    SUBCASE("the log is from an older backup: the file counts") {
        shop.publisher.reset();
        filial::core::JournalWrite older;
        older.state.emplace_back("hubs", whole.substr(0, whole.find('\n') + 1));
        REQUIRE(shop.journal.commit(older, true));
        shop.restart();
        CHECK(shop.publisher->want(life(2), kNeighbour));
        CHECK_FALSE(shop.publisher->want(life(1), kNeighbour));
    }
}

TEST_CASE("N8: of a broker without its memory no notice is taken, and its word ends no log") {
    const TempFolder folder;
    Shop shop;
    shop.options.data = folder.path();
    shop.restart();
    shop.ask<Accepted>(ticket(1, {sale("tea")}));
    CHECK(shop.publisher->want(life(1), kNeighbour));
    CHECK_FALSE(shop.publisher->want(life(2), kNeighbour));

    // It gets the log, also where it has got something else from a machine that is over.
    CHECK(shop.publisher->may_fetch(life(2), fetch_above(0)));
    CHECK_FALSE(shop.publisher->may_fetch(life(2), fetch_above(7)));
    CHECK_FALSE(shop.publisher->over());
    // Nor by a refusal, which comes before any session.
    shop.publisher->turned_away(life(2), {Errc::stale_incarnation, "epoch 1 is over"});
    CHECK_FALSE(shop.publisher->over());
    shop.ask<Accepted>(ticket(2, {sale("tea")}));
    shop.publisher->request(shop.till, Message{StatusAsk{5}});
    CHECK(shop.only<Status>().health.find("hub changed: head") != std::string::npos);

    // Only here, and only with its digits.
    filial::core::Requester far{0, "route", "store2", false};
    shop.publisher->request(far, accept("02020202"));
    CHECK(shop.only<Trouble>().code == Errc::not_allowed);
    shop.publisher->request(shop.till, accept("77777777"));
    CHECK(shop.only<Trouble>().code == Errc::not_found);
    CHECK_FALSE(shop.publisher->want(life(2), kNeighbour));
    shop.publisher->request(shop.till, accept("02020202"));
    const auto status = shop.only<Status>();
    CHECK(status.health == "ok");
    CHECK(status.waiting.size() == 2);
    CHECK(shop.legs.wanted_again == 1);
    CHECK(shop.publisher->want(life(2), kNeighbour));
    // And now its word counts again, the one as the other.
    SUBCASE("what it holds") { CHECK_FALSE(shop.publisher->may_fetch(life(2), fetch_above(7))); }
    SUBCASE("its refusal") {
        shop.publisher->turned_away(life(2), {Errc::stale_incarnation, "epoch 1 is over"});
    }
    CHECK(shop.publisher->over());
}
