#include "broker/broker.h"

#include <doctest/doctest.h>

#include "core/link/client.h"
#include "schema/grant_payloads.h"
#include "test/unit/broker/company.h"

namespace filial::broker {
namespace {

using schema::Errc;
using schema::Sequence;
using schema::StoreId;

TEST_CASE("broker: a store's log arrives whole, and is acknowledged once it is durable") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(100);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{101}; }));
    CHECK(company.end() == Sequence{101});

    log.sell(50);
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{151}; }));
}

TEST_CASE("broker: a key that is not admitted gets nothing in, and is served once it is") {
    Company company;
    LogMaker log("store1");
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    CHECK_FALSE(company.run(
        *store, [&] { return company.end() > Sequence{0}; }, 2));
    company.admit("store1");
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));
}

TEST_CASE("S28: a store is the only writer of its log: nobody can publish for another one") {
    Company company;
    company.admit("store1");
    LogMaker log("store2");
    log.sell(10);
    Source source(log, "store2");
    auto store = company.dial(source, company.machine(1));
    std::int64_t heard = 0;
    CHECK(company.run(*store, [&] { return company.head.session_of("store1/publisher", heard); }));
    CHECK_FALSE(company.run(
        *store, [&] { return !company.journal->logs().empty(); }, 1));
}

TEST_CASE("broker: a key that belongs to one store cannot say that it is another") {
    Company company;
    company.admit("store9");
    LogMaker log("store1");
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    CHECK_FALSE(company.run(
        *store, [&] { return company.end() > Sequence{0}; }, 2));
}

TEST_CASE("broker: a second machine under one store's name is not taken from") {
    Company company;
    company.admit("store1");
    LogMaker log("store1", 1);
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));
    store.reset();

    LogMaker clone("store1", 2);
    clone.sell(30);
    Source second(clone);
    auto other = company.dial(second, company.machine(2));
    CHECK_FALSE(company.run(
        *other, [&] { return company.end() > Sequence{11}; }, 2));
}

TEST_CASE("broker: a second machine does not disturb the first, and is told why") {
    Company company;
    company.admit("store1");
    LogMaker log("store1", 1);
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));

    LogMaker clone("store1", 2);
    clone.sell(30);
    Source second(clone);
    auto other = company.dial(second, company.machine(2));
    const auto refused = [&] {
        REQUIRE(other->turn(std::chrono::milliseconds{1}));
        const auto legs = other->incoming_legs();
        return !legs.empty() && legs[0].note.find("another machine") != std::string::npos;
    };
    CHECK(company.run(*store, refused));
    for (int i = 0; i < 300; ++i) {  // It tries again and again.
        REQUIRE(other->turn(std::chrono::milliseconds{2}));
        REQUIRE(store->turn(std::chrono::milliseconds{2}));
        REQUIRE(company.head.turn(std::chrono::milliseconds{2}));
        std::int64_t heard = 0;
        REQUIRE(store->session_of("head/broker", heard));
    }
    log.sell(10);
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{21}; }));
    CHECK(company.end() == Sequence{21});
}

namespace {

/// A receiver that holds another log of store1 up to 7.
class Stranger : public Source {
  public:
    using Source::Source;
    std::optional<Want> want(const core::Peer&, const StoreId& store) override {
        return Want{store, schema::Epoch{1}, {{"*", Sequence{7}}}, schema::Incarnation{2, 2}};
    }
    schema::Result<void> take(const core::Peer&, schema::Range range) override {
        taken += range.upto.value() - range.after.value();
        return {};
    }
    void not_served(const core::Peer& peer, const schema::Trouble& trouble) override {
        if (trouble.code != schema::Errc::forked) return;
        told = peer.role + " " + trouble.store + ": " + trouble.message;
    }
    std::uint64_t taken = 0;
    std::string told;
};

}  // namespace

TEST_CASE("fork: a receiver that holds another log of a store gets nothing behind it") {
    Company company;
    company.admit("store1");
    LogMaker log("store1", 1);
    log.sell(20);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{21}; }));
    store.reset();

    Stranger stranger(log, "store2");
    auto self = company.machine(1);
    self.role = "subscriber";
    auto reader = company.dial(stranger, self);
    CHECK(company.run(*reader, [&] { return !stranger.told.empty(); }));
    CHECK(stranger.taken == 0);
    for (const char* part : {"broker store1", "two logs", "epoch 1", "asked for is 0202"}) {
        CHECK_MESSAGE(stranger.told.find(part) != std::string::npos, stranger.told);
    }
}

