// Parked keys that are tried again, and those that a person gives up.
#include <algorithm>
#include <random>

#include "test/unit/subscriber/parked_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::QueryKind;

TEST_CASE(
    "N9: 10,000 events parked by an unknown kind: after the upgrade one retry, as the truth") {
    // The values of an application topic show the order: the last one has to win.
    constexpr int kEvents = 10'000;
    constexpr int kKeys = 400;
    TestLog log("store2");
    for (int i = 0; i < kEvents; ++i) {
        log.add("names", i % 3 == 0 ? schema::kAppValue : schema::kAppEvent,
                "key " + std::to_string(i % kKeys), std::to_string(i));
        if (i % 10 == 0) log.move("free", 1'000);
    }
    Folder old_folder, new_folder;
    const std::vector<std::string> held{std::string(schema::kAppValue),
                                        std::string(schema::kAppEvent)};
    const auto truth = open_replica(holding(new_folder, {}));
    take(*truth, log.all());
    {
        const auto replica = open_replica(holding(old_folder, held));
        take(*replica, log.all());
        CHECK(replica->parked().events() == kEvents);
        CHECK(replica->parked().size() == kKeys);
        CHECK(stock_of(*replica, log, "free") == kEvents / 10 * 1'000);
        // The old version tries in vain, and nothing moves.
        CHECK(retry(*replica) == ParkedOutcome{0, 0, kEvents});
        CHECK(replica->parked().events() == kEvents);
    }
    const auto replica = open_replica(holding(old_folder, {}));
    CHECK(replica->parked().events() == kEvents);
    CHECK(retry(*replica) == ParkedOutcome{kEvents, 0, 0});
    CHECK(replica->parked().empty());
    CHECK(state_of(*replica) == state_of(*truth));
    check_sums(*replica);
}

TEST_CASE("N9: a retry that ends anywhere goes on there, and applies nothing twice") {
    TestLog log("store2");
    for (int i = 0; i < 200; ++i) {
        log.move("a" + std::to_string(i % 5), i);
        log.debt("ann", i);
    }
    Folder truth_folder;
    const auto truth = open_replica(holding(truth_folder, {}));
    take(*truth, log.all());
    for (int steps = 0; steps < 12; ++steps) {
        CAPTURE(steps);
        Folder folder;
        {
            const auto old =
                open_replica(holding(folder, {std::string(schema::kStockMoved), "debt.moved"}));
            take(*old, log.range(0, 300));
            CHECK(old->parked().events() == 300);
        }
        {
            const auto replica = open_replica(holding(folder, {}));
            REQUIRE(replica->begin_retry({}));
            for (int i = 0; i < steps; ++i) REQUIRE(replica->retry_parked(2'000));
            // What comes in the middle waits behind what is parked of its key.
            take(*replica, log.range(300, 350));
        }
        const auto replica = open_replica(holding(folder, {}));
        take(*replica, log.range(350, 400));
        retry(*replica);
        CHECK(replica->parked().empty());
        CHECK(state_of(*replica) == state_of(*truth));
    }
}

TEST_CASE("N9: whatever kinds are unknown and in whatever order keys are retried: equal to truth") {
    const std::vector<std::string> kinds{
        std::string(schema::kStockMoved),   std::string(schema::kDebtMoved),
        std::string(schema::kLimitSet),     std::string(schema::kCustomerRegistered),
        std::string(schema::kTransferSent), std::string(schema::kTransferReceived),
        std::string(schema::kAppValue)};
    for (unsigned seed = 1; seed <= 25; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto below = [&](std::size_t bound) { return random() % bound; };
        std::vector<TestLog> logs;
        for (const char* name : {"store1", "store2"}) {
            TestLog log(name);
            for (int i = 0; i < 150; ++i) {
                const std::string key = "k" + std::to_string(below(5));
                switch (below(7)) {
                    case 0:
                    case 1:
                        log.move(key, static_cast<std::int64_t>(below(2'000)) - 1'000);
                        break;
                    case 2:
                        log.debt(key, static_cast<std::int64_t>(below(2'000)) - 1'000);
                        break;
                    case 3:
                        log.limit(key, static_cast<std::int64_t>(below(9'000)));
                        break;
                    case 4:
                        log.customer(key, name, "country " + std::to_string(i), i);
                        break;
                    case 5:
                        log.transfer(
                            below(2) == 0 ? schema::kTransferSent : schema::kTransferReceived, key,
                            "store3", "sku", static_cast<std::int64_t>(below(900)));
                        break;
                    default:
                        log.add("names", schema::kAppValue, key, std::to_string(i));
                }
            }
            logs.push_back(std::move(log));
        }
        Folder truth_folder, folder;
        const auto truth = open_replica(holding(truth_folder, {}));
        for (const TestLog& log : logs) take(*truth, log.all());

        std::vector<std::string> unknown = kinds;
        std::shuffle(unknown.begin(), unknown.end(), random);
        unknown.resize(1 + below(kinds.size()));
        std::vector<std::uint64_t> at(logs.size());
        auto replica = open_replica(holding(folder, unknown));
        for (bool more = true; more;) {
            more = !unknown.empty();
            for (std::size_t i = 0; i < logs.size(); ++i) {
                const auto upto = std::min<std::uint64_t>(at[i] + below(60), logs[i].size());
                take(*replica, logs[i].range(at[i], upto));
                at[i] = upto;
                more = more || upto < logs[i].size();
            }
            auto keys = replica->parked().all();
            std::shuffle(keys.begin(), keys.end(), random);
            keys.resize(below(keys.size() + 1));
            for (const auto& key : keys) {
                if (!replica->parked().contains(key.store, key.topic, key.key)) continue;
                retry(*replica, {key.store.value(), key.topic, key.key}, {}, 1 + below(3'000));
            }
            if (below(2) == 0 || unknown.empty()) continue;
            unknown.pop_back();  // The next version knows one kind more.
            replica.reset();
            replica = open_replica(holding(folder, unknown));
        }
        retry(*replica);
        CHECK(replica->parked().empty());
        CHECK(state_of(*replica) == state_of(*truth));
        check_sums(*replica);
    }
}

TEST_CASE("N9: what is given up is on the record, shown with every answer, and stays given up") {
    TestLog log("store2");
    log.move("1", 1'000);
    log.add("stock", "stock.weighed", "1", "new");
    log.move("1", 2'000);
    log.add("stock", "stock.weighed", "1", "new");
    log.move("2", 500);
    Folder folder;
    const core::ManualClock clock;
    auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    const auto unknown = replica->begin_retry({"store2", "stock", "2"});
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::not_found);
    const Waiver waiver{"ann", schema::Timestamp{1'000'000}, "counted by hand"};
    CHECK(retry(*replica, {"store2", "stock", "1"}, waiver) == ParkedOutcome{1, 2, 0});
    const auto check = [&] {
        CHECK(replica->parked().empty());
        CHECK(replica->parked().waived() == 2);
        CHECK(stock_of(*replica, log, "1") == 3'000);
        const Asked asked{clock, *replica, {}};
        const auto rows = asked.pages(parked_query());
        REQUIRE(rows.size() == 2);
        CHECK(field(rows[0], "state") == "waived");
        CHECK(field(rows[0], "seq") == "2");
        CHECK(field(rows[0], "who") == "ann");
        CHECK(field(rows[0], "why") == "counted by hand");
        CHECK(field(rows[0], "at") == "1970-01-01T00:00:01Z");
        CHECK(asked.pages(parked_query("store2", "stock", "1")).size() == 2);
        const auto row = asked.row(QueryKind::stock, "1");
        CHECK(field(row, "parked") == "(none)");
        CHECK(field(row, "waived").find("store2/1/2 is left out: counted by hand (ann, ") == 0);
        schema::Query why;
        why.kind = QueryKind::why;
        why.topic = "stock";
        why.key = "1";
        const auto events = asked.pages(why);
        REQUIRE(events.size() == 4);
        CHECK(field(events[1], "parked").find("given up") == 0);
        CHECK(events[2].value == 2'000);
    };
    check();
    replica.reset();
    replica = open_replica(replica_options(folder));
    check();
    // Another one of the key is another matter.
    log.add("stock", "stock.weighed", "1", "new");
    take(*replica, log.range(5, 6));
    CHECK(replica->parked().events() == 1);
    CHECK(retry(*replica, {"store2", "stock", "1"}, waiver).waived == 1);
}

TEST_CASE("N9: a key of which all was given up is answered, with the record of who did so") {
    TestLog log("store2"), other("store3");
    log.add("stock", "stock.weighed", "1", "new");
    other.move("1", 7'000);
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, log.all());
    take(*replica, other.all());
    const Waiver waiver{"ann", schema::Timestamp{1'000'000}, "counted by hand"};
    REQUIRE(retry(*replica, {"store2", "stock", "1"}, waiver).waived == 1);
    const Asked asked{clock, *replica, {}};
    schema::Query query;
    query.kind = QueryKind::stock;
    query.key = "1";
    const auto both = asked.ask(query);
    REQUIRE(both);
    REQUIRE(both->rows.size() == 2);
    CHECK(both->rows[0].value == 0);
    CHECK(field(both->rows[0], "waived").find("store2/1/1 is left out: counted by hand") == 0);
    CHECK(both->rows[1].value == 7'000);
    // Of a key that begins the same nothing was given up.
    query.key = "11";
    CHECK(asked.ask(query).error().code == Errc::not_found);
    query.key = "1";
    query.store = "store2";
    CHECK(asked.ask(query).has_value());
}

TEST_CASE("N9: a log that is loaded again leaves out what was given up, until a version knows it") {
    TestLog log("store2");
    log.add("names", schema::kAppValue, "1", "first");
    log.add("names", schema::kAppValue, "2", "second");
    const std::vector<std::string> held{std::string(schema::kAppValue)};
    Folder folder;
    {
        const auto replica = open_replica(holding(folder, held));
        take(*replica, log.all());
        retry(*replica, {"store2", "names", "1"}, Waiver{"ann", {}, "an old label"});
        CHECK(replica->parked().waived() == 1);
    }
    const auto begin_again = [&](Replica& replica) {
        schema::Mark mark = log.mark(core::ManualClock(), 1).mark;
        mark.epoch = schema::Epoch{2};
        mark.end = schema::Sequence{1};
        const auto dropped = replica.overtaken(mark);
        REQUIRE(dropped);
        REQUIRE(*dropped);
        CHECK(replica.parked().empty());
        take(replica, log.all());
    };
    {
        const auto replica = open_replica(holding(folder, held));
        begin_again(*replica);
        CHECK(replica->parked().events() == 1);
        CHECK(replica->parked().waived() == 1);
    }
    const auto replica = open_replica(holding(folder, {}));
    begin_again(*replica);
    CHECK(replica->parked().nothing());
    const auto value = replica->read().value("names", log.store(), "1");
    REQUIRE(value);
    REQUIRE(*value);
    CHECK((*value)->payload == "first");
}
