#include "publisher/gathering.h"

#include <doctest/doctest.h>

#include "publisher/outbox.h"

using namespace filial::publisher;
using filial::core::BootTime;

TEST_CASE("gathering: who comes alone, or with few others, is not kept waiting") {
    Gathering gathering;
    CHECK_FALSE(gathering.more(0, BootTime{0}));
    CHECK_FALSE(gathering.more(1, BootTime{0}));
    gathering.over(10);
    CHECK_FALSE(gathering.more(1, BootTime{100}));
}

TEST_CASE("gathering: the first few of many wait for more than half of all, while more come") {
    Gathering gathering;
    gathering.over(59);
    CHECK(gathering.more(5, BootTime{0}));
    CHECK(gathering.more(20, BootTime{50}));
    CHECK(gathering.more(20, BootTime{50 + kGatherPause - 1}));
    CHECK(gathering.more(30, BootTime{160}));
    CHECK_FALSE(gathering.more(kGroupTickets, BootTime{170}));
}

TEST_CASE("gathering: when nobody comes any more it ends after a moment") {
    Gathering gathering;
    gathering.over(60);
    CHECK(gathering.more(4, BootTime{1'000}));
    CHECK(gathering.more(4, BootTime{1'000 + kGatherPause - 1}));
    CHECK_FALSE(gathering.more(4, BootTime{1'000 + kGatherPause}));
    // Those who were expected did not come: the next turn expects as many as there were.
    gathering.over(4);
    CHECK_FALSE(gathering.more(4, BootTime{2'000}));
}

TEST_CASE("gathering: it ends, however slowly they come") {
    Gathering gathering;
    gathering.over(60);
    std::size_t waiting = 1;
    std::int64_t now = 0;
    while (gathering.more(waiting, BootTime{now})) {
        ++waiting;
        now += kGatherPause - 10;
    }
    CHECK(waiting < kGroupTickets / 2);
    CHECK(now <= kGatherMost + kGatherPause);
}
