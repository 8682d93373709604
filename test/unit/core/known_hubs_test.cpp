#include "core/known_hubs.h"

#include <doctest/doctest.h>

#include "test/support/temp_folder.h"

using namespace filial;
using core::HubLife;
using core::KnownHubs;
using schema::Errc;
using schema::StoreId;
using schema::Timestamp;

namespace {

const StoreId kHead{"head"}, kRegion{"region"};

KnownHubs three() {
    KnownHubs hubs;
    hubs.add({kHead, {1}, Timestamp{7}, {}});
    hubs.add({kRegion, {2}, Timestamp{8}, {}});
    hubs.add({kHead, {3}, Timestamp{9}, "a new disk, says Ann"});
    return hubs;
}

}  // namespace

TEST_CASE("known hubs: the last life of a broker counts, the ones before stay on the record") {
    const test::TempFolder folder;
    CHECK(core::read_known_hubs(folder.path())->all().empty());
    REQUIRE(core::write_known_hubs(folder.path(), three()));
    const auto read = core::read_known_hubs(folder.path());
    REQUIRE_MESSAGE(read, read.error().message);
    CHECK(*read == three());
    CHECK(read->find(kHead)->life == schema::Incarnation{3});
    CHECK(read->find(kHead)->reason == "a new disk, says Ann");
    CHECK(read->find(kRegion)->life == schema::Incarnation{2});
    CHECK(read->find(StoreId{"other"}) == nullptr);
}

TEST_CASE(
    "known hubs: a line that is cut or changed is damage, and never a broker that is not known") {
    const test::TempFolder folder;
    const std::string good = three().text();
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        CAPTURE(cut);
        const auto read = core::parse_known_hubs(good.substr(0, cut));
        CHECK(read.has_value() == (cut > 0 && good[cut - 1] == '\n'));
    }
    for (const std::string wrong : {"head 01 7 first\n", "head\n", "\n", "HEAD",
                                    "head 01000000000000000000000000000000 7 second\n",
                                    "head 01000000000000000000000000000000 7 accepted: \n",
                                    "head 01000000000000000000000000000000 x first\n"}) {
        CAPTURE(wrong);
        CHECK_FALSE(core::parse_known_hubs(wrong));
    }
    folder.write("hubs", "head\n");
    const auto read = core::read_known_hubs(folder.path());
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::corrupt);
    CHECK(read.error().message.find("hubs") != std::string::npos);
}
