// Which pieces of snapshots are asked for, of whom and when.
#include "subscriber/snapshot_pull.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using core::BootTime;
using schema::Sequence;
using schema::StoreId;

namespace snapshot_pull_test {
namespace {

const StoreId kStore{"store2"};

struct Pulling {
    Folder folder{};
    std::unique_ptr<Replica> replica = open_replica(replica_options(folder, "store1"));
    SnapshotPull pull{*replica};
    BootTime now{core::kSecond};
    std::vector<std::pair<std::string, schema::SnapshotAsk>> asked{};
    bool there = true;

    bool turn() {
        const auto changed = pull.turn(now, [&](const std::string& peer, auto ask) {
            if (there) asked.emplace_back(peer, std::move(ask));
            return there;
        });
        REQUIRE_MESSAGE(changed, changed.error().message);
        return *changed;
    }
    /// A base of two rows, in two pieces.
    schema::Chunk chunk(const std::string& topic, int piece) const {
        schema::BaseRow row;
        row.kind = schema::BaseRow::Kind::sum;
        row.epoch = schema::Epoch{1};
        row.key = "k0";
        schema::Chunk chunk;
        chunk.store = kStore;
        chunk.topic = topic;
        chunk.info = {schema::Epoch{1}, Sequence{7}, 2, {}};
        if (piece == 1) chunk.after = key_of(row);
        row.key = "k" + std::to_string(piece);
        row.events = 1;
        row.sum = 1'000 * (piece + 1);
        chunk.last = piece == 1;
        chunk.rows = schema::encode_rows({{key_of(row), value_of(row)}});
        chunk.checksum = schema::checksum_of(chunk.rows);
        return chunk;
    }
    void hear_control() {
        TestLog log("store2");
        log.open_epoch(1);
        for (int i = 0; i < 7; ++i) {
            log.transfer(schema::kTransferSent, "t" + std::to_string(i), "store7", "sku", 1);
        }
        take(*replica, log.all({"control"}));
    }
};

}  // namespace

TEST_CASE("snapshot pull: one piece after the other, then the topic is fetched again") {
    Pulling it;
    it.hear_control();
    it.pull.needed("head/broker", kStore, {"stock", "debts", "names"});
    CHECK(it.pull.waits("head/broker", kStore, "stock"));
    CHECK_FALSE(it.pull.waits("head/broker", kStore, "names"));  // It is not copied here.
    CHECK_FALSE(it.pull.waits("store2/publisher", kStore, "stock"));
    CHECK_FALSE(it.turn());
    REQUIRE(it.asked.size() == 1);
    CHECK(it.asked[0].second.topic == "debts");
    CHECK_FALSE(it.turn());
    CHECK(it.asked.size() == 1);  // One is on the way.
    it.pull.came("else/broker", it.chunk("debts", 0), it.now);
    CHECK(it.replica->coming(kStore, "debts") == nullptr);
    for (const char* topic : {"debts", "stock"}) {
        for (int piece : {0, 1}) {
            CHECK(it.asked.back().second.topic == topic);
            CHECK(it.asked.back().second.after.empty() == (piece == 0));
            CHECK(it.asked.back().second.upto.value() == (piece == 0 ? 0 : 7));
            it.pull.came("head/broker", it.chunk(topic, piece), it.now);
            const bool whole = it.turn();
            CHECK(whole == (piece == 1));
        }
    }
    CHECK(it.pull.empty());
    CHECK(it.pull.taken() == 2);
    TestLog log("store2");
    CHECK(stock_of(*it.replica, log, "k1") == 2'000);
    CHECK(balance_of(*it.replica, "k0") == 1'000);
}

TEST_CASE(
    "snapshot pull: a piece that does not come is asked for again, at once after a new session") {
    Pulling it;
    it.pull.needed("head/broker", kStore, {"stock"});
    it.turn();
    it.now = BootTime{it.now.value() + kPieceWithin - 1};
    it.turn();
    CHECK(it.asked.size() == 1);
    it.now = BootTime{it.now.value() + 1};
    it.turn();
    CHECK(it.asked.size() == 2);
    it.pull.session_began("else/broker");
    it.turn();
    CHECK(it.asked.size() == 2);
    it.pull.session_began("head/broker");
    it.turn();
    CHECK(it.asked.size() == 3);
    // What is damaged comes again, not in every turn.
    schema::Chunk damaged = it.chunk("stock", 0);
    damaged.checksum += 1;
    it.pull.came("head/broker", damaged, it.now);
    it.turn();
    CHECK(it.asked.size() == 3);
    it.now = BootTime{it.now.value() + 5 * core::kSecond};
    it.turn();
    CHECK(it.asked.size() == 4);
}

TEST_CASE("snapshot pull: who is not there is asked no more, and another one goes on") {
    Pulling it;
    it.pull.needed("one/broker", kStore, {"stock"});
    it.pull.needed("two/broker", kStore, {"stock"});
    it.turn();
    it.pull.came("one/broker", it.chunk("stock", 0), it.now);
    it.there = false;
    CHECK(it.turn());  // The topic may be asked of it again.
    CHECK_FALSE(it.pull.waits("one/broker", kStore, "stock"));
    it.there = true;
    CHECK_FALSE(it.turn());
    CHECK(it.asked.back().first == "two/broker");
    CHECK_FALSE(it.asked.back().second.after.empty());
    // It keeps all of the topic after all.
    schema::Chunk none;
    none.store = kStore;
    none.topic = "stock";
    it.pull.came("two/broker", none, it.now);
    CHECK(it.pull.empty());
}

TEST_CASE(
    "snapshot pull: one that cannot be taken in is fetched again later, and later each time") {
    Pulling it;
    it.hear_control();
    it.pull.needed("head/broker", kStore, {"stock"});
    // Of two epochs the sums leave 64 bits together.
    schema::Chunk bad = it.chunk("stock", 0);
    schema::EncodedRows rows;
    for (const std::uint32_t epoch : {1, 2}) {
        schema::BaseRow row;
        row.kind = schema::BaseRow::Kind::sum;
        row.epoch = schema::Epoch{epoch};
        row.key = "k0";
        row.events = 1;
        row.sum = INT64_MAX;
        rows.emplace_back(key_of(row), value_of(row));
    }
    std::sort(rows.begin(), rows.end());
    bad.rows = schema::encode_rows(rows);
    bad.checksum = schema::checksum_of(bad.rows);
    bad.last = true;
    const auto fails = [&] {
        it.pull.came("head/broker", bad, it.now);
        return !it.pull.turn(it.now, [](const std::string&, auto) { return true; });
    };
    it.turn();
    REQUIRE(it.asked.size() == 1);
    std::int64_t wait = 5 * core::kSecond;
    for (std::size_t tries = 1; tries < 6; ++tries) {
        CAPTURE(tries);
        REQUIRE(fails());
        for (int turns = 0; turns < 5; ++turns) it.turn();
        it.now = BootTime{it.now.value() + wait - 1};
        it.turn();
        CHECK(it.asked.size() == tries);
        it.now = BootTime{it.now.value() + 1};
        it.turn();
        CHECK(it.asked.size() == tries + 1);
        wait *= 2;
    }
    it.pull.came("head/broker", it.chunk("stock", 0), it.now);
    it.turn();
    it.pull.came("head/broker", it.chunk("stock", 1), it.now);
    CHECK(it.turn());
    CHECK(it.pull.taken() == 1);
}

TEST_CASE("snapshot pull: the one that is held does not come again, whoever says it is needed") {
    Pulling it;
    it.hear_control();
    it.pull.needed("one/broker", kStore, {"stock"});
    for (const int piece : {0, 1}) {
        it.turn();
        CHECK_FALSE(it.pull.came("one/broker", it.chunk("stock", piece), it.now));
    }
    CHECK(it.turn());
    // It had said so before the switch.
    it.pull.needed("two/broker", kStore, {"stock"});
    it.turn();
    CHECK(it.asked.back().first == "two/broker");
    CHECK(it.pull.came("two/broker", it.chunk("stock", 0), it.now));
    CHECK(it.pull.empty());
    CHECK(it.replica->coming(kStore, "stock") == nullptr);
    CHECK_FALSE(*it.replica->add_piece(it.chunk("stock", 0)));
    REQUIRE(it.replica->flush());
    int rows = 0;
    const auto base = held_base(it.replica->kept(), kStore, "stock");
    REQUIRE(base);
    REQUIRE(each_base_row(it.replica->kept(), kStore, "stock", **base, [&](const auto&) {
        ++rows;
        return schema::Result<void>();
    }));
    CHECK(rows == 2);
}

}  // namespace snapshot_pull_test
