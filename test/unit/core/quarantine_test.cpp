#include "core/quarantine.h"

#include <doctest/doctest.h>

#include "test/support/temp_folder.h"

using namespace filial;
using core::Quarantine;
using schema::Errc;

TEST_CASE("quarantine: it stands until it is lifted, with all that was said of it") {
    const test::TempFolder folder;
    Quarantine made = core::begin_quarantine(schema::StoreId{"store1"}, "restored\nfrom a stick");
    made.aside = {"publisher.aside-1", "publisher.aside-2"};
    CHECK_FALSE(core::read_quarantine(folder.path())->has_value());
    REQUIRE(core::write_quarantine(folder.path(), made));
    const auto read = core::read_quarantine(folder.path());
    REQUIRE_MESSAGE(read, read.error().message);
    CHECK(**read == made);
    CHECK((*read)->reason == "restored from a stick");
    REQUIRE(core::lift_quarantine(folder.path()));
    CHECK_FALSE(core::read_quarantine(folder.path())->has_value());
}

TEST_CASE("N8: every return has an incarnation of its own, also from one and the same disk") {
    const schema::StoreId store{"store1"};
    CHECK(core::begin_quarantine(store, "").incarnation !=
          core::begin_quarantine(store, "").incarnation);
}

TEST_CASE("quarantine: half of a file, or another one, is damage and never no quarantine") {
    const test::TempFolder folder;
    const std::string good = core::quarantine_text({schema::StoreId{"store1"}, {1}, {"a"}, "why"});
    REQUIRE(core::parse_quarantine(good));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(core::parse_quarantine(good.substr(0, cut)));
    }
    CHECK_FALSE(core::parse_quarantine(good + "more\n"));
    folder.write("quarantine", "store1\n");
    const auto read = core::read_quarantine(folder.path());
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::corrupt);
}
