#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace CLI {
class App;
}

namespace filial::cli {

/// Reads the command line and does what it says; `args` without the program's name. Returns the
/// exit code; everything is printed.
int run(Context& context, const std::vector<std::string>& args);

/// Every verb with its help, by name: "sell", "transfer send".
std::vector<std::pair<std::string, std::string>> help_of_all(Context& context);

// Each adds the verbs of one kind.
void add_ticket_verbs(CLI::App& app, Context& context);
void add_bulk_verbs(CLI::App& app, Context& context);
void add_bundle_verbs(CLI::App& app, Context& context);
void add_question_verbs(CLI::App& app, Context& context);
/// After the ticket and question verbs: some stand below those.
void add_trade_verbs(CLI::App& app, Context& context);
/// After the ticket verbs.
void add_ledger_verbs(CLI::App& app, Context& context);
/// After the ledger's verbs.
void add_account_verbs(CLI::App& app, Context& context);
/// What the replica cannot apply.
void add_parked_verbs(CLI::App& app, Context& context);
void add_call_verbs(CLI::App& app, Context& context);
void add_setup_verbs(CLI::App& app, Context& context);
/// Backups, and machines that come back.
void add_identity_verbs(CLI::App& app, Context& context);

/// A verb with its help, an example below it, and the flags that all have.
CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& what,
                   const std::string& example);

/// Takes the word at its place on the line; a flag that may stand several times takes one value
/// each time.
void add_many(CLI::App& verb, const std::string& flag, std::vector<std::string>& into,
              const std::string& what);

}  // namespace filial::cli
