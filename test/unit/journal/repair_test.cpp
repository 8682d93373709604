// A log that is damaged on the disk: what is said of it, and how it is built again.
#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <random>

#include "core/journal/journal_exam.h"
#include "core/journal/journal_store.h"
#include "core/journal/redo_record.h"
#include "test/unit/journal/repair_support.h"

namespace filial::repair_test {
namespace {

using core::examine_journal;
using core::JournalExam;

/// With payloads that no table packs well.
LogMaker large_log(std::uint64_t events, std::size_t bytes) {
    std::mt19937 random(4715);
    LogMaker log("store1");
    while (log.size() < events) {
        schema::Bytes payload(bytes, '\0');
        for (char& byte : payload) byte = static_cast<char>(random());
        log.add(log.size() % 2 == 0 ? "stock" : "debts", "app.event", payload);
    }
    return log;
}

std::vector<fs::path> files_in(const fs::path& dir) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        const auto name = entry.path().filename();
        if (!entry.is_regular_file() || name == "LOCK" || name == "lock") continue;
        if (entry.file_size() > 0) files.push_back(fs::relative(entry.path(), dir));
    }
    std::sort(files.begin(), files.end());
    return files;
}

void flip(const fs::path& file, std::size_t bit) {
    auto bytes = bytes_of_file(file);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    write_file(file, bytes);
}

}  // namespace

TEST_CASE("exam: a whole journal is whole, and nothing of it is written to") {
    TempFolder folder;
    fill(folder.path(), some_log());
    for (int i = 0; i < 2; ++i) {
        const auto exam = examine_journal(folder.path(), "store1");
        REQUIRE(exam);
        CHECK(exam->any);
        CHECK(exam->whole());
        CHECK(exam->rows == kLostEvents);
        REQUIRE(exam->witness);
        CHECK(exam->witness->seq.value() == kLostEvents);
    }
    CHECK_FALSE(examine_journal(folder.path() / "nothing", "store1")->any);
}

TEST_CASE("exam: a deleted write-ahead log is said by position") {
    TempFolder folder;
    fill(folder.path(), some_log());
    for (const auto& log : write_ahead_logs(folder.path())) fs::remove(log);
    const auto exam = examine_journal(folder.path(), "store1");
    REQUIRE(exam);
    REQUIRE(exam->damages.size() == 1);
    CHECK(exam->damages[0].after.value() == 0);
    CHECK(exam->damages[0].upto.value() == kLostEvents);
    CHECK(exam->damages[0].why.find("120 acknowledged events are missing") != std::string::npos);
}

TEST_CASE(
    "exam: a block of a table that cannot be read is said by topic and position, the rest is "
    "looked at") {
    TempFolder folder;
    constexpr std::uint64_t kEvents = 2'000;
    fill(folder.path(), large_log(kEvents, 200), kEvents);
    opened(small(folder.path()));  // What was in memory has become tables.
    fs::path largest;
    for (const auto& file : files_in(folder.path())) {
        const fs::path path = folder.path() / file;
        if (path.extension() != ".sst") continue;
        if (largest.empty() || fs::file_size(path) > fs::file_size(largest)) largest = path;
    }
    REQUIRE_FALSE(largest.empty());
    flip(largest, 8 * (fs::file_size(largest) / 2));
    const auto exam = examine_journal(folder.path(), "store1");
    REQUIRE(exam);
    REQUIRE_FALSE(exam->damages.empty());
    CAPTURE(to_string(exam->damages));
    std::uint64_t said = 0;
    for (const auto& damage : exam->damages) {
        CHECK(damage.store == kLost);
        CHECK((damage.topic == "stock" || damage.topic == "debts"));
        // The topics have every other position.
        said += (damage.upto.value() - damage.after.value() + 1) / 2;
    }
    // How much lies behind one block that cannot be read is the tables' business; all else was
    // read.
    CHECK(exam->rows + said >= kEvents);
    CHECK(exam->rows < kEvents);
}

TEST_CASE(
    "repair: a flip, a cut or the loss of any file is either harmless, or said and repaired "
    "from a broker") {
    const LogMaker log = some_log();
    TempFolder folder;
    const auto source = folder.path() / "source";
    fill(source, log, 60);
    fill(source, log);  // So that there are tables and a log.
    const auto files = files_in(source);
    std::mt19937 random(4714);
    int said = 0;
    for (int i = 0; i < 60; ++i) {
        const auto& file = files[static_cast<std::size_t>(i) % files.size()];
        const fs::path dir = folder.path() / "copy";
        fs::remove_all(dir);
        fs::copy(source, dir, fs::copy_options::recursive);
        const std::size_t size = fs::file_size(dir / file);
        const int how = i % 5;
        if (how == 0) {
            fs::remove(dir / file);
        } else if (how == 1) {
            fs::resize_file(dir / file, random() % size);
        } else {
            flip(dir / file, random() % (8 * size));
        }
        CAPTURE(file);
        CAPTURE(how);
        CAPTURE(i);
        const auto exam = examine_journal(dir, "store1");
        REQUIRE(exam);
        if (!exam->whole()) {
            ++said;
            const auto done = repair(dir, log, kLostEvents);
            REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message));
        }
        CHECK(is_whole(dir, log));
    }
    CHECK(said > 15);
}

TEST_CASE("repair: what only the damaged log has behind the damage is saved from it") {
    const LogMaker log = large_log(kLostEvents, 1'500);
    TempFolder folder;
    fill(folder.path(), log, kLostEvents, 4 << 20);
    const auto logs = write_ahead_logs(folder.path());
    REQUIRE(logs.size() == 1);
    flip(logs[0], 8 * (fs::file_size(logs[0]) / 3));
    REQUIRE_FALSE(RocksJournal::open(small(folder.path())));
    // The broker has the damaged part, and not the newest events.
    const auto done = repair(folder.path(), log, 80);
    REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message));
    CHECK(is_whole(folder.path(), log));
    CHECK(fs::exists(folder.path() / "damaged-1"));
}

