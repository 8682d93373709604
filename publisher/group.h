#pragma once

#include <vector>

#include "core/journal/journal.h"
#include "schema/event.h"

namespace filial::publisher {

/// The events of one commit of a store's log, as they were decided.
struct Group {
    core::LogHead head;  ///< Of the log before it; its epoch and incarnation are the log's.
    std::vector<schema::LoggedEvent> events;  ///< Dense, behind the head's end.
    schema::Timestamp at;                     ///< Of the commit.
};

/// What the journal takes: rows encoded, the chain of each topic carried on. Most of what a commit
/// costs the processor, and computed from the group alone, by whatever thread writes it.
core::Append append_of(const Group& group);

}  // namespace filial::publisher
