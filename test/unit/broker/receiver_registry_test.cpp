#include "broker/receiver_registry.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/journal/rocks_journal.h"
#include "core/link/keys.h"
#include "schema/limits.h"
#include "test/support/memory_journal.h"
#include "test/support/temp_folder.h"

namespace filial::broker {
namespace {

core::Peer peer_of(const std::string& store, const std::string& name, bool local = false) {
    core::Peer peer;
    peer.store = store;
    peer.name = store + "/" + name;
    peer.local = local;
    return peer;
}

schema::Fetch fetch_of(const std::string& store) {
    schema::Fetch fetch;
    fetch.store = schema::StoreId{store};
    fetch.after = {{"*", schema::Sequence{7}}};
    return fetch;
}

TEST_CASE("receiver registry: receivers of whole logs come back, what is forgotten does not") {
    test::MemoryJournal journal;
    {
        auto registry = ReceiverRegistry::load(journal);
        REQUIRE(registry);
        for (const char* name : {"subscriber", "tap:feed", "tap:feeds"}) {
            for (const char* origin : {"store1", "store3"}) {
                CHECK(registry->reached(peer_of("store2", name), fetch_of(origin), {}));
            }
        }
        core::JournalWrite write;
        registry->save(write);
        REQUIRE(journal.commit(write, true));
        CHECK(registry->reached(peer_of("store2", "tap:feed"), fetch_of("store1"), {}));
        CHECK(registry->knows("store2/tap:feed"));
        CHECK_FALSE(registry->knows("store2/tap"));
        core::JournalWrite forgetting;
        registry->forgotten("store2/tap:feed", forgetting);
        REQUIRE(journal.commit(forgetting, true));
        registry->forget("store2/tap:feed");
        CHECK_FALSE(registry->knows("store2/tap:feed"));
        CHECK_FALSE(registry->changed());
    }
    const auto again = ReceiverRegistry::load(journal);
    REQUIRE(again);
    CHECK(again->all().size() == 4);
    CHECK(again->all().begin()->second.after == fetch_of("store1").after);
    CHECK_FALSE(again->knows("store2/tap:feed"));
    CHECK(again->knows("store2/tap:feeds"));
}

TEST_CASE("receiver registry: a store that makes up names fills no more than its own part") {
    test::MemoryJournal journal;
    auto registry = ReceiverRegistry::load(journal);
    REQUIRE(registry);
    for (std::size_t i = 0; i < 2 * schema::kReceiversPerStoreMax; ++i) {
        const auto peer = peer_of("store2", "tap:n" + std::to_string(i));
        CHECK(registry->reached(peer, fetch_of("store1"), {}) ==
              (i < schema::kReceiversPerStoreMax));
    }
    CHECK(registry->all().size() == schema::kReceiversPerStoreMax);
    CHECK(registry->reached(peer_of("store2", "tap:n0"), fetch_of("store3"), {}));
    CHECK(registry->reached(peer_of("store22", "subscriber"), fetch_of("store1"), {}));
}

TEST_CASE("receiver registry: a revoked key is known over a restart, programs here have none") {
    const test::TempFolder folder;
    test::MemoryJournal journal;
    {
        auto registry = ReceiverRegistry::load(journal);
        REQUIRE(registry);
        registry->reached(peer_of("store2", "subscriber"), fetch_of("store1"), {});
        registry->reached(peer_of("store3", "subscriber", true), fetch_of("store1"), {});
        core::JournalWrite write;
        registry->save(write);
        REQUIRE(journal.commit(write, true));
    }
    const auto registry = ReceiverRegistry::load(journal);
    REQUIRE(registry);
    core::AllowList allow(folder / "allow.toml");
    CHECK(registry->revoked(allow) == std::set<std::string>{"store2/subscriber"});
    const auto keys = core::make_keys();
    REQUIRE(core::AllowList::admit(folder / "allow.toml", {"store2", keys->curve_public}));
    REQUIRE(allow.refresh());
    CHECK(registry->revoked(allow).empty());
}

TEST_CASE("receiver registry: positions by receiver and log come back after a restart") {
    const auto dir =
        std::filesystem::temp_directory_path() / ("filial-registry-" + std::to_string(getpid()));
    std::filesystem::remove_all(dir);
    core::JournalOptions options;
    options.dir = dir;
    schema::Fetch fetch;
    fetch.store = schema::StoreId{"store1"};
    fetch.epoch = schema::Epoch{1};
    fetch.after = {{"stock", schema::Sequence{40}}, {"control", schema::Sequence{41}}};
    {
        auto journal = core::RocksJournal::open(options);
        REQUIRE(journal);
        auto registry = ReceiverRegistry::load(**journal);
        REQUIRE(registry);
        CHECK(registry->reached(peer_of("store2", "subscriber"), fetch, schema::Timestamp{5}));
        CHECK(registry->changed());
        core::JournalWrite write;
        registry->save(write);
        CHECK(!registry->changed());
        REQUIRE((*journal)->commit(write, true));
    }
    {
        auto journal = core::RocksJournal::open(options);
        REQUIRE(journal);
        auto registry = ReceiverRegistry::load(**journal);
        REQUIRE(registry);
        REQUIRE(registry->all().size() == 1);
        const auto& [key, held] = *registry->all().begin();
        CHECK(key.first == "store2/subscriber");
        CHECK(key.second == fetch.store);
        CHECK(held.after == fetch.after);
        CHECK(held.heard == schema::Timestamp{5});
    }
    std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace filial::broker
