#include "core/link/keys.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "core/disk_text.h"
#include "test/support/temp_folder.h"
#include "test/unit/net/two_ends.h"

using namespace filial;
using schema::Errc;

namespace {

unsigned mode_of(const std::filesystem::path& file) {
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

}  // namespace

TEST_CASE("keys: what was saved loads the same, and only its owner may read it") {
    const test::TempFolder folder;
    const core::Keys keys = test::make_keys();
    CHECK(core::is_curve_key(keys.curve_public));
    REQUIRE(core::save_keys(folder / "keys", keys));
    CHECK(mode_of(folder / "keys") == 0700);
    CHECK(mode_of(folder / "keys" / "curve.key") == 0600);
    CHECK(mode_of(folder / "keys" / "sign.key") == 0600);

    const auto loaded = core::load_keys(folder / "keys");
    REQUIRE_MESSAGE(loaded, loaded.error().message);
    CHECK(loaded->curve_secret == keys.curve_secret);
    CHECK(loaded->curve_public == keys.curve_public);
    CHECK(loaded->sign_secret == keys.sign_secret);
    CHECK(loaded->sign_public == keys.sign_public);
}

TEST_CASE("keys: they are never overwritten") {
    const test::TempFolder folder;
    const core::Keys keys = test::make_keys();
    REQUIRE(core::save_keys(folder / "keys", keys));
    const auto again = core::save_keys(folder / "keys", test::make_keys());
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::invalid);
    CHECK(core::load_keys(folder / "keys")->curve_secret == keys.curve_secret);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                        std::filesystem::directory_iterator()) == 1);
}

TEST_CASE("keys: missing ones say what to run") {
    const test::TempFolder folder;
    const auto loaded = core::load_keys(folder / "keys");
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Errc::not_found);
    CHECK(loaded.error().message.find("filial init") != std::string::npos);
}

TEST_CASE("keys: a secret that others may read is not used") {
    const test::TempFolder folder;
    REQUIRE(core::save_keys(folder / "keys", test::make_keys()));
    for (const char* name : {"curve.key", "sign.key"}) {
        CAPTURE(name);
        const std::filesystem::path secret = folder / "keys" / name;
        ::chmod(secret.c_str(), 0640);
        const auto loaded = core::load_keys(folder / "keys");
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code == Errc::not_allowed);
        CHECK(loaded.error().message.find(name) != std::string::npos);
        ::chmod(secret.c_str(), 0400);
        CHECK(core::load_keys(folder / "keys").has_value());
    }
}

TEST_CASE("keys: a public key of another pair, or a damaged one, is found when loading") {
    for (const char* name : {"curve.pub", "curve.key", "sign.pub", "sign.key"}) {
        CAPTURE(name);
        const test::TempFolder folder;
        REQUIRE(core::save_keys(folder / "mine", test::make_keys()));
        REQUIRE(core::save_keys(folder / "other", test::make_keys()));
        const std::string other = test::read_file(folder / "other" / name);
        for (const std::string& wrong : {other, std::string("short\n"), std::string()}) {
            REQUIRE(core::replace_text(folder / "mine" / name, wrong, 0600));
            const auto loaded = core::load_keys(folder / "mine");
            REQUIRE_FALSE(loaded);
            CHECK(loaded.error().code == Errc::corrupt);
        }
    }
}

TEST_CASE("keys: only 40 characters of Z85 are a key") {
    CHECK(core::is_curve_key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"));
    CHECK_FALSE(core::is_curve_key(""));
    CHECK_FALSE(core::is_curve_key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI"));
    CHECK_FALSE(core::is_curve_key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\""));
    CHECK_FALSE(core::is_curve_key(std::string(40, '#')));  // More than 32 bits in five.
}
