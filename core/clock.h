#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "schema/strong.h"
#include "schema/timestamp.h"

namespace filial::core {

/// Microseconds since this machine booted, suspend included (CLOCK_BOOTTIME): what ages and
/// time-outs are measured with. Means nothing on another machine or after a restart of this one.
using BootTime = schema::Strong<std::int64_t, struct BootTimeTag>;

constexpr std::int64_t kMillisecond = 1'000;
constexpr std::int64_t kSecond = 1'000'000;

/// Where time comes from; the shell has SystemClock, tests and the simulator their own.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual schema::Timestamp wall() const = 0;  ///< For people; may jump.
    virtual BootTime boot() const = 0;           ///< Never goes back.
    /// Changes with every boot: a BootTime saved under another id cannot be compared.
    virtual std::string boot_id() const = 0;
};

class SystemClock : public Clock {
  public:
    schema::Timestamp wall() const override;
    BootTime boot() const override;
    std::string boot_id() const override;
};

/// Stands still until told otherwise.
class ManualClock : public Clock {
  public:
    schema::Timestamp wall() const override { return wall_; }
    BootTime boot() const override { return boot_; }
    std::string boot_id() const override { return boot_id_; }
    /// Both times go on by `microseconds`.
    void advance(std::int64_t microseconds);
    void set_wall(schema::Timestamp wall) { wall_ = wall; }
    void reboot(std::string boot_id);

  private:
    schema::Timestamp wall_{1'291'190'400'000'000};  // 2010-12-01T08:00:00Z
    BootTime boot_{kSecond};
    std::string boot_id_ = "boot-1";
};

}  // namespace filial::core