TEST_CASE("repair: of a flipped bit in the log of writes only its own record is lost") {
    const LogMaker log = some_log();
    TempFolder folder;
    const auto source = folder.path() / "source";
    fill(source, log);
    const auto logs = write_ahead_logs(source);
    REQUIRE(logs.size() == 1);
    const std::size_t bits = 8 * fs::file_size(logs[0]);
    for (int i = 1; i < 12; ++i) {
        CAPTURE(i);
        const fs::path dir = folder.path() / std::to_string(i);
        fs::copy(source, dir, fs::copy_options::recursive);
        flip(dir / "db" / logs[0].filename(), bits / 12 * static_cast<std::size_t>(i) + 5);
        auto opened = JournalRepair::open(small(dir));
        REQUIRE(opened);
        auto rebuild = std::make_unique<LogRebuild>(**opened, kLost);
        while (rebuild->salvage(1 << 10)) {
        }
        const std::uint64_t end = rebuild->end().value();
        if (end < kLostEvents) {  // Else the record was of the state.
            REQUIRE(rebuild->take(log.range(end, end + 5), {}));
            while (rebuild->salvage(1 << 10)) {
            }
        }
        CHECK_MESSAGE(rebuild->end().value() == kLostEvents, rebuild->why());
        REQUIRE(rebuild->commit());
        rebuild.reset();
        REQUIRE((*opened)->finish("a test"));
        *opened = nullptr;
        CHECK(is_whole(dir, log));
    }
}

TEST_CASE("repair: whether all of the state could be read is known") {
    const LogMaker log = some_log();
    TempFolder folder;
    const auto source = folder.path() / "source";
    fill(source, log);
    const auto whole = [](const fs::path& dir) {
        const auto repair = JournalRepair::open(small(dir));
        REQUIRE(repair);
        return (*repair)->state_is_whole();
    };
    const auto copied = [&](const std::string& name) {
        fs::copy(source, folder.path() / name, fs::copy_options::recursive);
        return folder.path() / name;
    };
    CHECK(whole(copied("whole")));
    const auto flipped = copied("flipped");
    const auto logs = write_ahead_logs(flipped);
    REQUIRE(logs.size() == 1);
    flip(logs[0], 8 * (fs::file_size(logs[0]) / 3));
    CHECK_FALSE(whole(flipped));
    // One record of the state is missing among others, or does not say what it said.
    for (const bool gone : {true, false}) {
        const auto dir = copied(gone ? "gone" : "other");
        {
            const auto database =
                core::RocksDatabase::open(dir / "db", {"log", "heads", "state"}, {8 << 20, 4 << 20},
                                          core::RocksDatabase::Mode::write);
            REQUIRE(database);
            rocksdb::DB& db = database->db();
            auto* redo = database->column(core::kRedoColumn);
            const auto key = core::redo_key(3);
            std::string value;
            REQUIRE(db.Get({}, redo, key, &value).ok());
            REQUIRE((gone ? db.Delete({}, redo, key) : db.Put({}, redo, key, value + "x")).ok());
        }
        CHECK_FALSE(whole(dir));
    }
}

TEST_CASE("repair: what nobody has is said by position, and the journal stays closed") {
    const LogMaker log = some_log();
    TempFolder folder;
    fill(folder.path(), log);
    for (const auto& file : write_ahead_logs(folder.path())) fs::remove(file);
    for (int i = 0; i < 2; ++i) {
        const auto done = repair(folder.path(), log, 90);
        REQUIRE_FALSE(done);
        CHECK(done.error().message == "events 91 to 120");
        CHECK_FALSE(RocksJournal::open(small(folder.path())));
    }
    REQUIRE(repair(folder.path(), log, kLostEvents));
    CHECK(is_whole(folder.path(), log));
}

TEST_CASE("repair: another log under the same name is not taken for the missing part") {
    const LogMaker log = some_log();
    TempFolder folder;
    fill(folder.path(), log);
    for (const auto& file : write_ahead_logs(folder.path())) fs::remove(file);
    LogMaker other("store1", 2);
    other.sell(200);
    const auto done = repair(folder.path(), other, kLostEvents);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::forked);
    CHECK_FALSE(RocksJournal::open(small(folder.path())));
}

TEST_CASE("log copy: takes only what goes on behind what is there") {
    TempFolder folder;
    const LogMaker log = some_log();
    const auto journal = opened(options_in(folder.path()));
    LogCopy copy(*journal, kLost);
    CHECK(copy.take(log.range(5, 10), {}).error().code == Errc::gap);
    REQUIRE(copy.take(log.range(0, 10), {}));
    REQUIRE(copy.take(log.range(3, 12), {}));
    CHECK(copy.end().value() == 12);
    auto holed = log.range(12, 20);
    holed.segments[0].cut(Sequence{15});
    CHECK(copy.take(holed, {}).error().code == Errc::corrupt);
    auto wrong = log.range(12, 20);
    wrong.segments[0].chain = schema::Bytes(32, 'x');
    CHECK(copy.take(wrong, {}).error().code == Errc::forked);
    CHECK(copy.end().value() == 12);
    REQUIRE(copy.commit());
    LogCopy again(*journal, kLost);
    CHECK(again.end().value() == 12);
    REQUIRE(again.take(log.range(12, 40), {}));
}

}  // namespace filial::repair_test
