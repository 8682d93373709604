#include "core/journal/key_runs.h"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <set>
#include <string>

namespace filial::test {
namespace {

TEST_CASE("key runs: a walk shows every key from its beginning on once, in order") {
    std::mt19937 random(4715);
    std::deque<std::string> bytes;  // Stays where it is.
    std::set<std::string> model;
    core::KeyRuns keys;
    for (int i = 0; i < 3'000; ++i) {
        const std::string key = std::to_string(random() % 100'000);
        if (model.insert(key).second) keys.add(bytes.emplace_back(key));
        if (random() % 7 != 0) continue;
        const std::string from = std::to_string(random() % 10'000);
        auto expected = model.lower_bound(from);
        for (core::KeyRuns::Walk walk(keys, from); walk.here() != nullptr; walk.next()) {
            REQUIRE(expected != model.end());
            REQUIRE(*walk.here() == *expected);
            ++expected;
        }
        REQUIRE(expected == model.end());
    }
}

TEST_CASE("key runs: nothing is there to walk through where there is no key") {
    core::KeyRuns keys;
    CHECK(core::KeyRuns::Walk(keys, "").here() == nullptr);
    keys.add("b");
    CHECK(core::KeyRuns::Walk(keys, "c").here() == nullptr);
    CHECK(*core::KeyRuns::Walk(keys, "a").here() == "b");
}

}  // namespace
}  // namespace filial::test
