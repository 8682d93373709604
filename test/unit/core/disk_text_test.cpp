#include "core/disk_text.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "test/support/temp_folder.h"

using namespace filial;
using schema::Errc;

namespace {

unsigned mode_of(const std::filesystem::path& file) {
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

}  // namespace

TEST_CASE("disk text: what was replaced reads back, with its rights and nothing beside it") {
    const test::TempFolder folder;
    REQUIRE(core::replace_text(folder / "a", "one", 0600));
    REQUIRE(core::replace_text(folder / "a", "two", 0600));
    CHECK(core::read_text(folder / "a", 100).value() == "two");
    CHECK(mode_of(folder / "a") == 0600);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                        std::filesystem::directory_iterator()) == 1);
}

TEST_CASE("disk text: a new file is never written over an old one") {
    const test::TempFolder folder;
    REQUIRE(core::write_new(folder / "a", "one", 0600));
    CHECK_FALSE(core::write_new(folder / "a", "two", 0600));
    CHECK(core::read_text(folder / "a", 100).value() == "one");
}

TEST_CASE("disk text: a missing file, a folder and a file that is too large are told apart") {
    const test::TempFolder folder;
    folder.write("large", std::string(101, 'x'));
    CHECK(core::read_text(folder / "none", 100).error().code == Errc::not_found);
    CHECK(core::read_text(folder / "large", 100).error().code == Errc::too_large);
    CHECK(core::read_text(folder.path(), 100).error().code == Errc::io);
}
