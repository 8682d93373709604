#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/json_operation.h"

namespace filial::cli {

/// Flags of every verb that hands in a ticket.
struct TicketArgs {
    std::string at;  ///< When it happened; empty: now.
    std::string document;
    bool fact = false;
    std::string client;  ///< 32 hexadecimal digits or any name; empty: a random one.
    std::uint64_t number = 1;
    double wait_seconds = 10;
};

/// Time, document and fact for the operations of this command; a caller that tries again without a
/// time gets that of its first try. `invalid` for a bad time.
schema::Result<OperationDefaults> defaults_of(Context& context, const TicketArgs& args);

/// Hands in one ticket, with the homes of its customers (name_homes), and prints what became of it.
/// A lost answer is asked for again with the same client and number until `wait_seconds` are over,
/// so the ticket is never booked twice. Returns the exit code: 0 for booked, that of its error for
/// refused.
schema::Result<int> submit(Context& context, const TicketArgs& args,
                           std::vector<PlacedOperation> operations,
                           const Json& beside = Json::object());

/// Prints why a ticket was not booked, with the place that is wrong: "operation" and "line" in
/// JSON, null where it is not about one. Returns the exit code.
int print_fault(Console& console, const schema::Error& error, const TicketFault& fault);

/// The same for one operation; it is validated first. `beside`: further members of the JSON answer.
schema::Result<int> submit(Context& context, const TicketArgs& args,
                           const schema::Operation& operation, const Json& beside = Json::object());

/// Flag bits in words, for people: "stock went below zero: booked and flagged".
std::vector<std::string> flag_texts(std::uint64_t flags);
/// And as names in JSON: "below_zero".
std::vector<std::string> flag_names(std::uint64_t flags);

}  // namespace filial::cli
