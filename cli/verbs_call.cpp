#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/late.h"
#include "cli/sync.h"

namespace filial::cli {

void add_call_verbs(CLI::App& app, Context& context) {
    CLI::App& sync = add_verb(
        app, "sync",
        "Call: bring the line up, exchange what waits in both directions, take the line down. "
        "What\n"
        "is needed comes first. A call that is under way is joined. Exit code 3 where what was\n"
        "needed is still old or, without a need, something still waits.",
        "  filial sync\n  filial sync --need stock:store1 --max-age 10m --budget 90s,300KB\n"
        "  filial sync --watch");
    const auto args = std::make_shared<SyncArgs>();
    add_many(sync, "--need", args->needs,
             "What has to be here first: a topic, or TOPIC:STORE; as often as there are");
    sync.add_option("--max-age", args->max_age, "How old it may be at its store: 10m, 1d");
    sync.add_option("--budget", args->budget,
                    "At most this long, or so many bytes: 90s, 300KB or 90s,300KB");
    auto* watch = sync.add_flag("--watch", args->watch,
                                "Call whenever the configuration says so, until it is stopped");
    sync.add_flag("--due", args->due, "Call once, if the configuration says so now")
        ->excludes(watch);
    sync.callback([&context, args] {
        context.action = [&context, args] { return run_sync(context, *args); };
    });

    CLI::App& late = add_verb(app, "late",
                              "The stores that did not call, each with what is missing here. "
                              "Nothing waits for them.\nExit code 3 if any is late.",
                              "  filial late --after 12h");
    const auto late_args = std::make_shared<LateArgs>();
    late.add_option("--after", late_args->after, "Not heard of for longer is late: 12h, 1d");
    late.callback([&context, late_args] {
        context.action = [&context, late_args] { return run_late(context, *late_args); };
    });
}

}  // namespace filial::cli
