// What a full disk does to the replica's store.
#include <doctest/doctest.h>

#include <map>

#include "schema/hash.h"
#include "subscriber/replica_store.h"
#include "test/support/small_disk.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;

namespace {

constexpr std::size_t kMiB = 1 << 20;

ReplicaStoreOptions options_in(const test::SmallDisk& disk) {
    ReplicaStoreOptions options;
    options.dir = disk.path() / "replica";
    options.free_bytes_floor = 0;  // The database itself has to find out.
    return options;
}

/// The replica's store as its owner uses it: what failed is written again.
struct Writer {
    ReplicaStore& store;
    std::uint64_t next = 0;
    std::unique_ptr<ReplicaWrite> write = store.begin();

    schema::Result<void> step(bool sync) {
        if (write->empty()) {
            write->put("last", std::to_string(next));
            for (int i = 0; i < 4; ++i) {
                write->put("k" + std::to_string(next * 4 + static_cast<std::uint64_t>(i)),
                           schema::random_bytes(8'000));
            }
        }
        const auto done = store.write(*write, sync);
        if (!done) return done;
        write = store.begin();
        ++next;
        return {};
    }
    std::uint64_t count() const {
        std::uint64_t found = 0;
        REQUIRE(store.scan("k", {}, [&](schema::ByteView, schema::ByteView) {
            ++found;
            return true;
        }));
        return found;
    }
};

}  // namespace

TEST_CASE("replica store: a full disk is no_space for as long as it lasts, and loses nothing") {
    for (std::size_t ballast = 0; ballast < 3'000'000; ballast += 430'000) {
        CAPTURE(ballast);
        const test::SmallDisk disk(16 * kMiB);
        if (!disk.mounted()) return;
        std::ofstream(disk.path() / "ballast") << std::string(ballast, 'x');
        const auto opened = ReplicaStore::open(options_in(disk));
        REQUIRE(opened);
        ReplicaStore& store = **opened;
        Writer writer{store};
        for (int round = 0; round < 3; ++round) {
            CAPTURE(round);
            schema::Result<void> result;
            for (int i = 0; i < 20'000 && result; ++i) result = writer.step(i % 3 != 0);
            REQUIRE_FALSE(result.has_value());
            REQUIRE_MESSAGE(result.error().code == Errc::no_space, result.error().message);
            for (int i = 0; i < 20; ++i) {
                result = writer.step(true);
                if (result) continue;
                REQUIRE_MESSAGE(result.error().code == Errc::no_space, result.error().message);
            }
            disk.resize((16 + 16 * static_cast<std::size_t>(round + 1)) * kMiB);
            for (int i = 0; i < 100; ++i) {
                result = writer.step(true);
                // What the database met beside an earlier write may be told late, once.
                if (!result) result = writer.step(true);
                REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
            }
            CHECK(writer.count() == writer.next * 4);
        }
    }
}
