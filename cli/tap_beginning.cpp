#include "cli/tap_beginning.h"

#include <algorithm>

#include "cli/tap_session.h"

namespace filial::cli {

using schema::StoreId;

namespace {

/// Logs that are named with their positions; of the others how many there are.
constexpr std::size_t kNamedMax = 5;

std::string positions_text(const std::map<StoreId, TapPosition>& positions) {
    std::string text;
    std::size_t named = 0;
    for (const auto& [store, position] : positions) {
        if (named++ == kNamedMax) break;
        text += (text.empty() ? "" : ", ") + std::to_string(position.after.value()) + " of " +
                store.value();
    }
    if (positions.size() > kNamedMax) {
        text += " and in " + std::to_string(positions.size() - kNamedMax) + " more logs";
    }
    return text;
}

std::string start_text(const TapSettings& settings) {
    if (settings.live) return "now, where the newest mark of each log says that it ends";
    return "with event " + std::to_string(settings.from.value_or(1)) +
           (settings.store.empty() ? " of each log" : " of " + settings.store);
}

}  // namespace

TapBeginning::TapBeginning(const TapSettings& settings, const std::map<StoreId, TapPosition>& known)
    : topic_(settings.topic), from_(settings.live ? 0 : settings.from.value_or(0)) {
    for (const auto& [store, position] : known) known_.insert(store);
    begins_ =
        known.empty()
            ? "begins " + start_text(settings)
            : "goes on behind " + positions_text(known) +
                  (settings.from || settings.live
                       ? "; only a log that is new to this name begins " + start_text(settings)
                       : "");
}

void TapBeginning::marked(const schema::Mark& mark) {
    ends_[mark.store] = mark.end_of(topic_).value();
}

std::string TapBeginning::waits() const {
    if (ends_.empty()) return {};
    const auto has_topic = [](const auto& entry) { return entry.second > 0; };
    if (std::none_of(ends_.begin(), ends_.end(), has_topic)) {
        return "no store has an event of topic " + topic_ + " yet; waiting for the first one";
    }
    std::string ends;
    for (const auto& [store, end] : ends_) {
        if (known_.contains(store) || end >= from_) return {};
        if (end > 0)
            ends += (ends.empty() ? "" : ", ") + std::to_string(end) + " at " + store.value();
    }
    return "the last event of topic " + topic_ + " is " + ends + ", below " +
           std::to_string(from_) + "; waiting for that one";
}

}  // namespace filial::cli
