// Journals of which RocksDB finds no way to their files, and those that are somebody else's.
#include "test/unit/journal/repair_support.h"

namespace filial::repair_test {

TEST_CASE("repair: without its manifest a journal is all there, tables and logs of writes alike") {
    const LogMaker log = some_log();
    for (const std::size_t memtable : {std::size_t{64} << 10, std::size_t{4} << 10}) {
        for (const char* gone : {"CURRENT", "MANIFEST", "both"}) {
            CAPTURE(memtable);
            CAPTURE(gone);
            const TempFolder dir;
            fill(dir.path(), log, kLostEvents, memtable);
            std::vector<fs::path> files;
            for (const auto& entry : fs::directory_iterator(dir / "db")) {
                files.push_back(entry.path());
            }
            for (const fs::path& file : files) {
                const std::string name = file.filename().string();
                const bool manifest = name.starts_with("MANIFEST") && gone[0] != 'C';
                if (manifest || (name == "CURRENT" && gone[0] != 'M')) fs::remove(file);
            }
            CHECK_FALSE(RocksJournal::open(small(dir.path())));
            std::map<fs::path, std::string> found;
            for (const auto& entry : fs::directory_iterator(dir / "db")) {
                found[entry.path()] = bytes_of_file(entry.path());
            }
            {
                const auto repairing = JournalRepair::open(small(dir.path()));
                REQUIRE(repairing);
                CHECK((*repairing)->rescued().at("own/115") == "value");
            }
            // What is damaged stays as it was found.
            for (const auto& [file, bytes] : found) {
                CAPTURE(file);
                CHECK(bytes_of_file(file) == bytes);
            }
            // No broker has anything of it.
            const auto done = repair(dir.path(), log, 0);
            REQUIRE_MESSAGE(done, done.error().message);
            CHECK(is_whole(dir.path(), log));
        }
    }
}

TEST_CASE("repair: another store's journal is none that is damaged, and is not opened") {
    for (const bool witnessed : {true, false}) {
        CAPTURE(witnessed);
        const TempFolder folder;
        fill(folder.path(), some_log());
        if (!witnessed) fs::remove(folder / "witness");
        auto other = small(folder.path());
        other.witness_of = "store2";
        const auto opened_as = RocksJournal::open(other);
        REQUIRE_FALSE(opened_as);
        CHECK(opened_as.error().code == Errc::invalid);
        CHECK(opened_as.error().message.find("has the log of store1") != std::string::npos);
    }
}

}  // namespace filial::repair_test
