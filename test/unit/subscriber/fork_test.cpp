#include <doctest/doctest.h>

#include "core/link/client.h"
#include "subscriber/subscriber.h"
#include "test/support/idle_host.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using core::Peer;
using schema::Errc;
using schema::Incarnation;
using schema::QueryKind;
using schema::Verdict;

namespace {

constexpr Incarnation kFirst{1, 1, 1};
constexpr Incarnation kSecond{2, 2, 2};

/// A store's log from its first event on.
TestLog opened_log(const std::string& store, const Incarnation& incarnation) {
    TestLog log(store);
    log.add("control", schema::kLogOpened, store,
            schema::encode(schema::LogOpened{incarnation, log.epoch, schema::Sequence{0}, {}}));
    return log;
}

Peer publisher_of(const TestLog& log, const Incarnation& incarnation, bool local) {
    Peer peer;
    peer.store = log.store().value();
    peer.role = "publisher";
    peer.local = local;
    peer.dialled = true;
    peer.epoch = log.epoch;
    peer.incarnation = incarnation;
    return peer;
}

bool names_both(const std::string& text) {
    return text.find("store1") != std::string::npos &&
           text.find("01010100000000000000000000000000") != std::string::npos &&
           text.find("02020200000000000000000000000000") != std::string::npos &&
           text.find("put it back") != std::string::npos;
}

/// The replica of `own`, which has read store1's first log up to 7.
struct Forked {
    explicit Forked(const std::string& own) : first(opened_log("store1", kFirst)) {
        options.store = schema::StoreId{own};
        options.data = folder.path();
        for (int i = 0; i < 6; ++i) first.move("tea", -1'000);
        reopen();
        REQUIRE(replica->take(first.all()));
        REQUIRE(replica->flush());
        replica->marked(first.mark(clock, 1), "own publisher");
        REQUIRE(replica->flush());
        for (int i = 0; i < 12; ++i) second.move("tea", -1'000);
    }
    void reopen() {
        subscriber.reset();
        replica.reset();
        auto store = replica_options(folder, options.store.value());
        store.store.dir = options.subscriber_dir();
        replica = open_replica(store);
        subscriber = std::make_unique<Subscriber>(options, *replica, clock, nullptr);
        exchange =
            std::make_unique<core::Exchange>(*subscriber, clock, *network, nullptr, nullptr,
                                             core::Self{options.store, "subscriber", {}, {}});
        subscriber->attach(*exchange);
    }
    schema::AnswerRow tea() const {
        return Asked{clock, *replica, {}}.row(QueryKind::stock, "tea");
    }

    Folder folder;
    core::ManualClock clock;
    core::Options options;
    TestLog first;
    TestLog second = opened_log("store1", kSecond);
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    std::unique_ptr<Replica> replica;
    std::unique_ptr<Subscriber> subscriber;
    std::unique_ptr<core::Exchange> exchange;
};

/// A machine of store1 in quarantine: its key speaks, and no log goes on there.
class InQuarantine : public test::IdleHost {
  public:
    std::vector<schema::StoreId> held() const override { return {schema::StoreId{"store1"}}; }
};

/// Counts how often it is asked what it wants.
class Counting : public Subscriber {
  public:
    using Subscriber::Subscriber;
    std::optional<core::Want> want(const Peer& peer, const schema::StoreId& store) override {
        ++asked;
        return Subscriber::want(peer, store);
    }
    int asked = 0;
};

void check_nothing_of_the_second_is_taken(const std::string& own) {
    Forked shop(own);
    const Peer peer = publisher_of(shop.second, kSecond, own == "store1");
    CHECK(shop.tea().freshness.verdict == Verdict::fresh);
    CHECK(shop.subscriber->status(0).health == "ok");
    const auto as_of = shop.tea().freshness.as_of;

    CHECK_FALSE(shop.subscriber->want(peer, shop.first.store()));
    // Not even where it sends without being asked, or somebody else brings it.
    const auto pushed = shop.subscriber->take(peer, shop.second.range(7, 13));
    REQUIRE_FALSE(pushed);
    CHECK(pushed.error().code == Errc::forked);
    const auto relayed = shop.replica->take(shop.second.range(7, 13));
    REQUIRE_FALSE(relayed);
    CHECK(relayed.error().code == Errc::forked);
    shop.clock.advance(core::kSecond);
    shop.replica->marked(shop.second.mark(shop.clock, 99), "own publisher");
    REQUIRE(shop.subscriber->flush());

    const auto row = shop.tea();
    CHECK(row.value == -6'000);
    CHECK(row.freshness.as_of == as_of);
    CHECK(row.freshness.verdict == Verdict::notice);
    CHECK(names_both(field(row, "forked")));
    CHECK(names_both(shop.subscriber->status(0).health));
    CHECK(shop.replica->position(shop.first.store(), "stock").value() == 7);
}

}  // namespace

TEST_CASE("fork: of a second log of the own store nothing is taken, and answers say so") {
    check_nothing_of_the_second_is_taken("store1");
}

TEST_CASE("fork: of a second log of a store that is dialled directly nothing is taken either") {
    check_nothing_of_the_second_is_taken("store2");
}

TEST_CASE("fork: which log is held outlives a restart, in the write that holds its positions") {
    Forked shop("store1");
    shop.reopen();
    const auto own = shop.replica->own_log();
    REQUIRE(own);
    CHECK(own->incarnation == kFirst);
    CHECK_FALSE(
        shop.subscriber->want(publisher_of(shop.second, kSecond, true), shop.first.store()));
    CHECK(shop.tea().freshness.verdict == Verdict::notice);
}

TEST_CASE("fork: once the store says the held log again it goes on where it was") {
    Forked shop("store1");
    CHECK_FALSE(
        shop.subscriber->want(publisher_of(shop.second, kSecond, true), shop.first.store()));
    const Peer again = publisher_of(shop.first, kFirst, true);
    REQUIRE(shop.subscriber->want(again, shop.first.store()));
    shop.first.move("tea", -1'000);
    REQUIRE(shop.subscriber->take(again, shop.first.range(7, 8)));
    REQUIRE(shop.subscriber->flush());
    CHECK(shop.tea().value == -7'000);
    CHECK(shop.tea().freshness.verdict == Verdict::fresh);
    CHECK(field(shop.tea(), "forked") == "(none)");
    CHECK(shop.subscriber->status(0).health == "ok");
}

TEST_CASE("fork: what it asks for names the log that it holds") {
    Forked shop("store2");
    Peer broker;
    broker.store = "head";
    broker.role = "broker";
    const auto want = shop.subscriber->want(broker, shop.first.store());
    REQUIRE(want);
    CHECK(want->incarnation == kFirst);
}

TEST_CASE("fork: while it stands, who may not end it is not asked again and again") {
    Forked shop("store2");
    CHECK_FALSE(
        shop.subscriber->want(publisher_of(shop.second, kSecond, false), shop.first.store()));
    REQUIRE_FALSE(shop.replica->fork_of(shop.first.store()).empty());

    const std::string endpoint = "ipc://" + (shop.folder.path() / "store1.sock").string();
    InQuarantine host;
    core::Exchange giver(host, shop.clock, *shop.network, nullptr, nullptr,
                         {schema::StoreId{"store1"}, "publisher", schema::Epoch{0}, kSecond});
    REQUIRE(giver.listen(endpoint));
    Counting counting(shop.options, *shop.replica, shop.clock, nullptr);
    core::Exchange exchange(counting, shop.clock, *shop.network, nullptr, nullptr,
                            {shop.options.store, "subscriber", {}, {}});
    counting.attach(exchange);
    REQUIRE(exchange.dial({"store1", endpoint, ""}, "subscriber"));
    const auto turns = [&](int count, const auto& until) {
        for (int turn = 0; turn < count && !until(); ++turn) {
            REQUIRE(giver.turn(std::chrono::milliseconds(1)));
            REQUIRE(exchange.turn(std::chrono::milliseconds(1)));
            shop.clock.advance(core::kMillisecond);
        }
    };
    turns(5'000, [&] { return counting.asked > 0; });
    REQUIRE(counting.asked == 1);
    turns(50, [] { return false; });
    CHECK(counting.asked == 1);
    CHECK_FALSE(shop.replica->fork_of(shop.first.store()).empty());
}

TEST_CASE("fork: a source that has another log is believed until the store itself has spoken") {
    Forked shop("store2");
    Peer broker;
    broker.store = "head";
    broker.role = "broker";
    schema::Trouble said;
    said.code = Errc::forked;
    said.message = "two logs: store1 01 and 02";
    said.store = "store1";
    shop.subscriber->not_served(broker, said);
    CHECK(shop.tea().freshness.verdict == Verdict::notice);
    CHECK(shop.subscriber->status(0).health.find("put it back") != std::string::npos);

    // The source gives what was asked for: it has that log again.
    shop.first.move("tea", -1'000);
    REQUIRE(shop.subscriber->take(broker, shop.first.range(7, 8)));
    CHECK(shop.subscriber->status(0).health == "ok");

    shop.subscriber->not_served(broker, said);
    CHECK(shop.subscriber->status(0).health != "ok");
    const Peer itself = publisher_of(shop.first, kFirst, false);
    REQUIRE(shop.subscriber->want(itself, shop.first.store()));
    CHECK(shop.subscriber->status(0).health == "ok");
    shop.subscriber->not_served(broker, said);
    CHECK(shop.subscriber->status(0).health == "ok");
}

TEST_CASE("fork: the record of an epoch that names another log is refused whoever brings it") {
    Forked shop("store2");
    const auto taken = shop.replica->take(shop.second.range(0, 13));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::forked);
    CHECK(names_both(taken.error().message));
    CHECK(shop.tea().value == -6'000);
}

TEST_CASE(
    "fork: a store's log is noted beside its replica, for the publisher that would begin one") {
    Forked shop("store1");
    REQUIRE(shop.subscriber->flush());
    const auto noted = core::read_own_log(shop.options.subscriber_dir());
    REQUIRE(noted);
    REQUIRE(noted->has_value());
    CHECK(**noted == core::OwnLog{schema::StoreId{"store1"}, schema::Epoch{1}, kFirst});
}

TEST_CASE("fork: a replica that was made before incarnations were kept learns the first it meets") {
    Folder folder;
    TestLog log("store1");
    log.move("tea", -1'000);
    const auto replica = open_replica(replica_options(folder, "store2"));
    take(*replica, log.all());
    REQUIRE(replica->meet(log.store(), log.epoch, kFirst));
    REQUIRE(replica->flush());
    CHECK_FALSE(replica->meet(log.store(), log.epoch, kSecond));
    CHECK(replica->meet(log.store(), log.epoch, kFirst));
}

TEST_CASE("fork: what machines in quarantine ask to go on as is no log, nor two of them a fork") {
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store1"));
    TestLog log = opened_log("store1", kSecond);
    log.move("tea", -1'000);
    replica->know(log.store());
    // One attempt after the other, as after a second restore, before anything of the log is here.
    REQUIRE(replica->meet(log.store(), schema::Epoch{0}, kFirst));
    REQUIRE(replica->meet(log.store(), schema::Epoch{0}, kSecond));
    CHECK(replica->fork_of(log.store()).empty());
    REQUIRE(replica->meet(log.store(), log.epoch, kSecond));
    take(*replica, log.all());
    CHECK(replica->position(log.store(), "stock").value() == log.size());
    CHECK(replica->incarnation(log.store()) == kSecond);
}

TEST_CASE("fork: what a machine in quarantine asks for keeps no other source from being believed") {
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store2"));
    TestLog log = opened_log("store1", kSecond);
    log.move("tea", -1'000);
    replica->know(log.store());
    REQUIRE(replica->meet(log.store(), schema::Epoch{0}, kFirst));
    take(*replica, log.all());
    replica->doubt(log.store(), "broker head", "two logs");
    CHECK_FALSE(replica->fork_of(log.store()).empty());
}
