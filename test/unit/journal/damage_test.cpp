#include <doctest/doctest.h>

#include <map>
#include <random>

#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::RocksJournal;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

namespace fs = std::filesystem;

constexpr int kCommits = 40;

/// A journal of 80 events, all of them acknowledged and witnessed.
void acknowledged(const fs::path& dir) {
    const auto journal = opened(options_in(dir, "store1"));
    commit_pairs(*journal, kCommits / 2);
    REQUIRE(journal->witness());
    commit_pairs(*journal, kCommits / 2);
    REQUIRE(journal->witness());
}

std::map<std::string, std::string> files_of(const fs::path& dir) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        if (entry.is_regular_file()) files[entry.path().string()] = bytes_of_file(entry.path());
    }
    return files;
}

/// Opening says what is missing, and leaves every file as it was.
void check_refused(const fs::path& dir) {
    const auto before = files_of(dir);
    const auto journal = RocksJournal::open(options_in(dir, "store1"));
    REQUIRE_FALSE(journal.has_value());
    CHECK(journal.error().code == Errc::corrupt);
    CAPTURE(journal.error().message);
    CHECK(journal.error().message.find("acknowledged up to 80") != std::string::npos);
    CHECK(files_of(dir) == before);
}

TEST_CASE("damage: a deleted write-ahead log is found and said, with positions") {
    TempFolder folder;
    acknowledged(folder.path());
    const auto logs = write_ahead_logs(folder.path());
    REQUIRE_FALSE(logs.empty());
    for (const auto& log : logs) fs::remove(log);
    check_refused(folder.path());
    const auto journal = RocksJournal::open(options_in(folder.path(), "store1"));
    CHECK(journal.error().message.find("ends at 0") != std::string::npos);
    CHECK(journal.error().message.find("80 acknowledged events are missing") != std::string::npos);
}

TEST_CASE("damage: a deleted database is found and said") {
    TempFolder folder;
    acknowledged(folder.path());
    fs::remove_all(folder.path() / "db");
    check_refused(folder.path());
}

TEST_CASE("damage: a write-ahead log cut anywhere below the witness is found and said") {
    TempFolder folder;
    acknowledged(folder.path());
    const auto logs = write_ahead_logs(folder.path());
    REQUIRE(logs.size() == 1);
    const auto whole = bytes_of_file(logs[0]);
    std::mt19937 random(4711);
    for (int i = 0; i < 25; ++i) {
        const std::size_t cut = i == 0 ? whole.size() - 1 : random() % whole.size();
        CAPTURE(cut);
        write_file(logs[0], whole.substr(0, cut));
        check_refused(folder.path());
    }
    write_file(logs[0], whole);
    CHECK(rows_of(*opened(options_in(folder.path(), "store1")), {"*"}).size() == 2 * kCommits);
}

TEST_CASE("damage: a changed bit anywhere in the write-ahead log is found and said") {
    TempFolder folder;
    acknowledged(folder.path());
    const auto logs = write_ahead_logs(folder.path());
    REQUIRE(logs.size() == 1);
    const auto whole = bytes_of_file(logs[0]);
    std::mt19937 random(4712);
    for (int i = 0; i < 40; ++i) {
        const std::size_t bit = random() % (8 * whole.size());
        CAPTURE(bit);
        auto changed = whole;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
        write_file(logs[0], changed);
        check_refused(folder.path());
    }
}

TEST_CASE("damage: a changed bit in a table is an error of its readers, never other events") {
    TempFolder folder;
    acknowledged(folder.path());
    opened(options_in(folder.path(), "store1"));  // Recovery writes tables.
    std::mt19937 random(4713);
    std::vector<fs::path> tables;
    for (const auto& entry : fs::directory_iterator(folder.path() / "db")) {
        if (entry.path().extension() == ".sst") tables.push_back(entry.path());
    }
    REQUIRE_FALSE(tables.empty());
    std::vector<std::string> expected;
    for (int i = 0; i < kCommits; ++i) {
        const auto n = std::to_string(i % (kCommits / 2));
        expected.push_back(std::to_string(2 * i + 1) + " stock sold " + n);
        expected.push_back(std::to_string(2 * i + 2) + " debts owed " + n);
    }
    for (int i = 0; i < 40; ++i) {
        TempFolder copy;
        fs::copy(folder.path(), copy.path() / "j", fs::copy_options::recursive);
        const auto table = copy.path() / "j/db" / tables[random() % tables.size()].filename();
        auto bytes = bytes_of_file(table);
        const std::size_t bit = random() % (8 * bytes.size());
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
        write_file(table, bytes);
        CAPTURE(table);
        CAPTURE(bit);
        const auto journal = RocksJournal::open(options_in(copy.path() / "j", "store1"));
        if (!journal) {
            CHECK(journal.error().code == Errc::corrupt);
            continue;
        }
        const auto range = (*journal)->read({kStore, {"*"}, Sequence{0}, 1 << 20});
        if (!range) {
            CHECK(range.error().code == Errc::corrupt);
        } else {
            CHECK(rows_of(**journal, {"*"}) == expected);
        }
    }
}

TEST_CASE("damage: what was never acknowledged may be lost, in the middle of a record too") {
    TempFolder folder;
    const auto dir = folder.path() / "live";
    const auto journal = opened(options_in(dir, "store1"));
    commit_pairs(*journal, kCommits / 2);
    REQUIRE(journal->witness());
    const auto logs = write_ahead_logs(dir);
    REQUIRE(logs.size() == 1);
    const auto safe = fs::file_size(logs[0]);
    commit_pairs(*journal, 10, false);

    // As a power cut finds it: the process never ends its work.
    const auto whole = bytes_of_file(logs[0]);
    REQUIRE(whole.size() > safe);
    for (std::size_t cut = safe; cut <= whole.size(); cut += 1 + (whole.size() - safe) / 12) {
        CAPTURE(cut);
        const auto copy = folder.path() / ("cut" + std::to_string(cut));
        fs::copy(dir, copy, fs::copy_options::recursive);
        write_file(copy / "db" / logs[0].filename(), whole.substr(0, cut));
        const auto after = opened(options_in(copy, "store1"));
        const auto end = after->end(kStore).value();
        CHECK(end >= kCommits);
        CHECK(end <= kCommits + 20);
        CHECK(rows_of(*after, {"*"}).size() == end);
        CHECK(commit_rows(*after, {{"stock", "again"}}).has_value());
    }
}

}  // namespace
}  // namespace filial::test
