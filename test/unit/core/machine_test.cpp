#include "core/machine.h"

#include <doctest/doctest.h>

#include "test/support/temp_folder.h"

using namespace filial;
using core::Machine;

TEST_CASE("machine: a folder is known where it was made, and where it was moved to") {
    const test::TempFolder folder;
    std::filesystem::create_directory(folder / "data");
    REQUIRE(core::check_machine(folder / "data"));  // Noted now.
    CHECK(core::check_machine(folder / "data")->empty());
    std::filesystem::rename(folder / "data", folder / "moved");
    const auto moved = core::check_machine(folder / "moved");
    REQUIRE_MESSAGE(moved, moved.error().message);
    CHECK(moved->empty());
}

TEST_CASE("N8: a copy of a store's folder is told from the folder, until it is noted anew") {
    const test::TempFolder folder;
    std::filesystem::create_directory(folder / "data");
    REQUIRE(core::note_machine(folder / "data"));
    std::filesystem::copy(folder / "data", folder / "copy");
    const auto copied = core::check_machine(folder / "copy");
    REQUIRE_MESSAGE(copied, copied.error().message);
    CHECK(copied->find("copy") != std::string::npos);
    REQUIRE(core::note_machine(folder / "copy"));
    CHECK(core::check_machine(folder / "copy")->empty());
    CHECK(core::check_machine(folder / "data")->empty());
}

TEST_CASE("machine: what is not known on either side counts for nothing") {
    const Machine noted{"id1", "-", "17"};
    CHECK(core::difference(noted, {"id1", "product1", "17"}).empty());
    CHECK(core::difference(noted, {"-", "-", "-"}).empty());
    CHECK_FALSE(core::difference(noted, {"id2", "-", "17"}).empty());
    CHECK_FALSE(core::difference(noted, {"id1", "-", "18"}).empty());
    CHECK_FALSE(core::difference({"id1", "product1", "17"}, {"id1", "product2", "17"}).empty());
}

TEST_CASE("machine: a note that cannot be read is damage, named with its file") {
    const test::TempFolder folder;
    for (const char* text : {"", "1", "1 a b", "2 a b 17", "1 a b 17 c"}) {
        CAPTURE(text);
        folder.write("machine", text);
        const auto read = core::check_machine(folder.path());
        REQUIRE_FALSE(read);
        CHECK(read.error().code == schema::Errc::corrupt);
        CHECK(read.error().message.find("machine") != std::string::npos);
    }
}
