#include "cli/tap_output.h"

#include <doctest/doctest.h>

#include <fstream>

#include "test/support/temp_folder.h"

using namespace filial;
using cli::TapOutput;
using cli::TapState;
using schema::Epoch;
using schema::Sequence;
using schema::StoreId;

namespace {

std::string line(std::uint64_t seq) {
    return "{\"store\":\"store1\",\"epoch\":1,\"seq\":" + std::to_string(seq) + "}\n";
}

std::uint64_t reached(TapState& state) { return state.positions[StoreId{"store1"}].after.value(); }

/// A tap that saved its memory at 1 and was killed after it had written this more.
TapState killed(const std::filesystem::path& file, const std::string& more) {
    TapState state;
    auto output = TapOutput::open(file.string());
    REQUIRE(output);
    REQUIRE(output->recover(state));
    REQUIRE(output->write(line(1), state));
    state.positions[StoreId{"store1"}] = {Epoch{1}, Sequence{1}};
    TapState lost = state;
    REQUIRE(output->write(more, lost));
    return *cli::parse_tap(cli::tap_text(state));
}

}  // namespace

TEST_CASE("tap: what was written into the file before is not written again into another one") {
    const test::TempFolder folder;
    const std::string more = line(2) + line(3) + "{\"store\":\"sto";
    TapState state = killed(folder / "a", more);
    auto output = TapOutput::open((folder / "b").string());
    REQUIRE(output);
    REQUIRE(output->recover(state));
    CHECK(reached(state) == 3);
    // The half line comes again whole, in the new file.
    CHECK(test::read_file(folder / "a") == line(1) + line(2) + line(3));
    CHECK(test::read_file(folder / "b").empty());
    CHECK(state.path == (folder / "b").string());
    CHECK(state.bytes == 0);
}

TEST_CASE("tap: an earlier file that is gone, replaced or shorter changes nothing") {
    for (const int what : {0, 1, 2}) {
        CAPTURE(what);
        const test::TempFolder folder;
        TapState state = killed(folder / "a", line(2));
        if (what == 2) std::ofstream(folder / "a") << "";
        if (what < 2) std::filesystem::rename(folder / "a", folder / "kept");
        if (what == 1) std::ofstream(folder / "a") << line(9) << line(10) << line(11);
        auto output = TapOutput::open((folder / "b").string());
        REQUIRE(output);
        REQUIRE(output->recover(state));
        CHECK(reached(state) == 1);
    }
}

TEST_CASE("tap: a file that was renamed while the tap wrote into it is found by its new name") {
    const test::TempFolder folder;
    TapState state;
    {
        auto output = TapOutput::open((folder / "a").string());
        REQUIRE(output);
        REQUIRE(output->recover(state));
        std::filesystem::rename(folder / "a", folder / "a.1");
        REQUIRE(output->write(line(1), state));
    }
    CHECK(state.path == (folder / "a.1").string());
}

TEST_CASE("tap: a memory of an older version, which knows no path, is taken") {
    const auto state = cli::parse_tap(
        "{\"topic\":\"stock\",\"positions\":[],"
        "\"output\":{\"device\":1,\"inode\":2,\"bytes\":3}}");
    REQUIRE(state);
    CHECK(state->path.empty());
    CHECK(state->bytes == 3);
}
