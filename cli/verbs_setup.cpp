#include <CLI/CLI.hpp>
#include <memory>

#include "cli/admit.h"
#include "cli/app.h"
#include "cli/doctor.h"
#include "cli/init.h"
#include "cli/operation_verb.h"
#include "cli/receiver.h"

namespace filial::cli {

namespace {

void add_init(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "init",
        "Make a store's folder with keys and configuration. Head office's broker first; it prints\n"
        "what the stores need, and each store prints what head office must run.",
        "  filial init head --broker --listen tcp://*:7711\n"
        "  filial init store1 --hub 'head=tcp://head.example.com:7711=KEY'");
    const auto args = std::make_shared<InitArgs>();
    verb.add_option("STORE", args->store, "The store's name: a-z, 0-9 and -")->required();
    add_many(verb, "--hub", args->hubs,
             "A broker: NAME=tcp://host:port=KEY, as often as there are; or tcp://host:port alone");
    verb.add_option("--hub-name", args->hub_name, "With --hub tcp://host:port: its store's name");
    verb.add_option("--hub-key", args->hub_key, "With --hub tcp://host:port: its public key");
    verb.add_option("--dir", args->dir, "The folder to make; default: ./STORE");
    verb.add_flag("--broker", args->broker, "This is a broker: stores connect to it");
    verb.add_option("--listen", args->listen,
                    "Where the broker, or without --broker the publisher, can be reached: "
                    "tcp://address:port");
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_init(context, *args); };
    });
}

void add_admit(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "admit",
        "Let a store connect to the programs of this folder. Counts at once, also for connections\n"
        "that stand.",
        "  filial admit store1 'KEY'\n  filial admit books 'KEY' --read stock,debts\n"
        "  filial admit --revoke store1");
    const auto args = std::make_shared<AdmitArgs>();
    auto* store = verb.add_option("STORE", args->store, "The store's name");
    auto* key = verb.add_option("KEY", args->key, "Its public key, as `filial init` printed it");
    store->needs(key);
    verb.add_option("--read", args->read,
                    "Topics that it may read, with commas between; default: all")
        ->delimiter(',')
        ->allow_extra_args(false);
    verb.add_flag("--tickets", args->tickets, "It may hand in tickets and ask questions here");
    verb.add_flag("--relay", args->relay, "It is a broker: it may send logs of other stores");
    auto* list = verb.add_flag("--list", args->list, "Show who is admitted");
    auto* revoke = verb.add_option("--revoke", args->revoke, "Admit this store no longer");
    list->excludes(store)->excludes(revoke);
    revoke->excludes(store);
    verb.callback([&context, args] {
        if (args->store.empty() && !args->list && args->revoke.empty()) {
            throw CLI::ValidationError("STORE and KEY are missing");
        }
        context.action = [&context, args] { return run_admit(context, *args); };
    });
}

void add_receiver(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(app, "receiver",
                              "Who receives from the programs of this folder, and who does not any "
                              "more",
                              "  filial receiver list\n  filial receiver remove store1/tap:feed");
    verb.require_subcommand(1);
    CLI::App& list = add_verb(verb, "list", "Every receiver, how far it is, and what waits for it",
                              "  filial receiver list --json");
    list.callback(
        [&context] { context.action = [&context] { return run_receiver_list(context); }; });
    CLI::App& remove =
        add_verb(verb, "remove",
                 "Forget a receiver that does not come again: nothing waits for it any more. One "
                 "that comes\n"
                 "again all the same goes on where it was, since it knows its own position.",
                 "  filial receiver remove store1/tap:feed");
    const auto name = std::make_shared<std::string>();
    remove.add_option("NAME", *name, "Its name as `filial receiver list` has it")->required();
    remove.callback([&context, name] {
        context.action = [&context, name] { return run_receiver_remove(context, *name); };
    });
}

void add_doctor(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "doctor",
        "Read everything that the programs of this folder keep, and say what of it is damaged.\n"
        "Programs that run look themselves and repair what they find; exit code 1 while anything\n"
        "is not whole.",
        "  filial doctor\n  filial doctor --repair\n"
        "  filial doctor --accept-loss --reason 'the disk and the broker are gone'");
    const auto args = std::make_shared<DoctorArgs>();
    verb.add_flag("--repair", args->repair,
                  "Wait for repairs; what a program that does not run keeps it repairs at its "
                  "next start");
    auto* accept = verb.add_flag("--accept-loss", args->accept_loss,
                                 "Give up the events that nobody has any more: the log goes on in "
                                 "a new epoch, which says so");
    auto* reason =
        verb.add_option("--reason", args->reason, "With --accept-loss: why, for the record")
            ->check(refuse_empty, "")
            ->needs(accept);
    accept->needs(reason);
    verb.add_option("--wait", args->wait_seconds, "Seconds to wait for programs; default: 300")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{86'400}));
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_doctor(context, *args); };
    });
}

}  // namespace

void add_setup_verbs(CLI::App& app, Context& context) {
    add_init(app, context);
    add_admit(app, context);
    add_receiver(app, context);
    add_doctor(app, context);
}

}  // namespace filial::cli
