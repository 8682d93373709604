#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/digest.h"
#include "cli/parked.h"
#include "cli/reload.h"

namespace filial::cli {

namespace {

void add_where(CLI::App& verb, const std::shared_ptr<ParkedArgs>& args) {
    verb.add_option("--at", args->at, "Only in the log of this store");
    verb.add_option("--topic", args->topic, "Only of this topic");
}

void add_digest(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "digest",
        "Compare this store's replica with the logs that it is made of: each topic of each store, "
        "at\nits exact position. Exit code 0: all equal, 1: something differs, 3: something could "
        "not be\ncompared.",
        "  filial digest\n  filial digest --at store2 --topic stock --json\n"
        "  filial digest --mend");
    const auto args = std::make_shared<DigestArgs>();
    verb.add_option("--at", args->at, "Only the log of this store");
    verb.add_option("--topic", args->topic, "Only this topic");
    verb.add_flag("--last", args->last, "By the last look of the replica, without another one");
    verb.add_flag("--mend", args->mend, "Load a log whose events differ from the source's again");
    verb.add_option("--wait", args->wait_seconds, "Seconds to wait for the look; default: 300")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{86'400}));
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_digest(context, *args); };
    });
}

void add_reload(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "reload",
        "Drop what this store's replica holds of one log, or of one topic, and load it again from "
        "its\nsources. Nothing is lost: it is a copy. Answers say how current they are meanwhile.",
        "  filial reload store2\n  filial reload store2 --topic debts\n"
        "  filial reload --topic stock");
    const auto args = std::make_shared<ReloadArgs>();
    verb.add_option("STORE", args->at, "Only the log of this store; else of every one");
    verb.add_option("--topic", args->topic, "Only this topic");
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_reload(context, *args); };
    });
}

}  // namespace

void add_parked_verbs(CLI::App& app, Context& context) {
    CLI::App& verb =
        add_verb(app, "parked",
                 "Keys whose events this store's replica cannot apply: a kind that this version "
                 "does not\nknow, a newer form of one, a rule that fails. Such an event and all "
                 "later ones of its key\nwait; everything else goes on.",
                 "  filial parked list\n  filial parked retry");
    verb.require_subcommand(1);
    add_digest(app, context);
    add_reload(app, context);
    const auto args = std::make_shared<ParkedArgs>();

    CLI::App& list =
        add_verb(verb, "list", "Since where each key is parked and why, and what was given up",
                 "  filial parked list --at store2\n  filial parked list --json");
    add_where(list, args);
    list.callback([&context, args] {
        context.action = [&context, args] { return run_parked_list(context, *args); };
    });

    CLI::App& show = add_verb(verb, "show", "The events of a parked key, in their order",
                              "  filial parked show 22423 --at store2 --topic stock");
    show.add_option("KEY", args->key, "As `filial parked list` has it")->required();
    add_where(show, args);
    show.callback([&context, args] {
        context.action = [&context, args] { return run_parked_show(context, *args); };
    });

    CLI::App& retry = add_verb(
        verb, "retry",
        "Apply what can be applied by now, in order: after an upgrade, or when its cause is gone.\n"
        "The program does so by itself when it starts. Exit code 1 while anything stays parked.",
        "  filial parked retry\n  filial parked retry 22423 --at store2");
    retry.add_option("KEY", args->key, "Only this key; else all");
    add_where(retry, args);
    retry.callback([&context, args] {
        context.action = [&context, args] { return run_parked_retry(context, *args); };
    });

    CLI::App& waive = add_verb(
        verb, "waive",
        "Give up what cannot be applied of a key, and apply what stands behind it. This store's\n"
        "replica then differs from the logs: who did so, when and why is shown with every answer.",
        "  filial parked waive 22423 --at store2 --reason 'counted by hand'");
    waive.add_option("KEY", args->key, "As `filial parked list` has it")->required();
    waive.add_option("--reason", args->reason, "Why, for the record")->required();
    add_where(waive, args);
    waive.callback([&context, args] {
        context.action = [&context, args] { return run_parked_waive(context, *args); };
    });
}

}  // namespace filial::cli
