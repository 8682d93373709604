#include "core/journal/scrub_pace.h"

#include <utility>

namespace filial::core {

std::size_t ScrubPace::bytes(BootTime now) {
    if (std::exchange(first_, false)) next_ = BootTime{now.value() + kScrubFirstAfter};
    if (!begun_) {
        if (!asked_ && now < next_) return 0;
        begun_ = true;
        slice_ = now;
        return asked_ ? kScrubSliceAsked : kScrubSlice;
    }
    if (asked_) return kScrubSliceAsked;
    if (now.value() - slice_.value() < kScrubSliceEvery) return 0;
    slice_ = now;
    return kScrubSlice;
}

void ScrubPace::ended(BootTime now) {
    ++looks_;
    begun_ = false;
    asked_ = std::exchange(again_, false);
    next_ = BootTime{now.value() + every_us_};
}

void ScrubPace::at_once() {
    again_ = again_ || (begun_ && !asked_);
    asked_ = true;
}

}  // namespace filial::core
