// What a replica's copy of a log comes to, and what of it is not what its events come to.
#include <algorithm>
#include <random>

#include "subscriber/digest_pages.h"
#include "subscriber/number_record.h"
#include "subscriber/parked_pages.h"
#include "test/unit/subscriber/damage_support.h"
#include "test/unit/subscriber/parked_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Bytes;
using schema::Errc;
using schema::Sequence;

namespace {

/// Looks until all is looked at, in steps of about so many bytes.
void look(Replica& replica, std::size_t bytes = 700) {
    for (;;) {
        const auto ended = replica.scrub(bytes);
        REQUIRE_MESSAGE(ended, ended.error().message);
        if (*ended) return;
    }
}

TestLog mixed_log(const std::string& store, int rounds) {
    TestLog log(store);
    for (int i = 0; i < rounds; ++i) {
        const std::string key = "k" + std::to_string(i % 7);
        log.move(key, 1'000 + i);
        log.debt(key, 250 - i);
        log.customer(key, store, "country " + std::to_string(i), i);
        log.transfer(i % 2 == 0 ? schema::kTransferSent : schema::kTransferReceived, key, "store7",
                     "sku", 10 + i);
        log.add("names", i % 3 == 0 ? schema::kAppEvent : schema::kAppValue, key,
                std::to_string(i));
        schema::GrantStep given;
        given.peer = "store7";
        given.epoch = schema::Epoch{1};
        given.amount = 10 + i;
        log.add("accounts", schema::kGrantGiven, key, schema::encode(given));
    }
    return log;
}

LogDigest digest_of(const Replica& replica, const TestLog& log, const std::string& topic) {
    const auto found = replica.digests().find({log.store(), topic});
    REQUIRE(found != replica.digests().end());
    return found->second;
}

Bytes number(std::int64_t value) {
    NumberRecord record;
    REQUIRE(record.add(schema::Epoch{1}, value));
    Bytes bytes;
    record.append_to(bytes);
    return bytes;
}

}  // namespace

TEST_CASE("N10: copies of one log come to the same at the same position, however they came") {
    const TestLog log = mixed_log("store2", 60);
    Folder one_folder, two_folder, stock_folder;
    const auto one = open_replica(holding(one_folder, {}));
    const auto two = open_replica(holding(two_folder, {}));
    const auto stock = open_replica(replica_options(stock_folder, "store1", {"stock"}));
    take(*one, log.all());
    for (std::uint64_t at = 0; at < log.size(); at += 7) {
        take(*two, log.range(at, std::min(at + 7, log.size())));
        take(*stock, log.range(at, std::min(at + 7, log.size()), {"stock", "control"}));
    }
    for (Replica* replica : {one.get(), two.get(), stock.get()}) {
        look(*replica);
        CHECK(replica->damages().empty());
    }
    std::map<std::string, schema::Hash> heads;
    with_chains(log.all(), heads);
    for (const std::string topic :
         {"stock", "debts", "customers", "control", "accounts", "names"}) {
        CAPTURE(topic);
        const LogDigest first = digest_of(*one, log, topic);
        const LogDigest second = digest_of(*two, log, topic);
        CHECK(first.position.value() == log.size());
        CHECK(first.chain == heads[topic]);
        CHECK(second.chain == first.chain);
        CHECK(second.content == first.content);
        CHECK(first.events == 60);
    }
    // A filtered subscription has the same of what it has.
    CHECK(digest_of(*stock, log, "stock").content == digest_of(*one, log, "stock").content);
    CHECK(stock->digests().size() == 2);
    // One event more is another digest, of that topic alone.
    TestLog longer = log;
    longer.move("k1", 1);
    take(*two, longer.range(log.size(), longer.size()));
    look(*two);
    CHECK(digest_of(*two, log, "stock").content != digest_of(*one, log, "stock").content);
    CHECK(digest_of(*two, log, "names").content == digest_of(*one, log, "names").content);
}

TEST_CASE("N10: one topic is dropped and loaded again alone, of one log or of all") {
    const TestLog log = mixed_log("store2", 30), other = mixed_log("store3", 20);
    const schema::StoreId store = log.store();
    Folder folder;
    auto replica = open_replica(holding(folder, {}));
    take(*replica, log.all());
    take(*replica, other.all());
    const auto before = state_of(*replica);

    REQUIRE(replica->reload(store, "stock"));
    CHECK(replica->position(store, "stock") == Sequence{0});
    for (const std::string topic : {"debts", "customers", "control", "accounts", "names"}) {
        CHECK(replica->position(store, topic) == Sequence{log.size()});
    }
    CHECK(replica->position(other.store(), "stock") == Sequence{other.size()});
    CHECK_FALSE(stock_of(*replica, log, "k1"));  // Unknown, not zero.
    CHECK(stock_of(*replica, other, "k1") != 0);
    CHECK(replica->epoch(store) == schema::Epoch{1});
    // Also over a restart meanwhile: nothing of what was dropped is counted twice.
    replica.reset();
    replica = open_replica(holding(folder, {}));
    take(*replica, log.range(0, 40, {"stock"}));
    take(*replica, log.range(40, log.size(), {"stock"}));
    CHECK(state_of(*replica) == before);

    REQUIRE(replica->reload({}, "debts"));
    for (const TestLog* each : {&log, &other}) {
        CHECK(replica->position(each->store(), "debts") == Sequence{0});
        CHECK(replica->position(each->store(), "stock") == Sequence{each->size()});
        take(*replica, each->range(0, each->size(), {"debts"}));
    }
    CHECK(state_of(*replica) == before);
    look(*replica);
    CHECK(replica->damages().empty());

    CHECK(replica->reload(store, "control").error().code == Errc::invalid);
    CHECK(replica->reload(store, "prices").error().code == Errc::not_found);
    CHECK(replica->reload(schema::StoreId{"store8"}, {}).error().code == Errc::not_found);
    CHECK(state_of(*replica) == before);
}

TEST_CASE("N10: who asks for a log or topic that is not copied here is told which are") {
    const TestLog log = mixed_log("store2", 5);
    Folder folder;
    auto replica = open_replica(holding(folder, {"debt.moved"}));
    take(*replica, log.all());
    const auto digests = [&](const std::string& store, const std::string& topic) {
        schema::Query query;
        query.kind = schema::QueryKind::digests;
        query.store = store;
        query.topic = topic;
        return digest_rows(*replica, query);
    };
    const auto parked = [&](const std::string& store, const std::string& topic) {
        return ParkedPages(*replica, parked_query(store, topic)).page();
    };
    for (const auto& [answer, what] :
         {std::pair{digests("sotre2", ""),
                    "the log of sotre2 is not copied here; logs here: store2"},
          {digests("store2", "prices"), "topic prices is not copied here; topics here: "},
          {parked("sotre2", ""), "the log of sotre2 is not copied here; logs here: store2"},
          {parked("", "prices"), "topic prices is not copied here; topics here: "}}) {
        CAPTURE(what);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::not_found);
        CHECK(answer.error().message.find(what) == 0);
    }
    CHECK(digests("store2", "stock")->rows.size() == 1);
    CHECK(parked("store2", "debts")->rows.size() == 5);
    CHECK(parked("store2", "stock")->rows.empty());  // A name that is known, and nothing there.
    CHECK(replica->reload(schema::StoreId{"sotre2"}, "").error().message ==
          "the log of sotre2 is not copied here; logs here: store2");
}

