// What a replica gives back of its own store's log.
#include "subscriber/own_log_source.h"
#include "test/unit/subscriber/damage_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::Sequence;

namespace {

TestLog mixed_log() {
    TestLog log("own");
    for (int i = 0; i < 4; ++i) {
        log.move("22111", -1'000);
        log.debt("zebra", 500);
        log.customer("zebra", "own", "PT");
    }
    return log;
}

core::ReadRequest ask(std::uint64_t after, std::size_t bytes = 1 << 20) {
    return {schema::StoreId{"own"}, {"*"}, Sequence{after}, bytes};
}

/// All that it gives above `after`, read on until it has no more; as one range an answer.
std::vector<schema::Range> read_all(OwnLogSource& source, std::uint64_t after, std::size_t bytes) {
    std::vector<schema::Range> ranges;
    Sequence at{after};
    while (at < source.end()) {
        auto range = source.read(ask(at.value(), bytes));
        if (!range) break;
        REQUIRE(range->after == at);
        REQUIRE(range->upto > at);
        at = range->upto;
        ranges.push_back(std::move(*range));
    }
    return ranges;
}

}  // namespace

TEST_CASE("own log: a replica gives back all topics of its store's log, in order, byte by byte") {
    TestLog log = mixed_log();
    Folder folder;
    auto replica = open_replica(replica_options(folder, "own"));
    OwnLogSource source(*replica);
    CHECK_FALSE(source.holds());
    CHECK(source.end().value() == 0);
    take(*replica, log.range(0, 5));
    take(*replica, log.range(5, 12));
    REQUIRE(source.holds());
    CHECK(source.end().value() == 12);

    const auto whole = source.read(ask(0));
    REQUIRE(whole);
    CHECK(whole->upto.value() == 12);
    const schema::Range expected = log.all();
    REQUIRE(whole->segments.size() == expected.segments.size());
    for (const schema::Segment& segment : expected.segments) {
        const auto same =
            std::find_if(whole->segments.begin(), whole->segments.end(),
                         [&](const schema::Segment& each) { return each.topic == segment.topic; });
        REQUIRE(same != whole->segments.end());
        CHECK(same->rows == segment.rows);
        CHECK(same->seqs == segment.seqs);
    }
    // From inside, and in small pieces.
    CHECK(source.read(ask(7))->after.value() == 7);
    CHECK(read_all(source, 0, 1).size() == 12);
    CHECK(read_all(source, 3, 100).back().upto.value() == 12);
}

TEST_CASE("own log: it ends before the first event that the replica does not have") {
    TestLog log = mixed_log();
    log.add("app", "app.event", "a note of another program", "note");  // Not asked for.
    log.move("22111", -1'000);
    Folder folder;
    auto replica = open_replica(replica_options(folder, "own"));
    take(*replica, log.range(0, 14));
    OwnLogSource source(*replica);
    CHECK(source.end().value() == 14);
    const auto ranges = read_all(source, 0, 1 << 20);
    REQUIRE(ranges.size() == 1);
    CHECK(ranges[0].upto.value() == 12);
    const auto behind = source.read(ask(12));
    REQUIRE_FALSE(behind);
    CHECK(behind.error().code == Errc::gap);
    CHECK(behind.error().message.find("event 13") != std::string::npos);
    CHECK(source.read(ask(13))->upto.value() == 14);
}

TEST_CASE(
    "own log: of a ticket whose rest is missing nothing is given back, and no answer ends in one") {
    TestLog log("own");
    const auto ticket = [&](std::uint64_t number, std::uint32_t count) {
        for (std::uint32_t index = 0; index < count; ++index) {
            schema::Event event;
            event.topic = index + 1 < count ? "stock" : "debts";
            event.kind = index + 1 < count ? schema::kStockMoved : schema::kDebtMoved;
            event.key = index + 1 < count ? "22111" : "zebra";
            event.client = schema::ClientId{3};
            event.number = number;
            event.index = index;
            event.count = count;
            event.payload =
                index + 1 < count
                    ? schema::encode(schema::StockMoved{schema::Quantity{-1'000}, "sale", "", 0,
                                                        schema::UnitCost{}})
                    : schema::encode(schema::DebtMoved{schema::Money{500}, "charge", "", 0});
            log.add(std::move(event));
        }
    };
    ticket(1, 3);
    ticket(2, 1);
    ticket(3, 4);
    Folder folder;
    auto replica = open_replica(replica_options(folder, "own"));
    take(*replica, log.all());
    OwnLogSource source(*replica);
    for (const std::size_t bytes : {1, 100'000}) {
        CAPTURE(bytes);
        const auto ranges = read_all(source, 0, bytes);
        REQUIRE(!ranges.empty());
        CHECK(ranges.size() == (bytes == 1 ? 3 : 1));
        CHECK(ranges.front().upto.value() == (bytes == 1 ? 3 : 8));
        CHECK(ranges.back().upto.value() == 8);
    }
    // Its last event, of another topic, did not come again.
    REQUIRE(replica->reload(log.store(), "debts"));
    take(*replica, log.range(0, 7, {"debts"}));
    CHECK(source.end().value() == 8);
    const auto rest = read_all(source, 0, 100'000);
    REQUIRE(!rest.empty());
    CHECK(rest.back().upto.value() == 4);
    const auto missing = source.read(ask(4));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::gap);
}

TEST_CASE("own log: a range is of one epoch, and nobody else's log is given back") {
    TestLog log = mixed_log();
    Folder folder;
    auto replica = open_replica(replica_options(folder, "own"));
    take(*replica, log.all());
    log.open_epoch(2);
    log.move("22111", -1'000);
    take(*replica, log.range(12, 14));
    TestLog other("store2");
    other.move("22111", -1'000);
    take(*replica, other.all());
    OwnLogSource source(*replica);
    const auto ranges = read_all(source, 0, 1 << 20);
    REQUIRE(ranges.size() == 2);
    CHECK(ranges[0].epoch.value() == 1);
    CHECK(ranges[0].upto.value() == 12);
    CHECK(ranges[1].epoch.value() == 2);
    CHECK(ranges[1].upto.value() == 14);

    const auto foreign = source.read({schema::StoreId{"store2"}, {"*"}, Sequence{0}, 1 << 20});
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == Errc::not_held);
    CHECK(source.read({schema::StoreId{"own"}, {"stock"}, Sequence{0}, 1}).error().code ==
          Errc::not_held);
}

TEST_CASE("own log: rows that are not what came are given back by no replica") {
    TestLog log = mixed_log();
    Folder folder;
    const ReplicaOptions options = replica_options(folder, "own");
    schema::Segment bad;
    {
        std::map<std::string, schema::Hash> heads;
        const auto replica = open_replica(options);
        for (std::uint64_t at = 0; at < 12; at += 6) {
            const schema::Range range = with_chains(log.range(at, at + 6), heads);
            if (at == 6) bad = range.segments.front();
            take(*replica, range);
        }
        OwnLogSource source(*replica);
        CHECK(read_all(source, 0, 1 << 20).back().upto.value() == 12);
    }
    bad.rows.back().back() ^= 1;
    overwrite_piece(options, log.store(), bad);

    const auto replica = open_replica(options);
    OwnLogSource source(*replica);
    const auto ranges = read_all(source, 0, 1 << 20);
    REQUIRE_FALSE(ranges.empty());
    const std::uint64_t good = bad.first().value() - 1;
    CHECK(ranges.back().upto.value() == good);
    for (int twice = 0; twice < 2; ++twice) {
        const auto behind = source.read(ask(good));
        REQUIRE_FALSE(behind);
        CHECK(behind.error().code == Errc::corrupt);
        CHECK(behind.error().message.find(bad.topic + " behind event " + std::to_string(good)) !=
              std::string::npos);
    }
    // Asked from behind there, it does not take what it has not looked at for whole.
    CHECK_FALSE(source.read(ask(bad.last().value() - 1)));
}
