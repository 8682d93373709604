#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/get.h"
#include "cli/json.h"
#include "cli/queue.h"
#include "cli/table.h"

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
        "how old it is; exit code 3 if some of it is older than the policy.",
        "  filial get stock 85123A\n  filial get stock 85123A --at warehouse --max-age 10m\n"
        "  filial get debt 12377 --json");
    const auto args = std::make_shared<GetArgs>();
    verb.add_option("WHAT", args->what, "stock, customer, debt, or a topic of yours")->required();
    verb.add_option("KEY", args->key, "SKU, customer's number, or key")->required();
    verb.add_option("--at", args->at, "Only this store");
    verb.add_option("--max-age", args->max_age, "Older is stale, for this once: 90s, 10m, 1d");
    verb.add_flag("--official", args->official,
                  "Live from every store that matters; not there yet, and refused");
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