TEST_CASE("N10: a value that no event made is found, and its log is loaded again") {
    const TestLog log = mixed_log("store2", 30), other = mixed_log("store3", 5);
    const std::string control(schema::kTopicControl);
    const schema::StoreId store{"store2"};
    const schema::Epoch first{1};
    struct Wrong {
        std::string topic;
        std::function<void(ReplicaWrite&)> change;
    };
    const std::vector<Wrong> wrongs{
        {"stock", [](ReplicaWrite& w) { w.put(stock_key("store2", "k1"), number(5)); }},
        {"stock", [](ReplicaWrite& w) { w.put(stock_key("store2", "never moved"), number(5)); }},
        {"stock", [](ReplicaWrite& w) { w.erase(stock_key("store2", "k1")); }},
        {"debts",
         [&](ReplicaWrite& w) {
             w.put(contribution_key({"debts", store, {}, Part::number, "k1"}), number(5));
         }},
        {"customers",
         [&](ReplicaWrite& w) {
             w.put(contribution_key({"customers", store, first, Part::fields, "k1"}),
                   ledger::encode(ledger::CustomerPart{}));
         }},
        {"control",
         [&](ReplicaWrite& w) {
             w.put(contribution_key({control, store, first, Part::transfer, "k1"}),
                   ledger::encode(ledger::TransferSide{}));
         }},
        {"accounts",
         [&](ReplicaWrite& w) {
             w.erase(contribution_key({"accounts", store, {}, Part::state, "pot/c/k1"}));
         }},
        {"names", [&](ReplicaWrite& w) {
             w.erase(contribution_key({"names", store, first, Part::value, "k1"}));
         }}};
    for (const Wrong& wrong : wrongs) {
        CAPTURE(wrong.topic);
        Folder folder;
        const ReplicaOptions options = holding(folder, {});
        {
            const auto replica = open_replica(options);
            take(*replica, log.all());
            take(*replica, other.all());
        }
        overwrite(options, wrong.change);
        const auto replica = open_replica(options);
        look(*replica);
        REQUIRE(replica->damages().size() == 1);
        const core::LogDamage& damage = replica->damages().front();
        CHECK(damage.store == store);
        CHECK(damage.topic == wrong.topic);
        CHECK(damage.why.find("is not what its events come to") != std::string::npos);
        CHECK(replica->position(store, "stock").value() == 0);
        CHECK(replica->position(other.store(), "stock").value() == other.size());
        take(*replica, log.all());
        look(*replica);
        CHECK(replica->damages().empty());
        Folder truth_folder;
        const auto truth = open_replica(holding(truth_folder, {}));
        take(*truth, log.all());
        take(*truth, other.all());
        CHECK(state_of(*replica) == state_of(*truth));
    }
}

