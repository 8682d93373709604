#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/journal/journal.h"
#include "schema/event.h"

namespace filial::publisher {

/// How tickets are put into commits.
struct GroupSizes {
    /// A commit ends at so many where as many are left, as soon as one more may be begun.
    std::size_t tickets = 40;
    /// Fewer do not begin a commit of their own while another one is in hand: they wait for those
    /// that its answers bring.
    std::size_t early = 32;
};

/// The events of one commit of a store's log, as they were decided.
struct Group {
    schema::StoreId store;
    schema::Epoch epoch;
    schema::Incarnation incarnation{};
    std::vector<schema::LoggedEvent> events;  ///< Dense, behind the log's end.
    schema::Timestamp at;                     ///< Of the commit.
};

/// Where the chain of each topic of a log stands; a topic without one has none yet.
using Chains = std::map<std::string, schema::Hash>;
Chains chains_of(const core::LogHead& head);

/// What the journal takes: rows encoded, the chain of each topic carried on from `chains`, which
/// are then those behind the group. Most of what a commit costs the processor, and computed by
/// whatever thread writes it.
core::Append append_of(const Group& group, Chains& chains);

}  // namespace filial::publisher
