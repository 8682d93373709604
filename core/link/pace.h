#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.h"

namespace filial::core {

/// Keeps a flow of bytes at a rate: what is spent beyond it is waited for. Pure.
class Pace {
  public:
    /// Bytes a second; 0: as many as there are.
    explicit Pace(std::uint64_t rate = 0)
        : rate_(static_cast<std::int64_t>(std::min(rate, kRateMax))) {}

    std::uint64_t rate() const { return static_cast<std::uint64_t>(rate_); }
    /// Whether something may go now. One piece may be larger than what a second allows: the next
    /// ones wait until it is made up for.
    bool may(BootTime now) {
        refill(now);
        return rate_ == 0 || left_ > 0;
    }
    void spend(std::uint64_t bytes, BootTime now) {
        refill(now);
        if (rate_ > 0) left_ -= static_cast<std::int64_t>(bytes);
    }

  private:
    static constexpr std::uint64_t kRateMax = std::uint64_t{1} << 40;

    void refill(BootTime now) {
        if (!begun_) left_ = rate_;
        const std::int64_t passed = begun_ ? now.value() - at_.value() : 0;
        begun_ = true;
        at_ = now;
        // More than a second's worth is never saved up.
        const double earned = static_cast<double>(rate_) * static_cast<double>(passed) / kSecond;
        const double most = static_cast<double>(rate_ - left_);
        rest_ += std::min(earned, most);
        const auto whole = static_cast<std::int64_t>(rest_);
        left_ += whole;
        rest_ -= static_cast<double>(whole);
    }

    std::int64_t rate_;
    std::int64_t left_ = 0;
    double rest_ = 0;  ///< Earned, less than a byte.
    bool begun_ = false;
    BootTime at_;
};

/// How fast bytes come, by the last whole second. Pure.
class Speed {
  public:
    void note(std::uint64_t bytes, BootTime now) {
        if (!begun_) since_ = now;
        begun_ = true;
        const std::int64_t passed = now.value() - since_.value();
        if (passed >= kSecond) {
            rate_ = count_ * std::uint64_t{kSecond} / static_cast<std::uint64_t>(passed);
            count_ = 0;
            since_ = now;
        }
        count_ += bytes;
    }
    /// Bytes a second; 0 within the first one.
    std::uint64_t rate() const { return rate_; }

  private:
    bool begun_ = false;
    BootTime since_;
    std::uint64_t count_ = 0;
    std::uint64_t rate_ = 0;
};

}  // namespace filial::core