TEST_CASE("N10: an event that was changed shows by the chain head that came with it") {
    TestLog log("store2");
    for (int i = 0; i < 40; ++i) log.add("names", schema::kAppEvent, "k", std::to_string(i));
    TestLog flipped("store2");  // One payload is another; no state depends on it.
    for (int i = 0; i < 40; ++i) {
        flipped.add("names", schema::kAppEvent, "k", i == 17 ? "1?" : std::to_string(i));
    }
    Folder folder;
    const ReplicaOptions options = holding(folder, {});
    std::map<std::string, schema::Hash> heads;
    {
        const auto replica = open_replica(options);
        for (std::uint64_t at = 0; at < 40; at += 10) {
            take(*replica, with_chains(log.range(at, at + 10), heads));
        }
        look(*replica);
        CHECK(replica->damages().empty());
    }
    std::map<std::string, schema::Hash> before;
    with_chains(log.range(0, 10), before);
    const auto good = with_chains(log.range(10, 20), before);
    auto bad = flipped.range(10, 20).segments.front();
    bad.chain = good.segments.front().chain;
    overwrite_piece(options, log.store(), bad);
    const auto replica = open_replica(options);
    look(*replica);
    REQUIRE(replica->damages().size() == 1);
    CHECK(replica->damages()[0].after.value() == 10);
    CHECK(replica->damages()[0].upto.value() == 20);
    CHECK(replica->position(log.store(), "names").value() == 0);
}

