#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/bundle.h"

namespace filial::cli {

namespace {

void add_write(CLI::App& bundle, Context& context) {
    CLI::App& verb = add_verb(
        bundle, "write",
        "Write what another store does not hold yet into a file, to be carried to it: this\n"
        "store's log above what it is known to hold, at a broker those of all stores, and what\n"
        "this machine holds itself, so that the next bundle from there begins behind it.\n"
        "A bundle that is lost does no harm: the next one begins where that one did.",
        "  filial bundle write --to store2 /media/stick/store2.bundle\n"
        "  filial bundle write --to store2 --after 120 again.bundle");
    const auto args = std::make_shared<BundleWriteArgs>();
    verb.add_option("FILE", args->file, "Written whole or not at all")->required();
    verb.add_option("--to", args->to, "The store whose programs will read it")->required();
    add_many(verb, "--after", args->after,
             "Begin above this position of the own log, or of another with STORE:N");
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_bundle_write(context, *args); };
    });
}

void add_read(CLI::App& bundle, Context& context) {
    CLI::App& verb = add_verb(
        bundle, "read",
        "Hand a bundle to the programs of this store, which take what is new to them, once.\n"
        "It may be read twice, late, or after a later one; what is missing before it, or of a\n"
        "file that was cut off, is told, and what is whole is taken.",
        "  filial bundle read /media/stick/store2.bundle");
    const auto args = std::make_shared<BundleReadArgs>();
    verb.add_option("FILE", args->file, "The bundle")->required();
    verb.add_flag("--anyway", args->anyway, "Also one that is meant for another store");
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_bundle_read(context, *args); };
    });
}

void add_inspect(CLI::App& bundle, Context& context) {
    CLI::App& verb = add_verb(bundle, "inspect",
                              "Show what is in a bundle and whether it is whole; asks nobody and\n"
                              "changes nothing",
                              "  filial bundle inspect store2.bundle");
    const auto file = std::make_shared<std::string>();
    verb.add_option("FILE", *file, "The bundle")->required();
    verb.callback([&context, file] {
        context.action = [&context, file] { return run_bundle_inspect(context, *file); };
    });
}

}  // namespace

void add_bundle_verbs(CLI::App& app, Context& context) {
    CLI::App& bundle = add_verb(app, "bundle",
                                "Exchange logs by files that are carried, for a store without a "
                                "line",
                                "  filial bundle write --to store2 /media/stick/store2.bundle");
    bundle.require_subcommand(1);
    add_write(bundle, context);
    add_read(bundle, context);
    add_inspect(bundle, context);
}

}  // namespace filial::cli
