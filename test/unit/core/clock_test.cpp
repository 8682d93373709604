#include "core/clock.h"

#include <doctest/doctest.h>

using namespace filial;

TEST_CASE("clock: the system's boot time goes on and its boot has one name") {
    const core::SystemClock clock;
    const auto first = clock.boot();
    CHECK(first.value() > 0);
    CHECK(clock.boot() >= first);
    CHECK_FALSE(clock.boot_id().empty());
    CHECK(clock.boot_id() == core::SystemClock().boot_id());
    CHECK(clock.wall().value() > std::int64_t{1'700'000'000} * core::kSecond);
}

TEST_CASE("clock: a manual clock moves both times, and a boot begins a new one") {
    core::ManualClock clock;
    const auto wall = clock.wall();
    const auto boot = clock.boot();
    clock.advance(90 * core::kSecond);
    CHECK(clock.wall().value() - wall.value() == 90 * core::kSecond);
    CHECK(clock.boot().value() - boot.value() == 90 * core::kSecond);

    clock.reboot("boot-2");
    CHECK(clock.boot_id() == "boot-2");
    CHECK(clock.boot() < core::BootTime{90 * core::kSecond});
    CHECK(clock.wall().value() - wall.value() == 90 * core::kSecond);
}