TEST_CASE("N10: what is parked or was given up is no damage, nor what comes while it is looked") {
    for (unsigned seed = 1; seed <= 15; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto below = [&](std::size_t bound) { return random() % bound; };
        const TestLog log = mixed_log("store2", 40);
        Folder folder;
        std::vector<std::string> unknown{std::string(schema::kStockMoved),
                                         std::string(schema::kAppValue),
                                         std::string(schema::kCustomerRegistered)};
        auto replica = open_replica(holding(folder, unknown));
        std::uint64_t at = 0;
        std::size_t looks = 0;
        while (at < log.size() || looks < 2) {
            const auto ended = replica->scrub(500 + below(4'000));
            REQUIRE(ended);
            if (*ended) ++looks;
            REQUIRE(replica->damages().empty());
            if (below(3) == 0) {
                const auto upto = std::min<std::uint64_t>(at + below(12), log.size());
                take(*replica, log.range(at, upto));
                at = upto;
            }
            const auto parked = replica->parked().all();
            if (at == log.size()) continue;  // Now a look may come to its end.
            if (below(9) == 0 && !parked.empty()) {
                const auto& key = parked[below(parked.size())];
                const ParkedScope scope{key.store.value(), key.topic, key.key};
                if (below(2) == 0)
                    retry(*replica, scope);
                else
                    retry(*replica, scope, Waiver{"ann", {}, "so"});
            }
            if (below(20) == 0) {
                if (!unknown.empty() && below(2) == 0) unknown.pop_back();
                replica.reset();
                replica = open_replica(holding(folder, unknown));
            }
        }
        for (int i = 0; i < 2; ++i) look(*replica);  // The first may have begun before the end.
        CHECK(replica->damages().empty());
        std::map<std::string, schema::Hash> heads;
        with_chains(log.all(), heads);
        for (const auto& [name, digest] : replica->digests()) {
            CHECK(digest.chain == heads[name.second]);
        }
    }
}

TEST_CASE("N10: the chain at any position is found from the nearest waypoint, and none beyond") {
    TestLog log("store2");
    constexpr std::uint64_t kEvents = 10'000;
    for (std::uint64_t i = 0; i < kEvents; ++i) log.move("k" + std::to_string(i % 50), 1);
    Folder folder;
    const auto replica = open_replica(replica_options(folder));
    std::map<std::string, schema::Hash> heads;
    std::map<std::uint64_t, schema::Hash> at;
    for (std::uint64_t seq = 0; seq < kEvents; seq += 100) {
        take(*replica, with_chains(log.range(seq, seq + 100), heads));
        at[seq + 100] = heads["stock"];
    }
    look(*replica, 100'000);
    CHECK(digest_of(*replica, log, "stock").waypoints.size() == 2);
    schema::DigestAsk ask;
    ask.store = log.store();
    ask.topic = "stock";
    for (const std::uint64_t seq : {std::uint64_t{100}, std::uint64_t{4'100}, std::uint64_t{4'200},
                                    std::uint64_t{9'900}, kEvents, kEvents + 1}) {
        ask.at.emplace_back(seq);
    }
    const auto digests = digests_of(*replica, ask);
    REQUIRE(digests);
    CHECK(digests->end.value() == kEvents);
    REQUIRE(digests->chains.size() == 5);
    for (const schema::ChainAt& each : digests->chains) {
        CHECK(each.chain == Bytes(schema::view(at.at(each.at.value()))));
        CHECK(each.last == each.at);
    }
    // Within a piece that came together.
    const auto inside = replica->chain_at(log.store(), "stock", Sequence{4'150});
    REQUIRE(inside);
    REQUIRE(*inside);
    CHECK((*inside)->last.value() == 4'150);
    CHECK((*inside)->chain != Bytes(schema::view(at.at(4'100))));
}
