// A replica that looks through its own rows.
#include <fstream>

#include "subscriber/replica_keys.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;

namespace {

/// Looks until all is looked at, in small steps.
schema::Result<void> look(Replica& replica) {
    for (;;) {
        const auto ended = replica.scrub(200);
        if (!ended) return tl::unexpected(ended.error());
        if (*ended) return {};
    }
}

TestLog some_log(const std::string& store) {
    TestLog log(store);
    for (int i = 0; i < 40; ++i) {
        log.move("sku" + std::to_string(i % 7), -1'000);
        log.debt("ann", 250);
    }
    return log;
}

}  // namespace

TEST_CASE("scrub: a whole replica is found whole, however often it is looked at") {
    const Folder folder;
    const auto replica = open_replica(replica_options(folder));
    take(*replica, some_log("store1").all());
    for (int i = 0; i < 3; ++i) {
        REQUIRE(look(*replica));
        CHECK(replica->damages().empty());
    }
    CHECK(replica->position(schema::StoreId{"store1"}, "stock").value() == 80);
}

TEST_CASE("scrub: a log with a damaged row is dropped and loaded again, the others stay") {
    const TestLog one = some_log("store1"), two = some_log("store2");
    for (const bool received : {false, true}) {
        CAPTURE(received);
        const Folder folder;
        {
            const auto replica = open_replica(replica_options(folder));
            take(*replica, one.all());
            take(*replica, two.all());
        }
        {
            auto store = ReplicaStore::open(replica_options(folder).store);
            REQUIRE(store);
            const auto write = (*store)->begin();
            schema::Bytes key("stock\0store2\0", 13);
            append_u64(key, 80);
            if (received) {
                write->put_received(key, "damage");
            } else {
                write->put(stock_key("store2", "sku3"), "damage");
            }
            REQUIRE((*store)->write(*write, true));
        }
        const auto replica = open_replica(replica_options(folder));
        REQUIRE(look(*replica));
        REQUIRE(replica->damages().size() == 1);
        const auto& damage = replica->damages()[0];
        CAPTURE(to_string(damage));
        CHECK(damage.store == two.store());
        CHECK(damage.topic == "stock");
        if (received) CHECK(damage.upto.value() == 80);
        CHECK(replica->position(one.store(), "stock").value() == 80);
        CHECK(replica->position(two.store(), "stock").value() == 0);
        CHECK(replica->position(two.store(), "debts").value() == 0);
        take(*replica, two.all());
        REQUIRE(look(*replica));
        CHECK(replica->damages().empty());
        check_sums(*replica);
    }
}

TEST_CASE("scrub: a damaged row of one log hides no damage of another from the same look") {
    const TestLog one = some_log("store1"), two = some_log("store2"), three = some_log("store3");
    const Folder folder;
    {
        const auto replica = open_replica(replica_options(folder));
        for (const TestLog* log : {&one, &two, &three}) take(*replica, log->all());
    }
    {
        auto store = ReplicaStore::open(replica_options(folder).store);
        REQUIRE(store);
        const auto other = (*store)->get(stock_key("store1", "sku6"));
        REQUIRE((other && *other));
        const auto write = (*store)->begin();
        write->put(stock_key("store2", "sku3"), "damage");
        write->put(stock_key("store1", "sku0"), **other);
        REQUIRE((*store)->write(*write, true));
    }
    const auto replica = open_replica(replica_options(folder));
    REQUIRE(look(*replica));
    CHECK(replica->damages().size() == 2);
    for (const TestLog* log : {&one, &two})
        CHECK(replica->position(log->store(), "stock").value() == 0);
    CHECK(replica->position(three.store(), "stock").value() == 80);
    for (const TestLog* log : {&one, &two}) take(*replica, log->all());
    REQUIRE(look(*replica));
    CHECK(replica->damages().empty());
    check_sums(*replica);
}

TEST_CASE("scrub: a table that cannot be read is said, for the whole replica to be loaded again") {
    const Folder folder;
    for (int i = 0; i < 2; ++i) {  // The second opening has made tables.
        const auto replica = open_replica(replica_options(folder));
        take(*replica, some_log("store1").all());
    }
    open_replica(replica_options(folder));
    int flipped = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        if (entry.path().extension() != ".sst") continue;
        std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(20);
        file.put('\x7f');
        ++flipped;
    }
    REQUIRE(flipped > 0);
    auto replica = Replica::open(replica_options(folder));
    const schema::Result<void> looked =
        replica ? look(**replica) : schema::Result<void>(tl::unexpected(replica.error()));
    REQUIRE_FALSE(looked);
    CHECK(looked.error().code == Errc::corrupt);
}
