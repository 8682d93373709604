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
    filial::core::ManualClock clock;
    {
        Hubs hubs(folder.path(), clock);
        CHECK(hubs.trusts(life(1)));
        CHECK(hubs.trusts(life(1)));
        CHECK(hubs.changed().empty());
    }
    Hubs hubs(folder.path(), clock);
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
    Hubs again(folder.path(), clock);
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
    filial::core::ManualClock clock;
    Hubs hubs(folder.path(), clock);
    CHECK(hubs.trusts(broker()));
    CHECK(hubs.sentences().empty());
    CHECK(hubs.trusts(life(1)));
    CHECK_FALSE(hubs.trusts(life(2)));
    CHECK(hubs.trusts(life(1)));
    CHECK(hubs.changed().empty());
}

TEST_CASE("hubs: where it cannot be read which broker was known, none is trusted and it is said") {
    const TempFolder folder;
    folder.write("hubs", "head\n");
    filial::core::ManualClock clock;
    Hubs hubs(folder.path(), clock);
    CHECK_FALSE(hubs.trusts(life(1)));
    CHECK(hubs.changed().find("hubs") != std::string::npos);
    CHECK(read_file(folder / "hubs") == "head\n");
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
