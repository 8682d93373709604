#include <CLI/CLI.hpp>
#include <memory>

#include "cli/account.h"
#include "cli/account_lists.h"
#include "cli/app.h"

namespace filial::cli {

using schema::Result;

void add_account_verbs(CLI::App& app, Context& context) {
    CLI::App& account = add_verb(
        app, "account",
        "Everything about a customer's credit: limit, debt, what is left at home, which store "
        "holds\nwhich part, what is waited for and since when, what was decided and why",
        "  filial account 12377\n  filial account 12377 --json");
    const auto customer = std::make_shared<std::string>();
    account.add_option("CUSTOMER", *customer, "Customer's number")->required();
    account.callback([&context, customer] {
        context.action = [&context, customer] { return run_account(context, *customer); };
    });
    const auto add_list = [&](CLI::App& parent, const std::string& name,
                              Result<int> (*run)(Context&, const AccountListArgs&),
                              const std::string& what, const std::string& at,
                              const std::string& example) {
        CLI::App& verb = add_verb(parent, name, what, example);
        const auto args = std::make_shared<AccountListArgs>();
        verb.add_option("--at", args->at, at);
        verb.callback([&context, args, run] {
            context.action = [&context, args, run] { return run(context, *args); };
        });
    };
    add_list(app, "rounds", run_rounds,
             "The waiting list: official operations under way (closing an account, change of home, "
             "merge),\nwhich stores have not answered and when they were last heard; and closed "
             "accounts to be reviewed",
             "Only of customers at home in this store",
             "  filial rounds\n  filial rounds --at store1 --json");
    add_list(*app.get_subcommand("grant"), "list", run_grant_list,
             "Who holds which part of whose limit, or of whose goods; and requests that wait",
             "Only what this store gave", "  filial grant list\n  filial grant list --at store1");
}

}  // namespace filial::cli
