#pragma once

#include <span>
#include <string>
#include <vector>

#include "schema/event.h"
#include "schema/operation.h"

namespace filial::cli {

/// One ticket, or one notice taken, of a log's tail that was lost: what of it happened in the
/// physical world, as operations that book it again as facts. Limits, grants, customers' fields and
/// all that was an answer to another store are no such facts: they are said again by whoever
/// decides them.
struct Orphan {
    schema::Position position;  ///< Of its first event, in the log that was lost.
    schema::ClientId client{};  ///< Of the ticket as it was handed in.
    std::uint64_t number = 0;
    schema::Timestamp at;
    std::vector<schema::Operation> operations;
    std::vector<std::string> left_out;  ///< "kind key" of what is no physical fact.
};

/// `events`: those of one ticket, in their order. `corrupt` where a payload cannot be read.
schema::Result<Orphan> orphan_of(const schema::StoreId& store,
                                 std::span<const schema::LoggedEvent> events);

/// Under whom a ticket of a lost epoch's tail is booked again whose own number is too old for that,
/// or used for another ticket by now:
/// the original position is the number, so that the same tail is booked once, however often and
/// from whichever disk.
schema::ClientId reissue_client(const schema::StoreId& store, schema::Epoch epoch);

}  // namespace filial::cli
