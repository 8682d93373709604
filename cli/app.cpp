#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/json.h"
#include "cli/usage.h"

namespace filial::cli {

namespace {

constexpr const char* kAbout =
    "filial: the branches of one company share stock, customers and debts.\n\n"
    "This command hands in what happened at a store, asks its replica, and shows how\n"
    "far everything has come. It talks to the programs of one store, which run from the\n"
    "same filial.toml.";

constexpr const char* kExitCodes =
    "Exit codes: 0 done or fresh, 1 failed, 2 usage or configuration, 3 stale, 4 refused by a\n"
    "rule, 5 not reachable, 6 not found, 7 not allowed.\n\n"
    "Begin with:  filial init --help";

/// Fills an app with all verbs; `context` outlives it.
void fill(CLI::App& app, Context& context) {
    app.description(kAbout);
    app.footer(kExitCodes);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--config", context.config,
                   "The store's filial.toml; else $FILIAL_CONFIG, ./filial.toml, "
                   "/etc/filial/filial.toml");
    add_many(app, "--set", context.sets, "Overrides one option: section.key=value");
    app.add_flag("--json", context.console.json, "Print JSON instead of text for people");
    app.set_version_flag("--version", std::string("filial ") + FILIAL_VERSION);
    add_setup_verbs(app, context);
    add_ticket_verbs(app, context);
    add_bulk_verbs(app, context);
    add_bundle_verbs(app, context);
    add_question_verbs(app, context);
    add_parked_verbs(app, context);
    add_call_verbs(app, context);
    add_trade_verbs(app, context);
    add_ledger_verbs(app, context);
    add_account_verbs(app, context);
    add_identity_verbs(app, context);
}

void gather(const CLI::App& app, const std::string& prefix,
            std::vector<std::pair<std::string, std::string>>& all) {
    for (const CLI::App* verb : app.get_subcommands({})) {
        const std::string name = prefix + verb->get_name();
        all.emplace_back(name, verb->help());
        gather(*verb, name + " ", all);
    }
}

}  // namespace

CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& what,
                   const std::string& example) {
    CLI::App& verb = *parent.add_subcommand(name, what);
    verb.fallthrough();
    if (!example.empty()) verb.footer("Example:\n" + example);
    return verb;
}

void add_many(CLI::App& verb, const std::string& flag, std::vector<std::string>& into,
              const std::string& what) {
    // One value each time, so that the words behind it keep their own meaning.
    verb.add_option(flag, into, what)->allow_extra_args(false);
}

std::vector<std::pair<std::string, std::string>> help_of_all(Context& context) {
    CLI::App app("", "filial");
    fill(app, context);
    std::vector<std::pair<std::string, std::string>> all;
    gather(app, "", all);
    return all;
}

int run(Context& context, const std::vector<std::string>& args) {
    CLI::App app("", "filial");
    fill(app, context);
    // The flag counts even where the rest of the line cannot be read.
    context.console.json = std::find(args.begin(), args.end(), "--json") != args.end();
    try {
        app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
    } catch (const CLI::CallForHelp&) {
        const CLI::App* shown = &app;
        while (!shown->get_subcommands().empty()) shown = shown->get_subcommands().front();
        context.console.out(shown->help());
        return kDone;
    } catch (const CLI::CallForVersion& version) {
        context.console.line(version.what());
        return kDone;
    } catch (const CLI::ParseError& e) {
        return report(context.console, usage_error(app, e));
    }
    schema::check(static_cast<bool>(context.action), "every verb has its action");
    const auto done = context.action();
    return done ? *done : report(context.console, with_verb(done.error(), verb_of(app)));
}

}  // namespace filial::cli
