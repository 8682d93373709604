#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <map>
#include <random>

#include "core/journal/redo_record.h"
#include "core/journal/rocks_database.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::JournalWrite;
using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Sequence;

using Model = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t kRedoColumn = 3;

/// Little memory, so that a few commits already become rows.
core::JournalOptions small_options(const std::filesystem::path& dir) {
    auto options = options_in(dir, "store1");
    options.memtable_bytes = 64 << 10;
    return options;
}

core::RocksDatabase raw_database(const std::filesystem::path& dir) {
    auto raw = core::RocksDatabase::open(dir / "db", {"log", "heads", "state"}, {1 << 20, 1 << 20},
                                         core::RocksDatabase::Mode::write);
    REQUIRE(raw.has_value());
    return std::move(*raw);
}

Model all_of(const core::Journal& journal, ByteView prefix = "", ByteView after = "") {
    Model found;
    REQUIRE(journal.scan(prefix, after, [&](ByteView key, ByteView value) {
        const bool fresh = found.emplace(key, value).second;
        CHECK(fresh);
        CHECK(found.rbegin()->first == key);
        return true;
    }));
    return found;
}

Model part_of(const Model& model, ByteView prefix, ByteView after) {
    Model part;
    for (const auto& [key, value] : model) {
        if (ByteView(key).starts_with(prefix) && key > after) part.emplace(key, value);
    }
    return part;
}

/// A commit of one event that changes `count` keys at random, in the model too.
JournalWrite change(std::mt19937& random, Sequence after, std::size_t count, Model& model) {
    JournalWrite write;
    write.appends.push_back(append_after(after, {{"stock", "x"}}));
    for (std::size_t i = 0; i < count; ++i) {
        const std::string key = std::string(1, "abc"[random() % 3]) + std::to_string(random() % 90);
        if (random() % 4 == 0) {
            write.state.emplace_back(key, std::nullopt);
            model.erase(key);
        } else {
            const std::string value(random() % 200, static_cast<char>('a' + random() % 26));
            write.state.emplace_back(key, value);
            model[key] = value;
        }
    }
    write.state.emplace_back("end", std::to_string(after.value() + 1));
    model["end"] = std::to_string(after.value() + 1);
    return write;
}

