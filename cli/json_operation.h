#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/operation.h"
#include "schema/result.h"

namespace filial::cli {

/// What an operation gets where its line does not say it.
struct OperationDefaults {
    schema::Timestamp at;
    std::string document;
    bool fact = false;
    bool recorded = false;  ///< Operation::recorded, unless the line says whether it is a fact.
    /// Home of a customer who is registered without one: the store that books it. Empty: each line
    /// has to name it.
    std::string home{};
};

/// The operations of one JSON text: an object is one, an array of objects several of one ticket.
///
///     {"op": "sell", "at": "2026-11-22T09:13:00Z", "sku": "85123A", "qty": "2", "doc": "4711"}
///
/// Amounts are decimal text; numbers are taken by their digits, never through a floating point.
/// Members that the operation does not have, that come twice or that are missing are `invalid`,
/// named, with the number of the operation where there are several. Each operation is validated.
schema::Result<std::vector<schema::Operation>> parse_operations(std::string_view json,
                                                                const OperationDefaults& defaults);

/// One operation and where it stood: "line 3", "operation 3, line 7".
struct PlacedOperation {
    schema::Operation operation;
    std::string place;
    std::size_t line = 0;  ///< Where it begins, from 1.
};

/// Where a ticket is wrong, from 1; 0: as a whole.
struct TicketFault {
    std::size_t operation = 0;
    std::size_t line = 0;
};

/// A whole file that is one ticket: a JSON array of operations, one operation, or one a line. On
/// failure `fault` says where, if it is asked for, and the message does in words.
schema::Result<std::vector<PlacedOperation>> parse_ticket(std::string_view text,
                                                          const OperationDefaults& defaults,
                                                          TicketFault* fault = nullptr);

}  // namespace filial::cli
