#include "cli/backup_set.h"

#include <doctest/doctest.h>

#include "test/support/temp_folder.h"

using namespace filial;
using namespace filial::cli;
using schema::Errc;

namespace {

BackupSet sample() {
    return {schema::StoreId{"store1"},
            schema::Epoch{2},
            schema::Sequence{4'711},
            schema::Timestamp{1'764'403'200'000'000},
            {{"publisher/db/000012.sst", 7, schema::hash_of("a")}, {"subscriber/a b", 0, {}}}};
}

/// A folder with two databases, backed up.
BackupSet backed_up(const test::TempFolder& folder) {
    std::filesystem::create_directories(folder / "from/db");
    folder.write("from/db/1.sst", std::string(3'000'000, 'x'));
    folder.write("from/witness", "slot");
    folder.write("from/lock", "");
    folder.write("from/db/LOCK", "");
    BackupSet set = sample();
    set.files.clear();
    REQUIRE(copy_folder(folder / "from", folder / "to/publisher", "publisher", set.files));
    REQUIRE(seal_backup(folder / "to", set));
    return set;
}

}  // namespace

TEST_CASE("backup: what it says of itself is written and read alike, and never by halves") {
    const std::string text = backup_text(sample());
    const auto read = parse_backup(text);
    REQUIRE_MESSAGE(read, read.error().message);
    CHECK(*read == sample());
    CHECK_FALSE(parse_backup(text.substr(0, 20)));
    CHECK_FALSE(parse_backup("filial-backup 1\nstore Store\n"));
    CHECK(parse_backup("filial-backup 2\n").error().code == Errc::schema_too_new);
    for (const char* name : {"../keys/curve.key", "/etc/passwd", "a/../../b"}) {
        BackupSet bad = sample();
        bad.files[0].name = name;
        CAPTURE(name);
        CHECK_FALSE(parse_backup(backup_text(bad)));
    }
}

TEST_CASE("N8: a backup is whole or is refused, by the file that is missing or differs") {
    const test::TempFolder folder;
    const BackupSet set = backed_up(folder);
    CHECK(set.files.size() == 2);  // Locks are nobody's data.
    const auto read = read_backup(folder / "to");
    REQUIRE_MESSAGE(read, read.error().message);
    CHECK(*read == set);

    const auto file = folder / "to/publisher/db/1.sst";
    folder.write("to/publisher/db/1.sst", std::string(2'999'999, 'x') + "y");
    const auto flipped = read_backup(folder / "to");
    REQUIRE_FALSE(flipped);
    CHECK(flipped.error().code == Errc::corrupt);
    CHECK(flipped.error().message.find("1.sst") != std::string::npos);
    std::filesystem::remove(file);
    CHECK(read_backup(folder / "to").error().code == Errc::corrupt);
    std::filesystem::remove(folder / "to/backup");
    CHECK(read_backup(folder / "to").error().code == Errc::not_found);
}
