#include "ledger/freshness.h"

#include <doctest/doctest.h>

using namespace filial;
using ledger::Heard;
using ledger::judge;
using schema::Verdict;

namespace {

constexpr std::int64_t kMinute = 60'000'000;

Heard heard(const char* store, std::int64_t age_us) {
    Heard one;
    one.ever = true;
    one.as_of = schema::Timestamp{1'000'000 - age_us};
    one.age_us = age_us;
    one.source = std::string("peer ") + store;
    one.position = {schema::StoreId{store}, schema::Epoch{1}, schema::Sequence{7}};
    return one;
}

}  // namespace

TEST_CASE("freshness: an answer is as old as the oldest log that it is made of") {
    const auto all =
        judge({heard("store1", 5), heard("store2", 90), heard("store3", 20)}, true, kMinute);
    CHECK(all.ever);
    CHECK(all.age_us == 90);
    CHECK(all.source == "peer store2");
    CHECK(all.as_of == schema::Timestamp{1'000'000 - 90});
    CHECK(all.positions.size() == 3);
    CHECK(all.verdict == Verdict::fresh);
}

TEST_CASE("S27: the same age is fresh under one policy, and under another a person is asked") {
    const std::vector<Heard> logs{heard("store1", 20 * kMinute)};
    CHECK(judge(logs, true, 10 * kMinute).verdict == Verdict::ask);
    CHECK(judge(logs, true, 24 * 60 * kMinute).verdict == Verdict::fresh);
    CHECK(judge(logs, true, 20 * kMinute).verdict == Verdict::fresh);
    // Official: what a replica has, however new, is no live answer.
    CHECK(judge(logs, true, -1).verdict == Verdict::refuse);
}

TEST_CASE("freshness: an age that is only a lower bound is never fresh") {
    Heard after_restart = heard("store1", 1);
    after_restart.age_exact = false;
    const auto answer = judge({after_restart, heard("store2", 3)}, true, kMinute);
    CHECK_FALSE(answer.age_exact);
    CHECK(answer.verdict == Verdict::notice);
}

TEST_CASE("freshness: no policy calls a value fresh whose origins are not all here") {
    CHECK(judge({heard("store1", 1)}, false, kMinute).verdict == Verdict::notice);
    CHECK(judge({heard("store1", 1)}, false, kMinute).partial);
    const auto one_missing = judge({heard("store1", 1), Heard{}}, true, kMinute);
    CHECK(one_missing.partial);
    CHECK(one_missing.verdict == Verdict::notice);
}

TEST_CASE("freshness: what was never heard has no age and is refused") {
    for (const auto& logs : {std::vector<Heard>{}, std::vector<Heard>{Heard{}}}) {
        const auto never = judge(logs, true, kMinute);
        CHECK_FALSE(never.ever);
        CHECK(never.verdict == Verdict::refuse);
    }
}
