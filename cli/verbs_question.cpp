#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/get.h"
#include "cli/json.h"
#include "cli/list.h"
#include "cli/queue.h"
#include "cli/table.h"
#include "cli/verdicts.h"

namespace filial::cli {

using schema::Result;

namespace {

Result<int> run_version(Context& context) {
    Json out;
    out["program"] = "filial";
    out["version"] = FILIAL_VERSION;
    out["protocol"] = schema::kProtocolVersion;
    context.console.line(context.console.json ? dump(out)
                                              : std::string("filial ") + FILIAL_VERSION);
    return kDone;
}

Result<int> run_config(Context& context) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    Json out = Json::object();
    Table table({"OPTION", "VALUE", "FROM"});
    for (const core::OptionOrigin& one : core::option_origins(**options)) {
        Json json;
        json["value"] = one.value;
        json["origin"] = one.origin;
        out[one.name] = std::move(json);
        table.add({one.name, one.value, one.origin});
    }
    context.console.out(context.console.json ? dump(out) + "\n" : table.text());
    return kDone;
}

void add_get(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "get",
        "Ask this store's replica: stock SKU, customer ID, debt ID, or TOPIC KEY. Each row says\n"
        "how old it is; exit code 3 if some of it is older than the policy. At a terminal you are\n"
        "then asked whether to update first.",
        "  filial get stock 85123A\n  filial get stock 85123A --at warehouse --max-age 10m\n"
        "  filial get debt 12377 --json");
    const auto args = std::make_shared<GetArgs>();
    verb.add_option("WHAT", args->what, "stock, customer, debt, or a topic of yours")->required();
    verb.add_option("KEY", args->key, "SKU, customer's number, or key")->required();
    verb.add_option("--at", args->at, "Only this store");
    verb.add_option("--max-age", args->max_age, "Older is stale, for this once: 90s, 10m, 1d");
    verb.add_option("--for", args->purpose, "Whose policy counts: credit-check (of a debt)");
    verb.add_flag("--official", args->official,
                  "Only live answers of every store that matters count; 5 names who is missing");
    verb.add_option("--wait", args->wait, "How long to wait for live answers: 1s to 100s");
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_get(context, *args); };
    });
}

void add_list(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(app, "list", "List debts or stock",
                              "  filial list debts --over-limit\n"
                              "  filial list stock --below-zero --at store3");
    const auto args = std::make_shared<ListArgs>();
    verb.add_option("WHAT", args->what, "debts or stock")
        ->required()
        ->check(CLI::IsMember({"debts", "stock"}));
    verb.add_option("--at", args->at, "Only this store");
    verb.add_flag("--over-limit", args->over_limit, "Debts above their limit");
    verb.add_flag("--below-zero", args->below_zero, "Stock below zero");
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_list(context, *args); };
    });
}

void add_verdicts(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(app, "verdicts",
                              "What head office found in this store's log: events that a person "
                              "here should look at",
                              "  filial verdicts\n  filial verdicts --all --json");
    const auto all = std::make_shared<bool>(false);
    verb.add_flag("--all", *all, "Of every store");
    verb.callback([&context, all] {
        context.action = [&context, all] { return run_verdicts(context, *all); };
    });
    CLI::App& validate = add_verb(
        app, "validate",
        "At head office: look through what all stores sent and tell each store, once, what it\n"
        "should look at",
        "  filial validate\n  filial validate --watch --every 5m");
    const auto args = std::make_shared<ValidateArgs>();
    validate.add_flag("--watch", args->watch, "Again and again, until it is stopped");
    validate.add_option("--every", args->every, "With --watch: the pause between two looks");
    validate.callback([&context, args] {
        context.action = [&context, args] { return run_validate(context, *args); };
    });
}

void add_plain(CLI::App& app, Context& context, const std::string& name, const std::string& what,
               Result<int> (*action)(Context&), const std::string& example) {
    CLI::App& verb = add_verb(app, name, what, example);
    verb.callback(
        [&context, action] { context.action = [&context, action] { return action(context); }; });
}

}  // namespace

void add_question_verbs(CLI::App& app, Context& context) {
    add_get(app, context);
    add_list(app, context);
    add_verdicts(app, context);
    CLI::App& queue = add_verb(
        app, "queue",
        "What waits on each leg between the programs: events, bytes, age of the oldest, when the\n"
        "other end was last heard, and when it is tried next",
        "  filial queue --watch");
    const auto watch = std::make_shared<bool>(false);
    queue.add_flag("--watch", *watch, "Again every two seconds");
    queue.callback([&context, watch] {
        context.action = [&context, watch] { return run_queue(context, *watch); };
    });
    add_plain(app, context, "status", "Which programs of this store run, and how they are",
              run_status, "  filial status --json");
    add_plain(app, context, "config", "Every option as it stands and where it came from",
              run_config, "  filial config");
    add_plain(app, context, "version", "Which filial this is", run_version, "  filial version");
}

}  // namespace filial::cli
