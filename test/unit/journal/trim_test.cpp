// Logs whose beginning is not kept any more.
#include <doctest/doctest.h>
#include <rocksdb/db.h>
#include <rocksdb/perf_context.h>

#include <map>

#include "core/journal/folder.h"
#include "core/journal/log_layout.h"
#include "core/journal/rocks_database.h"
#include "test/unit/journal/journal_support.h"

using namespace filial;
using namespace filial::test;
using schema::Errc;
using schema::Sequence;

namespace {

const schema::StoreId kLogOfTrim{"store1"};

core::JournalWrite trim_of(const std::string& topic, std::uint64_t upto) {
    core::JournalWrite write;
    write.trims.push_back({kLogOfTrim, topic, Sequence{upto}});
    return write;
}

/// `count` commits of one stock and one debts event, so odd positions are stock, even ones debts.
void commit_events(core::Journal& journal, int count) {
    for (int i = 0; i < count; ++i) {
        const Sequence end = journal.end(kLogOfTrim);
        schema::Event event;
        event.key = "key " + std::to_string(end.value());
        core::JournalWrite write;
        write.appends.push_back(
            append_after(end, {{"stock", encode_row(event)}, {"debts", encode_row(event)}}));
        const auto head = journal.head(kLogOfTrim).value_or(core::LogHead{});
        for (schema::Segment& segment : write.appends[0].segments) {
            const auto* topic = head.find(segment.topic);
            const auto chain = schema::chain_after(
                kLogOfTrim, segment, topic == nullptr ? schema::Hash{} : topic->chain);
            REQUIRE(chain);
            segment.chain = schema::view(*chain);
        }
        REQUIRE(journal.commit(write, true));
    }
}

Errc read_fails(const core::Journal& journal, const std::vector<std::string>& topics,
                std::uint64_t after) {
    const auto range = journal.read({kLogOfTrim, topics, Sequence{after}, 1 << 20});
    REQUIRE_FALSE(range.has_value());
    return range.error().code;
}

/// The database under a closed journal.
core::RocksDatabase database_of(const core::JournalOptions& options) {
    auto database = core::RocksDatabase::open(options.dir / "db", {"log", "heads", "state"},
                                              {8 << 20, 4 << 20}, core::RocksDatabase::Mode::write);
    REQUIRE(database);
    return std::move(*database);
}

std::size_t commits_in(const core::JournalOptions& options, const std::string& topic) {
    const auto database = database_of(options);
    const auto prefix = core::topic_prefix(kLogOfTrim, topic);
    const std::unique_ptr<rocksdb::Iterator> at(
        database.db().NewIterator(rocksdb::ReadOptions(), database.column(0)));
    std::size_t count = 0;
    for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) ++count;
    return count;
}

void look(core::RocksJournal& journal) {
    for (int steps = 0; !journal.scrub(100); ++steps) REQUIRE(steps < 10'000);
    const auto damages = journal.damages();
    INFO(core::to_string(damages));
    CHECK(damages.empty());
}

}  // namespace

TEST_CASE("trim: a read from below is refused, from the trim on it is as before") {
    const TempFolder folder;
    const auto options = options_in(folder / "j", "store1");
    std::map<std::uint64_t, core::LogHead> heads;
    std::vector<std::string> stock, debts;
    {
        const auto journal = opened(options);
        commit_events(*journal, 40);
        for (std::uint64_t at = 1; at <= 80; ++at)
            heads[at] = *journal->head_at(kLogOfTrim, Sequence{at});
        stock = rows_of(*journal, {"stock"}, 31);
        debts = rows_of(*journal, {"debts"});
        REQUIRE(journal->commit(trim_of("stock", 31), true));
        REQUIRE(journal->witness());
    }
    const auto journal = opened(options);  // The witness agrees.
    CHECK(journal->head(kLogOfTrim)->find("stock")->kept_after == Sequence{31});
    CHECK(read_fails(*journal, {"stock"}, 0) == Errc::snapshot_needed);
    CHECK(read_fails(*journal, {"stock"}, 30) == Errc::snapshot_needed);
    CHECK(read_fails(*journal, {"*"}, 30) == Errc::snapshot_needed);
    CHECK(read_fails(*journal, {"debts", "stock"}, 0) == Errc::snapshot_needed);
    CHECK(rows_of(*journal, {"stock"}, 31) == stock);
    CHECK(rows_of(*journal, {"debts"}) == debts);
    CHECK(journal->depth(kLogOfTrim, {"stock"}, Sequence{31})->events == 24);
    for (std::uint64_t at = 31; at <= 80; ++at) {
        CAPTURE(at);
        const auto then = journal->head_at(kLogOfTrim, Sequence{at});
        REQUIRE(then);
        REQUIRE(then->find("stock") != nullptr);
        CHECK(then->find("stock")->last == heads[at].find("stock")->last);
        CHECK(then->find("stock")->events == heads[at].find("stock")->events);
        CHECK(then->find("stock")->chain == heads[at].find("stock")->chain);
        CHECK(then->find("debts")->chain == heads[at].find("debts")->chain);
    }
    // Before it, that there was something is known, and not what.
    const auto before = journal->head_at(kLogOfTrim, Sequence{20});
    REQUIRE(before);
    CHECK(before->find("stock")->chain == schema::Hash{});
    CHECK(before->find("debts")->last == Sequence{20});
    look(*journal);
}

