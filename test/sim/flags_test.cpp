#include "test/sim/flags.h"

#include <doctest/doctest.h>

namespace filial::sim {

namespace {

std::string refused(const std::vector<std::string>& words) {
    const auto flags = parse_flags(words);
    return flags ? "" : flags.error().message;
}

}  // namespace

TEST_CASE("sim: seeds that are no number are refused, not taken for none") {
    for (const std::string flag : {"--seeds", "--seed", "--from", "--planted", "--twice-each"}) {
        CAPTURE(flag);
        for (const std::string word :
             {"abc", "x", "", "12x", "-1", "1.5", " 7", "0x10", "99999999999999999999999"}) {
            CAPTURE(word);
            const std::string why = refused({flag, word});
            CHECK(why.find(flag + " was given \"" + word + "\"") != std::string::npos);
            CHECK(why.find("allowed is a whole number from ") != std::string::npos);
        }
        CHECK(refused({flag}).find(flag + " lacks its value") != std::string::npos);
    }
    CHECK(refused({"--seeds", "0"}).find("from 1 to") != std::string::npos);
    CHECK(!refused({"--plant", "nothing-such"}).empty());
    CHECK(!refused({"--plant"}).empty());
    CHECK(refused({"--sed", "1"}) == "\"--sed\" is no flag");
    CHECK(refused({"7"}) == "\"7\" is no flag");
}

TEST_CASE("sim: what can be meant is taken") {
    const auto flags = parse_flags({"--from", "7", "--seeds", "3", "--coverage", "--twice"});
    REQUIRE(flags);
    CHECK(flags->first == 7);
    CHECK(flags->seeds == 3);
    CHECK(flags->coverage);
    CHECK(flags->twice_each == 1);
    const auto one = parse_flags({"--seed", "0", "--trace"});
    REQUIRE(one);
    CHECK(one->first == 0);
    CHECK(one->seeds == 1);
    CHECK(one->trace);
}

}  // namespace filial::sim
