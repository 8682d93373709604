#include "subscriber/new_keys.h"

#include "ledger/transit.h"
#include "subscriber/replica_keys.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;

namespace {

std::unique_ptr<ReplicaStore> store_in(const Folder& folder) {
    ReplicaStoreOptions options;
    options.dir = folder.path();
    auto store = ReplicaStore::open(options);
    REQUIRE(store);
    return std::move(*store);
}

}  // namespace

TEST_CASE("new keys: a log is new until a position of it is in the database, and to the end then") {
    const Folder folder;
    const auto store = store_in(folder);
    const auto write = store->begin();
    write->put(log_key('p', "store1", "stock"), "1");
    REQUIRE(store->write(*write, false));

    NewKeys keys(*store);
    CHECK_FALSE(keys.is_new_log(schema::StoreId{"store1"}, "stock"));
    CHECK(keys.is_new_log(schema::StoreId{"store1"}, "control"));
    CHECK(keys.is_new_log(schema::StoreId{"store2"}, "stock"));
    const auto later = store->begin();
    later->put(log_key('p', "store2", "stock"), "1");
    REQUIRE(store->write(*later, false));
    CHECK(keys.is_new_log(schema::StoreId{"store2"}, "stock"));
    CHECK_FALSE(NewKeys(*store).is_new_log(schema::StoreId{"store2"}, "stock"));
}

TEST_CASE("new keys: what was written may be there, and what was not is known but for a few") {
    const Folder folder;
    const auto store = store_in(folder);
    NewKeys keys(*store);
    CHECK(keys.may_have("before any log is new, nothing is known"));
    REQUIRE(keys.is_new_log(schema::StoreId{"store1"}, "control"));
    constexpr int kWritten = 100'000;
    for (int i = 0; i < kWritten; ++i) keys.written("t" + std::to_string(i));
    int wrong = 0;
    for (int i = 0; i < kWritten; ++i) {
        REQUIRE(keys.may_have("t" + std::to_string(i)));
        if (keys.may_have("u" + std::to_string(i))) ++wrong;
    }
    CHECK(wrong < kWritten / 100);
}

TEST_CASE("new keys: a record that an earlier write began is gone on with, also after a restart") {
    const Folder folder;
    TestLog log("store1");
    for (const auto kind :
         {schema::kTransferSent, schema::kCancelRequested, schema::kTransferTakenBack}) {
        log.transfer(kind, "T1", "store2", "sku", 5'000);
    }
    for (std::uint64_t after = 0; after < 3; ++after) {
        CAPTURE(after);
        ReplicaOptions options;
        options.store.dir = folder.path();
        options.own = schema::StoreId{"asker"};
        options.topics = {"stock"};
        options.stores = {"*"};
        auto replica = Replica::open(std::move(options));
        REQUIRE(replica);
        REQUIRE((*replica)->take(log.range(after, after + 1)));
        REQUIRE((*replica)->flush(false));
        if (after == 0) {  // The second step in the same run as the first.
            ++after;
            REQUIRE((*replica)->take(log.range(after, after + 1)));
            REQUIRE((*replica)->flush(false));
        }
    }
    const auto store = store_in(folder);
    const auto held = store->get(contribution_key(
        {"control", schema::StoreId{"store1"}, schema::Epoch{1}, Part::transfer, "T1"}));
    REQUIRE((held && *held));
    schema::Parser parser;
    const auto side = ledger::decode_transfer_side(parser, **held);
    REQUIRE(side);
    CHECK(side->sent);
    CHECK(side->cancel_requested);
    CHECK(side->taken_back);
}