TEST_CASE("kept state: it reads the same whatever has become rows of it, also when opened again") {
    TempFolder folder;
    std::mt19937 random(4711);
    Model model;
    auto journal = opened(small_options(folder.path()));
    for (int i = 0; i < 1'500; ++i) {
        CAPTURE(i);
        const auto write = change(random, journal->end(kStore), random() % 40, model);
        if (i % 3 == 0) {
            REQUIRE(journal->begin([write] { return write; }, 1'000));
            REQUIRE(journal->finish());
        } else {
            REQUIRE(journal->commit(write, i % 3 == 1));
        }
        const std::string key = "b" + std::to_string(random() % 90);
        const auto found = model.find(key);
        const auto expected =
            found == model.end() ? std::nullopt : std::optional<Bytes>(found->second);
        REQUIRE(journal->get(key).value() == expected);
        if (i % 50 != 0) continue;
        CHECK(all_of(*journal) == model);
        CHECK(all_of(*journal, "b") == part_of(model, "b", ""));
        CHECK(all_of(*journal, "b", key) == part_of(model, "b", key));
        if (i % 300 != 0) continue;
        journal.reset();
        journal = opened(small_options(folder.path()));
        CHECK(all_of(*journal) == model);
    }
    journal.reset();
    // Most of it has become rows, and the records of that are gone.
    const auto raw = raw_database(folder.path());
    const std::unique_ptr<rocksdb::Iterator> records(
        raw.db().NewIterator({}, raw.column(kRedoColumn)));
    int left = 0;
    for (records->SeekToFirst(); records->Valid(); records->Next()) ++left;
    CHECK(left < 200);
}

TEST_CASE("kept state: wherever a crash cuts the write-ahead log, it is that of the log's end") {
    TempFolder folder;
    std::mt19937 random(4712);
    std::map<std::uint64_t, Model> models{{0, {}}};
    {
        auto options = options_in(folder.path());  // All of it stays in one write-ahead log.
        options.memtable_bytes = 1 << 20;
        const auto journal = opened(options);
        Model model;
        // Enough for a generation to become rows and its records to go.
        for (std::uint64_t end = 1; end <= 400; ++end) {
            const auto write = change(random, Sequence{end - 1}, 30, model);
            REQUIRE(journal->commit(write, false));
            models[end] = model;
        }
    }
    const auto logs = write_ahead_logs(folder.path());
    REQUIRE_FALSE(logs.empty());
    const auto whole = bytes_of_file(logs.back());
    for (int i = 0; i < 24; ++i) {
        const std::size_t cut = random() % (whole.size() + 1);
        CAPTURE(cut);
        TempFolder copy;
        std::filesystem::copy(folder.path(), copy.path() / "j",
                              std::filesystem::copy_options::recursive);
        write_file(copy.path() / "j/db" / logs.back().filename(), whole.substr(0, cut));
        const auto journal = opened(options_in(copy.path() / "j"));
        CHECK(all_of(*journal) == models.at(journal->end(kStore).value()));
    }
}

TEST_CASE("kept state: between the two steps of a commit all of it is seen or nothing") {
    TempFolder folder;
    std::mt19937 random(4713);
    Model model;
    const auto journal = opened(small_options(folder.path()));
    for (int i = 0; i < 300; ++i) {
        const Model before = model;
        const auto write = change(random, journal->end(kStore), 20, model);
        REQUIRE(journal->begin([write] { return write; }, 1'000));
        while (!journal->finishable()) {
        }
        const Model seen = all_of(*journal);
        REQUIRE((seen == before || seen == model));
        REQUIRE(journal->finish());
        REQUIRE(all_of(*journal) == model);
    }
}

TEST_CASE("kept state: a folder that has rows and no records opens as ever") {
    TempFolder folder;
    REQUIRE(commit_rows(*opened(options_in(folder.path())), {{"stock", "a"}}));
    {
        const auto raw = raw_database(folder.path());
        for (const char* key : {"a", "b", "c"}) {
            REQUIRE(raw.db().Put({}, raw.column(2), key, "row").ok());
        }
    }
    {
        const auto journal = opened(options_in(folder.path()));
        CHECK(all_of(*journal) == Model{{"a", "row"}, {"b", "row"}, {"c", "row"}});
        JournalWrite write;
        write.state = {{"b", "new"}, {"c", std::nullopt}, {"d", "new"}};
        REQUIRE(journal->commit(write, true));
    }
    const auto journal = opened(options_in(folder.path()));
    CHECK(all_of(*journal) == Model{{"a", "row"}, {"b", "new"}, {"d", "new"}});
    CHECK_FALSE(journal->get("c").value().has_value());
}

TEST_CASE("kept state: large changes go into several records, one that is too large is refused") {
    TempFolder folder;
    Model model;
    {
        const auto journal = opened(options_in(folder.path()));
        JournalWrite write;
        for (int i = 0; i < 12; ++i) {
            const std::string key = "k" + std::to_string(i);
            model[key] = std::string(100'000, static_cast<char>('a' + i));
            write.state.emplace_back(key, model[key]);
        }
        REQUIRE(journal->commit(write, true));
        write.state = {{"small", "x"}, {"large", std::string(core::kStateEntryBytesMax, 'x')}};
        CHECK(journal->commit(write, true).error().code == Errc::too_large);
        CHECK_FALSE(journal->get("small").value().has_value());
        write.state.pop_back();
        REQUIRE(journal->commit(write, true));
        model["small"] = "x";
        CHECK(all_of(*journal) == model);
    }
    CHECK(all_of(*opened(options_in(folder.path()))) == model);
}

TEST_CASE("kept state: a damaged or a missing record is said at opening") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        for (int i = 0; i < 3; ++i) {
            JournalWrite write;
            write.state.emplace_back("k", std::to_string(i));
            REQUIRE(journal->commit(write, true));
        }
    }
    {
        const auto raw = raw_database(folder.path());
        REQUIRE(raw.db().Delete({}, raw.column(kRedoColumn), core::redo_key(2)).ok());
    }
    const auto gap = core::RocksJournal::open(options_in(folder.path()));
    REQUIRE_FALSE(gap.has_value());
    CHECK(gap.error().code == Errc::corrupt);
    CHECK(gap.error().message.find("redo record 3") != std::string::npos);
    {
        const auto raw = raw_database(folder.path());
        REQUIRE(raw.db().Put({}, raw.column(kRedoColumn), core::redo_key(2), "rot").ok());
    }
    const auto rot = core::RocksJournal::open(options_in(folder.path()));
    REQUIRE_FALSE(rot.has_value());
    CHECK(rot.error().code == Errc::corrupt);
}

TEST_CASE("redo record: it reads back as written, and no cut of it does") {
    const std::vector<core::StateEntry> entries{
        {"key", "value"}, {"gone", std::nullopt}, {"", ""}, {"key", std::string(300, 'v')}};
    const auto made = core::make_redo(entries);
    schema::Parser parser;
    const auto read = core::read_redo(parser, made->bytes);
    REQUIRE(read.has_value());
    CHECK((*read)->changes == made->changes);
    REQUIRE(made->changes.size() == entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        CHECK(made->changes[i].key == entries[i].first);
        CHECK(made->changes[i].value.has_value() == entries[i].second.has_value());
        if (entries[i].second) CHECK(*made->changes[i].value == *entries[i].second);
    }
    for (std::size_t cut = 0; cut < made->bytes.size(); ++cut) {
        CHECK_FALSE(core::decode_redo(parser, made->bytes.substr(0, cut)).has_value());
    }
    auto newer = made->bytes;
    newer[1] = 2;
    CHECK(core::decode_redo(parser, newer).error().code == Errc::schema_too_new);
    const Bytes odd = schema::Writer().array(2).u64(1).bin("key").take();
    CHECK(core::decode_redo(parser, odd).error().code == Errc::corrupt);
    CHECK(*core::redo_number(core::redo_key(0x0102030405060708)) == 0x0102030405060708);
    CHECK(core::redo_number("short").error().code == Errc::corrupt);
}

TEST_CASE("redo record: one has at most as many entries and bytes as can be read again") {
    std::vector<core::StateEntry> entries(40'000, {"k", "v"});
    CHECK(core::redo_entries(entries) == core::kRedoEntriesMax);
    entries.assign(100, {"k", std::string(10'000, 'v')});
    const std::size_t count = core::redo_entries(entries);
    CHECK(count * 10'000 >= core::kRedoBytesGoal);
    CHECK((count - 1) * 10'000 < core::kRedoBytesGoal);
    entries.assign(1, {"k", std::string(core::kStateEntryBytesMax - 1, 'v')});
    schema::Parser parser;
    CHECK(core::decode_redo(parser, core::make_redo(entries)->bytes).has_value());
    CHECK(core::redo_entries({}) == 0);
}

}  // namespace
}  // namespace filial::test
