#pragma once

#include <optional>
#include <string>

#include "core/clock.h"
#include "core/link/mark_book.h"

namespace filial::broker {

/// Clocks further apart than this are not of the same time: lines and rounding explain less.
constexpr std::int64_t kClocksApart = 3'600 * core::kSecond;

/// What time it is, by this machine's clock and by those of the stores. Each mark says what its
/// store's clock showed, and how long ago that was is measured, so a clock that is set wrong here
/// moves none of it. The stores' time is the middle one of all that were heard since this machine
/// was started (the earlier one of two), so that a single store's clock moves little.
class AgreedTime : public core::Clock {
  public:
    /// `clock` must outlive it.
    explicit AgreedTime(const core::Clock& clock) : clock_(clock) {}
    /// From now on the stores' marks count. They must outlive it.
    void attach(const core::MarkBook& marks) { marks_ = &marks; }

    /// This machine's time; where it is further than kClocksApart from the stores', theirs.
    schema::Timestamp wall() const override;
    core::BootTime boot() const override { return clock_.boot(); }
    std::string boot_id() const override { return clock_.boot_id(); }

    /// The time that has come by this machine's clock and by the stores', both: what age may be
    /// judged by where something is deleted for it. nullopt: no store was heard since this machine
    /// was started.
    std::optional<schema::Timestamp> passed() const;
    /// Why the two are not of the same time, for people; empty where they are.
    std::string trouble() const;

  private:
    std::optional<schema::Timestamp> of_stores() const;

    const core::Clock& clock_;
    const core::MarkBook* marks_ = nullptr;
};

}  // namespace filial::broker