TEST_CASE("trim: it goes on in steps, and the log with it") {
    const TempFolder folder;
    const auto journal = opened(options_in(folder / "j"));
    commit_events(*journal, 10);
    for (std::uint64_t upto = 1; upto <= 19; upto += 2) {
        CAPTURE(upto);
        const auto rest = rows_of(*journal, {"stock"}, upto);
        REQUIRE(journal->commit(trim_of("stock", upto), false));
        CHECK(rows_of(*journal, {"stock"}, upto) == rest);
        look(*journal);
    }
    // All of it is trimmed: what is new comes behind.
    CHECK(rows_of(*journal, {"stock"}, 19).empty());
    commit_events(*journal, 2);
    CHECK(rows_of(*journal, {"stock"}, 19).size() == 2);
    CHECK(rows_of(*journal, {"*"}, 20).size() == 4);
    look(*journal);
}

TEST_CASE("trim: what is not there is not trimmed, and nothing of that write is made") {
    const TempFolder folder;
    const auto journal = opened(options_in(folder / "j"));
    commit_events(*journal, 5);
    REQUIRE(journal->commit(trim_of("stock", 3), true));
    for (const auto& [topic, upto] : std::vector<std::pair<std::string, std::uint64_t>>{
             {"stock", 3}, {"stock", 2}, {"stock", 10}, {"names", 1}}) {
        CAPTURE(topic);
        CAPTURE(upto);
        core::JournalWrite write = trim_of(topic, upto);
        write.state.emplace_back("k", "v");
        const auto done = journal->commit(write, true);
        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().code == Errc::invalid);
        CHECK_FALSE(journal->get("k")->has_value());
    }
    CHECK(rows_of(*journal, {"stock"}, 3).size() == 3);
}

TEST_CASE("trim: what is trimmed is gone from the disk, and nothing else") {
    const TempFolder folder;
    const auto options = options_in(folder / "j");
    {
        const auto journal = opened(options);
        commit_events(*journal, 40);
        REQUIRE(journal->commit(trim_of("stock", 31), true));
    }
    CHECK(commits_in(options, "stock") == 25);  // The one that holds 31, and what is behind it.
    CHECK(commits_in(options, "debts") == 40);
    {
        const auto journal = opened(options);
        REQUIRE(journal->commit(trim_of("stock", 51), true));
        look(*journal);
    }
    CHECK(commits_in(options, "stock") == 15);
    CHECK(commits_in(options, "debts") == 40);
}

TEST_CASE("trim: a look sees that commits are missing where what is kept begins") {
    const TempFolder folder;
    const auto options = options_in(folder / "j");
    {
        const auto journal = opened(options);
        commit_events(*journal, 40);
        REQUIRE(journal->commit(trim_of("stock", 31), true));
        look(*journal);
    }
    {
        const auto database = database_of(options);
        const auto prefix = core::topic_prefix(kLogOfTrim, "stock");
        for (const std::uint64_t upto : {32, 34}) {
            const auto key = core::log_key(prefix, Sequence{upto});
            REQUIRE(database.db().Delete({}, database.column(0), key).ok());
        }
    }
    const auto journal = opened(options);
    for (const std::uint64_t after : {31, 33}) {
        const auto range = journal->read({kLogOfTrim, {"stock"}, Sequence{after}, 1 << 20});
        REQUIRE_FALSE(range.has_value());
        CHECK(range.error().code == schema::Errc::corrupt);
    }
    while (!journal->scrub(100)) {
    }
    REQUIRE(journal->damages().size() == 1);
    CHECK(journal->damages()[0].topic == "stock");
    CHECK(journal->damages()[0].upto == Sequence{34});
}

TEST_CASE("trim: a look that is under way takes none of it for damage") {
    for (const std::uint64_t trimmed : {1, 31, 79}) {
        for (const int steps : {1, 5, 12}) {
            CAPTURE(trimmed);
            CAPTURE(steps);
            const TempFolder folder;
            const auto journal = opened(options_in(folder / "j"));
            commit_events(*journal, 40);
            for (int i = 0; i < steps && !journal->scrub(100); ++i) {
            }
            REQUIRE(journal->commit(trim_of("stock", trimmed), true));
            commit_events(*journal, 3);
            look(*journal);
            for (int i = 0; i < steps && !journal->scrub(100); ++i) {
            }
            REQUIRE(journal->commit(trim_of("stock", 85), true));
            look(*journal);
        }
    }
}

TEST_CASE("trim: where the disk is as full as it may be, it may take of what is left free") {
    const TempFolder folder;
    auto options = options_in(folder / "j");
    {
        const auto journal = opened(options);
        commit_events(*journal, 40);
    }
    const auto free = core::free_bytes(options.dir);
    REQUIRE(free);
    options.free_bytes_floor = *free / 2 * 3;
    const auto journal = opened(options);
    core::JournalWrite write;
    write.appends.push_back(append_after(journal->end(kLogOfTrim), {{"stock", "row"}}));
    CHECK(journal->commit(write, true).error().code == Errc::no_space);
    const auto done = journal->commit(trim_of("stock", 31), true);
    REQUIRE_MESSAGE(done, done.error().message);
    CHECK(journal->head(kLogOfTrim)->find("stock")->kept_after == Sequence{31});
}

TEST_CASE("trim: it does not read over what was trimmed before") {
    const TempFolder folder;
    const auto journal = opened(options_in(folder / "j"));
    commit_events(*journal, 300);
    REQUIRE(journal->commit(trim_of("stock", 501), true));
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    rocksdb::get_perf_context()->Reset();
    REQUIRE(journal->commit(trim_of("stock", 503), true));
    CHECK(rocksdb::get_perf_context()->internal_delete_skipped_count < 10);
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
}
