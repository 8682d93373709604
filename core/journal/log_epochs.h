#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/journal/journal.h"

namespace filial::core {

/// How a later epoch of a log began: behind which event it goes on, and what was given up there by
/// a person, because nobody had it any more.
struct EpochBegun {
    std::uint64_t epoch = 0;
    std::uint64_t first = 0;           ///< Its first event.
    std::uint64_t continues_from = 0;  ///< The last one of the epoch before.
    schema::Timestamp at;              ///< By the store's clock; 0: not known.
    std::uint64_t lost_upto = 0;  ///< The last event that was given up, as far as was known; or 0.
    std::string who;
    std::string reason;  ///< Why it was given up; empty where nothing was.
    friend bool operator==(const EpochBegun&, const EpochBegun&) = default;
};

/// Epochs that are told: one comes with each loss of a log, restore or move.
constexpr std::size_t kEpochsTold = 20;

/// As Journal::read.
using ReadRange = std::function<schema::Result<schema::Range>(const ReadRequest&)>;

/// How each epoch of a whole log began, from the second one on, in their order; the newest
/// kEpochsTold of them. A few dozen reads for each, however long the log is. Fails as `read` does.
schema::Result<std::vector<EpochBegun>> epochs_of(const LogHead& head, const ReadRange& read);

}  // namespace filial::core
