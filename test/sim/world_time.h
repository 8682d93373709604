#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "core/clock.h"

namespace filial::sim {

/// Microseconds since the simulation began: the true time, which nobody inside knows.
using Time = std::int64_t;
constexpr Time kNever = std::numeric_limits<Time>::max();
using core::kMillisecond;
using core::kSecond;

/// The clocks of one machine: its wall clock may be wrong, jump and run too fast; the time since
/// its boot goes on in suspend and begins anew with a boot.
class MachineClock : public core::Clock {
  public:
    MachineClock(const Time& now, std::string machine) : now_(now), machine_(std::move(machine)) {}

    schema::Timestamp wall() const override {
        constexpr std::int64_t start = 1'291'190'400'000'000;  // 2010-12-01T08:00:00Z
        return schema::Timestamp{start + now_ + wrong_us_ + now_ / 1'000'000 * drift_ppm_};
    }
    core::BootTime boot() const override { return core::BootTime{now_ - booted_ + kSecond}; }
    std::string boot_id() const override { return machine_ + "-" + std::to_string(boots_); }

    void set_wrong(std::int64_t us) { wrong_us_ = us; }
    void set_drift(std::int64_t ppm) { drift_ppm_ = ppm; }
    void reboot() {
        booted_ = now_;
        ++boots_;
    }

  private:
    const Time& now_;
    std::string machine_;
    Time booted_ = -3'600 * kSecond;
    std::int64_t boots_ = 1;
    std::int64_t wrong_us_ = 0;
    std::int64_t drift_ppm_ = 0;
};

}  // namespace filial::sim
