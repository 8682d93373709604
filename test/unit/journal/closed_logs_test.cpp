// Damage where the manifest names logs of writes that are closed and still needed: RocksDB opens
// such a database for reading alone only while it compares them.
#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>

#include "core/journal/journal_repair.h"
#include "core/journal/log_rebuild.h"
#include "test/unit/broker/log_maker.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

namespace fs = std::filesystem;

const schema::StoreId kTwoLogsOf{"store1"};
constexpr std::uint64_t kTwoLogsEvents = 90;
constexpr int kMostFolders = 20;

core::JournalOptions closed_logs_options(const fs::path& dir) {
    auto options = options_in(dir, "store1");
    options.memtable_bytes = 64 << 10;
    return options;
}

/// With payloads that no table packs well, all of one topic.
broker::LogMaker one_topic_log() {
    std::mt19937 random(4716);
    broker::LogMaker log("store1");
    while (log.size() < kTwoLogsEvents) {
        schema::Bytes payload(1'500, '\0');
        for (char& byte : payload) byte = static_cast<char>(random());
        log.add("stock", "app.event", payload);
    }
    return log;
}

/// A journal whose rows went into tables and whose state did not, so that a log of writes that is
/// closed is still needed. Which of both goes first is up to RocksDB's job in the background: where
/// it was the state's turn as well, only the newest log is left, and that is none of these folders.
std::optional<fs::path> fill_two_logs(const fs::path& dir, const broker::LogMaker& log) {
    {
        const auto journal = opened(closed_logs_options(dir));
        core::LogCopy copy(*journal, kTwoLogsOf);
        for (std::uint64_t from = 0; from < kTwoLogsEvents; from += 5) {
            REQUIRE(copy.take(log.range(from, from + 5), schema::Timestamp{1}));
            REQUIRE(copy.commit());
        }
        REQUIRE(journal->witness());
    }
    const auto logs = write_ahead_logs(dir);
    if (logs.size() < 2) return std::nullopt;
    return logs[0].filename();
}

void repair_two_logs(const fs::path& dir, const broker::LogMaker& log) {
    auto opened = core::JournalRepair::open(closed_logs_options(dir));
    REQUIRE(opened);
    auto rebuild = std::make_unique<core::LogRebuild>(**opened, kTwoLogsOf);
    while (rebuild->end().value() < kTwoLogsEvents) {
        while (rebuild->salvage(1 << 10)) {
        }
        const std::uint64_t end = rebuild->end().value();
        if (end < kTwoLogsEvents) REQUIRE(rebuild->take(log.range(end, kTwoLogsEvents), {}));
    }
    REQUIRE(rebuild->commit());
    rebuild.reset();
    REQUIRE((*opened)->finish("a test"));
}

}  // namespace

TEST_CASE("repair: damage where the manifest names closed logs of writes is repaired like any") {
    const broker::LogMaker log = one_topic_log();
    const TempFolder folder;
    fs::path source;
    std::optional<fs::path> found;
    for (int i = 0; i < kMostFolders && !found; ++i) {
        source = folder.path() / ("source" + std::to_string(i));
        found = fill_two_logs(source, log);
    }
    REQUIRE(found);
    const fs::path closed = *found;
    for (const std::string how : {"flipped", "cut", "gone"}) {
        CAPTURE(how);
        const fs::path dir = folder.path() / how;
        fs::copy(source, dir, fs::copy_options::recursive);
        const fs::path file = dir / "db" / closed;
        const auto size = fs::file_size(file);
        if (how == "gone") fs::remove(file);
        if (how == "cut") fs::resize_file(file, size / 2);
        if (how == "flipped") {
            std::string bytes = bytes_of_file(file);
            bytes[size / 2] = static_cast<char>(bytes[size / 2] ^ 4);
            write_file(file, bytes);
        }
        REQUIRE_FALSE(core::RocksJournal::open(closed_logs_options(dir)));
        repair_two_logs(dir, log);
        const auto journal = opened(closed_logs_options(dir));
        CHECK(journal->end(kTwoLogsOf).value() == kTwoLogsEvents);
        const auto range = journal->read({kTwoLogsOf, {"*"}, schema::Sequence{0}, 1 << 20});
        REQUIRE(range);
        const auto held = schema::events_in_order(range->segments);
        const auto expected = schema::events_in_order(log.range(0, kTwoLogsEvents).segments);
        REQUIRE(held);
        REQUIRE(expected);
        CHECK(*held == *expected);
    }
}

}  // namespace filial::test
