#include "core/own_log.h"

#include <doctest/doctest.h>

#include "test/support/temp_folder.h"

using namespace filial;
using core::OwnLog;
using schema::Errc;

TEST_CASE("own log: what is noted is read again, and nothing where nothing was noted") {
    const test::TempFolder folder;
    const OwnLog log{schema::StoreId{"store1"}, schema::Epoch{2}, {1, 2, 0xfe}};
    const auto nothing = core::read_own_log(folder / "replica");
    REQUIRE(nothing);
    CHECK_FALSE(nothing->has_value());
    REQUIRE(core::write_own_log(folder / "replica", log));
    const auto read = core::read_own_log(folder / "replica");
    REQUIRE_MESSAGE(read, read.error().message);
    CHECK(**read == log);
    CHECK(core::own_log_text(log) == "store1 2 0102fe00000000000000000000000000\n");
}

TEST_CASE("own log: anything but one whole line is damage, named with its file") {
    const test::TempFolder folder;
    const std::string good = core::own_log_text({schema::StoreId{"store1"}, schema::Epoch{1}, {}});
    REQUIRE(core::parse_own_log(good));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(core::parse_own_log(good.substr(0, cut)));
    }
    for (const char* text : {"Store1 1 00000000000000000000000000000000\n",
                             "store1 x 00000000000000000000000000000000\n",
                             "store1 1 0000000000000000000000000000000G\n",
                             "store1 1 00000000000000000000000000000000 \n", " \n"}) {
        CAPTURE(text);
        CHECK_FALSE(core::parse_own_log(text));
    }
    folder.write("own-log", "store1 1");
    const auto read = core::read_own_log(folder.path());
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::corrupt);
    CHECK(read.error().message.find("own-log") != std::string::npos);
}
