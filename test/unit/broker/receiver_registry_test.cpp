#include "broker/receiver_registry.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/journal/rocks_journal.h"

namespace filial::broker {
namespace {

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
        registry->reached("store2/subscriber", fetch, schema::Timestamp{5});
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