namespace {

/// A receiver of what store2 tells others.
class Reader : public Source {
  public:
    using Source::Source;
    std::optional<Want> want(const core::Peer&, const StoreId& store) override {
        if (store != StoreId{"store2"}) return std::nullopt;
        return Want{store, schema::Epoch{}, {{"accounts", upto}, {"control", upto}}};
    }
    schema::Result<void> take(const core::Peer&, schema::Range range) override {
        upto = range.upto;
        return {};
    }
    void not_served(const core::Peer&, const schema::Trouble& trouble) override {
        refused = refused || trouble.code == schema::Errc::not_allowed;
    }
    Sequence upto;
    bool refused = false;
};

}  // namespace

TEST_CASE(
    "S35: of a store admitted for stock alone its publisher reads accounts, and nobody else") {
    Company company;
    const auto admit = [&](bool relay, bool publish) {
        core::Admission entry{"store1", company.store_keys.curve_public, {"stock"}, publish, relay};
        REQUIRE(core::AllowList::admit(company.dir / "allow.toml", entry));
        REQUIRE(company.allow.refresh());
    };
    admit(true, true);
    LogMaker told("store2", 1), own("store1", 1);
    told.add("accounts", std::string(schema::kGrantGiven), "x");
    Source source(told, "store2");
    auto self = company.machine(1);
    self.role = "broker";
    auto relay = company.dial(source, self);
    REQUIRE(company.run(*relay, [&] { return source.acknowledged == Sequence{2}; }));
    relay.reset();

    struct Case {
        const char* role;
        bool publish;
        bool may;
    };
    for (const Case& one : {Case{"publisher", true, true}, Case{"publisher", false, false},
                            Case{"tap", true, false}, Case{"subscriber", true, false}}) {
        CAPTURE(one.role);
        CAPTURE(one.publish);
        admit(false, one.publish);
        Reader reader(own);
        self.role = one.role;
        const auto line = company.dial(reader, self);
        REQUIRE(company.run(*line, [&] { return reader.refused || reader.upto.value() > 0; }));
        CHECK(reader.refused != one.may);
        CHECK(reader.upto == Sequence{one.may ? 2u : 0u});
    }
}

TEST_CASE("broker: a question is answered to whom it may be, and to a revoked key no longer") {
    Company company;
    core::Admission entry{"store1", company.store_keys.curve_public};
    entry.tickets = true;
    REQUIRE(core::AllowList::admit(company.dir / "allow.toml", entry));
    REQUIRE(company.allow.refresh());
    const auto client = std::move(*core::Client::open(
        *company.store_net, {"head", company.endpoint, company.head_keys.curve_public},
        &company.store_keys));
    const auto ask = [&] {
        for (int turn = 0; turn < 1'000; ++turn) {
            const auto sent = client->send(schema::StatusAsk{5}, std::chrono::milliseconds{1});
            REQUIRE(company.head.turn(std::chrono::milliseconds{5}));
            if (!sent) continue;
            for (int answers = 0; answers < 100; ++answers) {
                REQUIRE(company.head.turn(std::chrono::milliseconds{5}));
                const auto answer = client->receive(std::chrono::milliseconds{5});
                if (!answer) continue;
                const auto* trouble = std::get_if<schema::Trouble>(&*answer);
                return trouble == nullptr ? std::string() : trouble->message;
            }
        }
        return std::string("no answer");
    };
    CHECK(ask() == "");
    REQUIRE(core::AllowList::revoke(company.dir / "allow.toml", "store1"));
    REQUIRE(company.allow.refresh());
    CHECK(ask().find("may not ask") != std::string::npos);
}

TEST_CASE("broker: the receivers of a store that is revoked are forgotten") {
    Company company;
    company.admit("store1");
    REQUIRE(company.allow.refresh());
    core::Peer peer;
    peer.store = "store1";
    peer.role = "subscriber";
    peer.name = "store1/subscriber";
    schema::Fetch fetch;
    fetch.store = StoreId{"store2"};
    fetch.after = {{"*", Sequence{0}}};
    company.broker->reached(peer, fetch);
    const auto remembered = [&](std::int64_t later) {
        company.broker->turn(core::BootTime{company.clock.boot().value() + later * core::kSecond});
        bool found = false;
        REQUIRE(company.journal->scan("receiver", {}, [&](schema::ByteView, schema::ByteView) {
            found = true;
            return true;
        }));
        return found;
    };
    CHECK(remembered(10));
    REQUIRE(core::AllowList::revoke(company.dir / "allow.toml", "store1"));
    REQUIRE(company.allow.refresh());
    CHECK_FALSE(remembered(20));
}

