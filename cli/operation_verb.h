#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/context.h"
#include "cli/submit.h"

namespace CLI {
class App;
}

/// Verbs that hand in one operation as a ticket of its own.
namespace filial::cli {

/// What such a verb reads from the command line, whichever of it the operation uses.
struct Typed {
    schema::OperationKind kind = schema::OperationKind::none;
    TicketArgs ticket;
    std::string subject;
    std::string peer;
    std::string sku;
    std::string quantity;
    std::string amount;
    std::string topic;
    std::string text;
    std::string file;
    bool last_value = false;
    std::vector<std::string> fields;
};

/// For words that mean something where they are left out: an empty one is a script's mistake. Says
/// what is wrong, or "".
std::string refuse_empty(const std::string& word);

/// Hands it in and prints what became of it. Returns the exit code; `invalid` with the operation's
/// name for what cannot be read.
schema::Result<int> hand_in_typed(Context& context, const Typed& typed);

/// A verb for one operation. The caller adds what it reads to the returned pair.
std::pair<CLI::App&, Typed&> add_operation(CLI::App& parent, Context& context,
                                           const std::string& name, schema::OperationKind kind,
                                           const std::string& what, const std::string& example);

/// --at, --client, --number, --wait; with `document` --doc, with `fact` --fact.
void add_ticket_flags(CLI::App& verb, TicketArgs& args, bool document, bool fact = true);

}  // namespace filial::cli
