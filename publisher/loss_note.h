#pragma once

#include <optional>
#include <string>

#include "core/options.h"
#include "schema/result.h"

namespace filial::publisher {

/// The note by which an operator gives up what nobody has, in the publisher's folder. Its text is
/// the reason; in a last line "by NAME" stands who he is. Both go on the record.
inline constexpr const char* kAcceptLoss = "accept-loss";

/// What that note says.
struct LossNote {
    std::string reason;
    std::string who;

    /// Nothing where there is no note that can be read, or it has no reason: then nothing is given
    /// up.
    static std::optional<LossNote> read(const core::Options& options);
    /// Takes the note away, durably: it counts for one loss, and a later one is another decision.
    /// Done once the loss is on record, and wherever a log is whole. `io` where that fails.
    static schema::Result<void> forget(const core::Options& options);
};

}  // namespace filial::publisher
