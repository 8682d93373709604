#include "core/journal/key_runs.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace filial::core {

using schema::ByteView;

KeyRuns::Walk::Walk(KeyRuns& keys, ByteView from) {
    keys.sort();
    for (const auto& run : keys.runs_) {
        const ByteView* end = run.data() + run.size();
        const ByteView* at = std::lower_bound(run.data(), end, from);
        if (at != end) places_.push_back({at, end});
    }
    find_least();
}

const ByteView* KeyRuns::Walk::here() const {
    return places_.empty() ? nullptr : places_[least_].at;
}

void KeyRuns::Walk::next() {
    Place& place = places_[least_];
    if (++place.at == place.end) {
        places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(least_));
    }
    find_least();
}

void KeyRuns::Walk::find_least() {
    const auto below = [](const Place& a, const Place& b) { return *a.at < *b.at; };
    const auto least = std::min_element(places_.begin(), places_.end(), below);
    least_ = static_cast<std::size_t>(least - places_.begin());
}

void KeyRuns::sort() {
    if (unsorted_.empty()) return;
    std::sort(unsorted_.begin(), unsorted_.end());
    runs_.push_back(std::exchange(unsorted_, {}));
    while (runs_.size() > 1 && runs_[runs_.size() - 2].size() < 2 * runs_.back().size()) {
        const auto last = std::move(runs_.back());
        runs_.pop_back();
        std::vector<ByteView> merged;
        merged.reserve(runs_.back().size() + last.size());
        std::merge(runs_.back().begin(), runs_.back().end(), last.begin(), last.end(),
                   std::back_inserter(merged));
        runs_.back() = std::move(merged);
    }
}

}  // namespace filial::core
