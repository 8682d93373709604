#include "broker/agreed_time.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace filial::broker {

using schema::Timestamp;

namespace {

/// What comes in may say any time.
std::int64_t sum_within(std::int64_t at, std::int64_t age) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(at, age, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

bool are_apart(Timestamp one, Timestamp other) {
    std::int64_t between = 0;
    const bool over = __builtin_sub_overflow(one.value(), other.value(), &between);
    return over || between > kClocksApart || between < -kClocksApart;
}

}  // namespace

std::optional<Timestamp> AgreedTime::of_stores() const {
    std::vector<std::int64_t> times;
    const std::string boot = clock_.boot_id();
    if (marks_ != nullptr) {
        for (const auto& [store, held] : marks_->all()) {
            if (held.boot_id != boot) continue;  // How long ago that was nobody has measured.
            bool exact = false;
            times.push_back(
                sum_within(held.mark.at.value(), held.age_us(clock_.boot(), boot, exact)));
        }
    }
    if (times.empty()) return std::nullopt;
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>((times.size() - 1) / 2);
    std::nth_element(times.begin(), middle, times.end());
    return Timestamp{*middle};
}

Timestamp AgreedTime::wall() const {
    const auto stores = of_stores();
    const Timestamp here = clock_.wall();
    return stores && are_apart(here, *stores) ? *stores : here;
}

std::optional<Timestamp> AgreedTime::passed() const {
    const auto stores = of_stores();
    if (!stores) return std::nullopt;
    return std::min(*stores, clock_.wall());
}

std::string AgreedTime::trouble() const {
    const auto stores = of_stores();
    const Timestamp here = clock_.wall();
    if (!stores || !are_apart(here, *stores)) return {};
    return "this machine's clock says " + to_string(here) + ", those of its stores " +
           to_string(*stores) + ": set it; events are kept as long as either says";
}

}  // namespace filial::broker
