#include "core/clock.h"

#include <ctime>
#include <fstream>

#include "schema/hash.h"

namespace filial::core {
namespace {

std::int64_t now_us(clockid_t clock) {
    timespec now{};
    const int rc = clock_gettime(clock, &now);
    schema::check(rc == 0, "the system has this clock");
    return std::int64_t{now.tv_sec} * kSecond + now.tv_nsec / 1'000;
}

/// Where the system does not tell its boot's name, each process makes its own: saved times are
/// then never compared, which is always safe.
std::string read_boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    if (std::getline(file, id) && !id.empty()) return id;
    return "process-" + schema::to_hex(schema::random_bytes(16));
}

}  // namespace

schema::Timestamp SystemClock::wall() const { return schema::Timestamp{now_us(CLOCK_REALTIME)}; }

/// Not CLOCK_MONOTONIC: that one stands still while the machine sleeps.
BootTime SystemClock::boot() const { return BootTime{now_us(CLOCK_BOOTTIME)}; }

std::string SystemClock::boot_id() const {
    static const std::string id = read_boot_id();
    return id;
}

void ManualClock::advance(std::int64_t microseconds) {
    wall_ = schema::Timestamp{wall_.value() + microseconds};
    boot_ = BootTime{boot_.value() + microseconds};
}

void ManualClock::reboot(std::string boot_id) {
    boot_ = BootTime{kSecond};
    boot_id_ = std::move(boot_id);
}

}  // namespace filial::core
