#include "publisher/gathering.h"

#include <algorithm>

#include "publisher/outbox.h"

namespace filial::publisher {

bool Gathering::more(std::size_t waiting, core::BootTime now) {
    if (!asked_) {
        began_ = now;
        progressed_ = now;
        seen_ = waiting;
    } else if (waiting > seen_) {
        progressed_ = now;
        seen_ = waiting;
    }
    asked_ = true;
    // Those who were answered and those who wait are all there are. A little more than half of them
    // is a group: the others are on their way while it is written.
    const std::size_t all = expected_ + waiting;
    if (waiting == 0 || all < kGatherClients) return false;
    if (waiting >= std::min(kGroupTickets, all * 9 / 16)) return false;
    return now.value() - progressed_.value() < kGatherPause &&
           now.value() - began_.value() < kGatherMost;
}

void Gathering::over(std::size_t answered) {
    expected_ = answered;
    asked_ = false;
}

}  // namespace filial::publisher
