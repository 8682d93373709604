#include "core/journal/store_logs.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "core/journal/rocks_journal.h"
#include "test/unit/broker/log_maker.h"

namespace filial::broker {
namespace {

using schema::Errc;
using schema::Sequence;
using schema::StoreId;

/// A journal in a folder of its own, gone with the test.
struct Fixture {
    std::filesystem::path dir =
        std::filesystem::temp_directory_path() / ("filial-store-logs-" + std::to_string(getpid()));
    core::ManualClock clock;
    std::unique_ptr<core::RocksJournal> journal;
    std::unique_ptr<core::StoreLogs> logs;

    Fixture() {
        std::filesystem::remove_all(dir);
        open();
    }
    ~Fixture() {
        logs.reset();
        journal.reset();
        std::filesystem::remove_all(dir);
    }
    void open() {
        logs.reset();
        journal.reset();
        core::JournalOptions options;
        options.dir = dir;
        auto opened = core::RocksJournal::open(options);
        REQUIRE(opened);
        journal = std::move(*opened);
        logs = std::make_unique<core::StoreLogs>(*journal, clock);
    }
    schema::Range all_of(const std::string& store) const {
        auto range = journal->read({StoreId{store}, {"*"}, Sequence{0}, 64 << 20});
        REQUIRE(range);
        return *range;
    }
};

TEST_CASE("store logs: nothing is acknowledged before the commit") {
    Fixture f;
    LogMaker store("store1");
    store.sell(5);
    REQUIRE(f.logs->stage(store.range(0, 6)));
    CHECK(f.logs->staged_end(StoreId{"store1"}) == Sequence{6});
    CHECK(f.journal->end(StoreId{"store1"}) == Sequence{0});
    REQUIRE(f.logs->commit({}));
    CHECK(f.journal->end(StoreId{"store1"}) == Sequence{6});
}

TEST_CASE("store logs: a range that begins above what is held is a gap and stores nothing") {
    Fixture f;
    LogMaker store("store1");
    store.sell(9);
    REQUIRE(f.logs->stage(store.range(0, 4)));
    const auto staged = f.logs->stage(store.range(5, 8));
    REQUIRE(!staged);
    CHECK(staged.error().code == Errc::gap);
    REQUIRE(f.logs->commit({}));
    CHECK(f.journal->end(StoreId{"store1"}) == Sequence{4});
}

TEST_CASE("store logs: ranges that overlap, repeat or come twice leave every event once") {
    Fixture f;
    LogMaker store("store1");
    store.sell(400);
    std::mt19937 random(7);
    const std::uint64_t end = store.size();
    while (f.logs->staged_end(StoreId{"store1"}).value() < end) {
        const std::uint64_t held = f.logs->staged_end(StoreId{"store1"}).value();
        const std::uint64_t after = held - std::min<std::uint64_t>(held, random() % 30);
        const std::uint64_t upto = std::min<std::uint64_t>(end, after + 1 + random() % 60);
        REQUIRE(f.logs->stage(store.range(after, upto)));
        if (random() % 4 == 0) REQUIRE(f.logs->commit({}));
        if (random() % 16 == 0) f.open();  // What was only staged comes again.
    }
    REQUIRE(f.logs->commit({}));
    const auto range = f.all_of("store1");
    CHECK(range.upto == Sequence{end});
    const auto held = schema::events_in_order(range.segments);
    const auto sent = schema::events_in_order(store.range(0, end).segments);
    REQUIRE(held);
    REQUIRE(sent);
    const bool same = *held == *sent;
    CHECK(same);
}

TEST_CASE("store logs: a range that leaves a position out is refused as damaged") {
    Fixture f;
    LogMaker store("store1");
    store.sell(9);
    auto range = store.range(0, 8);
    range.segments.pop_back();
    const auto staged = f.logs->stage(range);
    REQUIRE(!staged);
    CHECK(staged.error().code == Errc::corrupt);
    CHECK(!f.logs->staged());
}

TEST_CASE("store logs: the machine that opened a log is remembered over a restart") {
    Fixture f;
    LogMaker store("store1", 9);
    REQUIRE(f.logs->stage(store.range(0, 1)));
    REQUIRE(f.logs->commit({}));
    f.open();
    const auto head = f.journal->head(StoreId{"store1"});
    REQUIRE(head);
    CHECK(head->incarnation[0] == 9);
    CHECK(head->epoch == schema::Epoch{1});
}

TEST_CASE("store logs: an older epoch than the one held is refused by name") {
    Fixture f;
    LogMaker store("store1");
    store.sell(3);
    auto newer = store.range(0, 2);
    newer.epoch = schema::Epoch{2};
    for (auto& segment : newer.segments) segment.epoch = schema::Epoch{2};
    REQUIRE(f.logs->stage(newer));
    const auto older = f.logs->stage(store.range(2, 4));
    REQUIRE(!older);
    CHECK(older.error().code == Errc::stale_incarnation);
}

/// store1's log, which a second machine goes on writing in the same epoch.
LogMaker taken_over() {
    LogMaker store("store1", 1);
    store.sell(3);
    schema::LogOpened opened;
    opened.incarnation.fill(0xab);
    opened.epoch = schema::Epoch{1};
    store.add("control", std::string(schema::kLogOpened), schema::encode(opened));
    store.sell(3);
    return store;
}

TEST_CASE("store logs: a fork is refused by name, and all other logs go on") {
    Fixture f;
    const LogMaker store = taken_over();
    LogMaker other("store2", 2);
    other.sell(4);
    REQUIRE(f.logs->stage(store.range(0, 4)));
    REQUIRE(f.logs->commit({}));
    REQUIRE(f.logs->stage(other.range(0, 2)));
    const auto forked = f.logs->stage(store.range(4, 8));
    REQUIRE_FALSE(forked);
    CHECK(forked.error().code == Errc::forked);
    for (const char* part : {"store1", "01010101", "abababab", "stop the second machine"}) {
        CAPTURE(part);
        CHECK(forked.error().message.find(part) != std::string::npos);
    }
    CHECK(f.logs->staged_end(StoreId{"store1"}) == Sequence{4});
    REQUIRE(f.logs->stage(other.range(2, 5)));
    REQUIRE(f.logs->commit({}));
    CHECK(f.journal->end(StoreId{"store1"}) == Sequence{4});
    CHECK(f.journal->end(StoreId{"store2"}) == Sequence{5});
}

TEST_CASE("store logs: a second machine's log is not joined to the first one's") {
    Fixture f;
    LogMaker first("store1", 1), second("store1", 2);
    first.sell(3);
    second.sell(9);
    REQUIRE(f.logs->stage(first.range(0, 4)));
    const auto staged = f.logs->stage(second.range(0, 8));  // The same positions and more.
    REQUIRE_FALSE(staged);
    CHECK(staged.error().code == Errc::forked);
    REQUIRE(f.logs->commit({}));
    CHECK(f.journal->end(StoreId{"store1"}) == Sequence{4});
}

TEST_CASE("store logs: what another log has above the end is not put behind what is held") {
    LogMaker store("store1");
    store.sell(3);
    LogMaker fork = store;
    store.sell(4);
    fork.add("stock", "stock.moved",
             schema::encode(schema::StockMoved{schema::Quantity{7}, "sale", "", 0, {}}));
    fork.sell(5);
    for (const bool committed : {false, true}) {
        CAPTURE(committed);
        Fixture f;
        REQUIRE(f.logs->stage(store.range(0, 5)));
        if (committed) REQUIRE(f.logs->commit({}));
        // It was asked for from 4 on, before 5 was here.
        const auto mixed = f.logs->stage(fork.range(4, 8));
        REQUIRE_FALSE(mixed);
        CHECK(mixed.error().code == Errc::gap);
        CHECK(mixed.error().message.find("other events up to 5") != std::string::npos);
        CHECK(f.logs->staged_end(StoreId{"store1"}) == Sequence{5});
        REQUIRE(f.logs->stage(store.range(3, 8)));
        REQUIRE(f.logs->commit({}));
        CHECK(f.all_of("store1").segments[0].rows == store.range(0, 8).segments[0].rows);
    }
}

TEST_CASE("store logs: another log's events at places that are held are noticed, also if no more") {
    LogMaker store("store1");
    store.sell(3);
    LogMaker fork = store;
    store.sell(6);
    fork.add("stock", "stock.moved",
             schema::encode(schema::StockMoved{schema::Quantity{7}, "sale", "", 0, {}}));
    fork.sell(5);
    for (const bool committed : {false, true}) {
        CAPTURE(committed);
        Fixture f;
        REQUIRE(f.logs->stage(store.range(0, 8)));
        if (committed) REQUIRE(f.logs->commit({}));
        CHECK(f.logs->stage(store.range(2, 6)));
        CHECK(f.logs->stage(store.range(2, 8)));
        CHECK(f.logs->stage(fork.range(2, 4)));  // Of before they parted.
        for (const std::uint64_t upto : {6, 8}) {
            const auto other = f.logs->stage(fork.range(3, upto));
            REQUIRE_FALSE(other);
            CHECK(other.error().code == Errc::gap);
        }
        CHECK(f.logs->staged_end(StoreId{"store1"}) == Sequence{8});
    }
}

TEST_CASE("store logs: what is no commit of its log is refused at once, not in every flush") {
    Fixture f;
    LogMaker store("store1"), other("store2");
    store.sell(3);
    other.sell(3);
    auto range = store.range(0, 4);
    for (auto& segment : range.segments) segment.epoch = schema::Epoch{2};
    const auto staged = f.logs->stage(range);
    REQUIRE_FALSE(staged);
    CHECK(staged.error().code == Errc::invalid);
    REQUIRE(f.logs->stage(other.range(0, 4)));
    REQUIRE(f.logs->commit({}));
    CHECK(f.journal->end(StoreId{"store2"}) == Sequence{4});
}

TEST_CASE("store logs: a new epoch begins with its record, right behind what is held") {
    for (const bool with_record : {false, true}) {
        CAPTURE(with_record);
        Fixture f;
        LogMaker store("store1", 1);
        store.sell(3);
        if (with_record) {
            schema::LogOpened opened;
            opened.incarnation.fill(2);
            opened.epoch = schema::Epoch{2};
            opened.continues_from = Sequence{4};
            store.add("control", std::string(schema::kLogOpened), schema::encode(opened));
        }
        store.sell(4);
        REQUIRE(f.logs->stage(store.range(0, 4)));
        auto second = store.range(4, 8);
        second.epoch = schema::Epoch{2};
        for (auto& segment : second.segments) segment.epoch = schema::Epoch{2};
        const auto staged = f.logs->stage(second);
        CHECK(staged.has_value() == with_record);
        if (!with_record) CHECK(staged.error().code == Errc::forked);
        REQUIRE(f.logs->commit({}));
        CHECK(f.journal->end(StoreId{"store1"}) == Sequence{with_record ? 8u : 4u});
        CHECK(f.journal->head(StoreId{"store1"})->incarnation[0] == (with_record ? 2 : 1));
    }
}

}  // namespace
}  // namespace filial::broker
