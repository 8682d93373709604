#pragma once

#include <optional>
#include <string>

#include "core/journal/journal.h"
#include "core/options.h"
#include "core/quarantine.h"

namespace filial::publisher {

/// Where the store's own log stands, and what stands beside it: a folder in a store, and what a
/// simulated machine has instead.
class LogPlace {
  public:
    virtual ~LogPlace() = default;
    /// Whether something stands beside the log under that name.
    virtual bool taken(const std::string& name) const = 0;
    /// The log that is there goes to `name`; nothing where there is none.
    virtual schema::Result<void> move_aside(const std::string& name) = 0;
};

/// The log may have gone on elsewhere: from now on nothing is booked here, over restarts, until
/// head office has readmitted this machine. Durable on return.
schema::Result<void> begin_quarantine(const core::Options& options, const std::string& why);

/// The log here is not the one that the brokers hold: says so in the quarantine, and under which
/// name it is kept. Durable on return; the log itself is still where it was.
schema::Result<void> set_aside(const core::Options& options, const LogPlace& place,
                               core::Quarantine quarantine, const std::string& why);

/// What was set aside makes room for the log that the brokers hold; done again after a crash.
schema::Result<void> make_room(const core::Quarantine& quarantine, LogPlace& place);

/// The log's state says that it is in quarantine, whatever becomes of the file beside it, until the
/// write that opens its next epoch (Outbox::open_epoch). Durable on return; nothing is written
/// where it says so already.
schema::Result<void> note_quarantine(core::Journal& journal, const core::Quarantine& quarantine);

/// Where the file is gone, and the log's state says that head office has not lifted the quarantine:
/// that one, and the file is there again, durable on return.
schema::Result<std::optional<core::Quarantine>> unlifted(const core::Options& options,
                                                         const core::Journal& journal);

/// Whether the log has begun the life that the quarantine waits for: only the quarantine is left,
/// by a crash between the two.
bool readmitted(const core::Journal& journal, const core::Quarantine& quarantine);

}  // namespace filial::publisher