TEST_CASE(
    "broker: a key revoked a moment before it greets is judged by the list as it now stands") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(10);
    Source source(log);
    while (company.allow.find_store("store1") == nullptr) {
        REQUIRE(company.head.turn(std::chrono::milliseconds{2}));
    }
    // The list was read just now, and is not due again for many turns.
    REQUIRE(core::AllowList::revoke(company.dir / "allow.toml", "store1"));
    auto store = company.dial(source, company.machine(1));
    bool let_in = false;
    const auto told = [&] {
        std::int64_t heard = 0;
        let_in = let_in || company.head.session_of("store1/publisher", heard);
        const auto legs = store->incoming_legs();
        return !legs.empty() && legs.front().note.find("filial admit") != std::string::npos;
    };
    CHECK(company.run(*store, told));
    CHECK_FALSE(let_in);
    CHECK(company.end() == Sequence{0});
}

TEST_CASE("broker: a revoked key loses its session in the middle of it") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));

    REQUIRE(core::AllowList::revoke(company.dir / "allow.toml", "store1"));
    std::int64_t heard = 0;
    CHECK(company.run(*store, [&] { return !company.head.session_of("store1/publisher", heard); }));
    // The connection stays; who greets over it again is told each time what to do.
    const auto told = [&] {
        const auto legs = store->incoming_legs();
        return !legs.empty() && legs.front().note.find("filial admit") != std::string::npos;
    };
    CHECK(company.run(*store, told));
    log.sell(10);
    CHECK_FALSE(company.run(
        *store, [&] { return company.end() > Sequence{11} || !told(); }, 2));
}

TEST_CASE(
    "broker: a log that the other broker does not keep from here is a trouble until it comes") {
    Company company;
    core::Peer other;
    other.store = "head2";
    other.role = "broker";
    other.name = "head2/broker";
    schema::Trouble trouble;
    trouble.code = Errc::not_held;
    trouble.store = "store1";
    company.broker->not_served(other, trouble);
    CHECK(company.broker->health() == "ok");
    trouble.code = Errc::snapshot_needed;
    trouble.message = "* of store1 is kept here from behind event 70 on, asked for was behind 0";
    company.broker->not_served(other, trouble);
    CHECK(company.broker->health().find("store1 (held to 0, * of store1 is kept here from behind "
                                        "event 70 on") != std::string::npos);
    CHECK(company.broker->health().find("have these stores dial this broker") != std::string::npos);
    LogMaker log("store1");
    log.sell(80);
    core::Peer store;
    store.store = "store1";
    store.role = "publisher";
    store.name = "store1/publisher";
    REQUIRE(company.broker->take(store, log.range(0, 81)));
    REQUIRE(company.broker->flush());
    CHECK(company.broker->health() == "ok");
}

TEST_CASE("N4: what a store says for another one is no live answer") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    Source source(log);
    const auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return !store->peers().empty(); }));
    const std::string head = store->peers().front().name;
    const auto count = [&](const std::string& name) {
        for (const auto& [counter, value] : company.head.counters()) {
            if (counter == name) return value;
        }
        return std::int64_t{0};
    };
    const auto say_for = [&](const std::string& whom) {
        schema::Mark mark;
        mark.store = StoreId{whom};
        mark.epoch = schema::Epoch{1};
        const std::int64_t before = count("messages_in");
        CHECK(store->tell(head, schema::Confirmed{0, 7, schema::encode(mark), {}}));
        REQUIRE(company.run(*store, [&] { return count("messages_in") > before; }));
    };
    say_for("store1");
    CHECK(count("confirmed_refused") == 0);
    say_for("store2");
    REQUIRE(company.run(*store, [&] { return count("confirmed_refused") == 1; }));
    CHECK_FALSE(store->tell("nobody/broker", schema::Confirmed{}));
}

}  // namespace
}  // namespace filial::broker
