#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/backup.h"
#include "cli/number_check.h"
#include "cli/orphans.h"
#include "cli/restore.h"

namespace filial::cli {

namespace {

void add_backup(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(app, "backup",
                              "Copy the store's log and replica as they are now into a new folder, "
                              "while its programs\n"
                              "run or not. Keys are not in it.",
                              "  filial backup /media/usb/store1-monday");
    const auto dir = std::make_shared<std::string>();
    verb.add_option("DIR", *dir, "Folder to make")->required();
    verb.callback([&context, dir] {
        context.action = [&context, dir] { return run_backup(context, *dir); };
    });
}

void add_restore(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "restore",
        "Put a backup in the place of this store's log and replica; what was there is set aside.\n"
        "Stop the programs first. The store gets back what it sent since the backup, and books "
        "nothing\n"
        "until head office has readmitted it.",
        "  filial restore /media/usb/store1-monday");
    const auto dir = std::make_shared<std::string>();
    verb.add_option("DIR", *dir, "Folder that `filial backup` made")->required();
    verb.callback([&context, dir] {
        context.action = [&context, dir] { return run_restore(context, *dir); };
    });
    CLI::App& replace = add_verb(
        app, "replace-store",
        "Get this store's log back from what its brokers hold: after `filial init` on a new "
        "machine,\n"
        "whose key head office has to admit, or where the log was lost. Stop the programs first.",
        "  filial replace-store");
    replace.callback(
        [&context] { context.action = [&context] { return run_replace_store(context); }; });
}

void add_readmit(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "readmit",
        "At head office: the machine that asks under this code goes on as the store, in a new "
        "epoch, and\n"
        "no other one. Without STORE: which machines have asked, and what became of it.",
        "  filial readmit\n  filial readmit store1 4f3a09c2");
    const auto store = std::make_shared<std::string>();
    const auto code = std::make_shared<std::string>();
    const auto anyway = std::make_shared<std::string>();
    auto* name = verb.add_option("STORE", *store, "The store's name");
    auto* digits = verb.add_option("CODE", *code, "What its machine printed, or its first digits");
    name->needs(digits);
    verb.add_option("--anyway", *anyway,
                    "Why it goes on although stores were not heard, or have read more of its log "
                    "than anybody holds");
    verb.callback([&context, store, code, anyway] {
        context.action = [&context, store, code, anyway] {
            return run_readmit(context, *store, *code, *anyway);
        };
    });
}

void add_accept_hub(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "accept-hub",
        "At a store: the broker of HUB, which came back without its memory, is the company's. "
        "Notices are\n"
        "taken from it again, and its word on whose log goes on. Without HUB: which lives of which "
        "brokers\n"
        "are known here.",
        "  filial accept-hub\n  filial accept-hub head 8899aabb --reason 'a new disk'");
    const auto hub = std::make_shared<std::string>();
    const auto code = std::make_shared<std::string>();
    const auto reason = std::make_shared<std::string>();
    auto* name = verb.add_option("HUB", *hub, "The name of the broker's store");
    auto* digits =
        verb.add_option("CODE", *code, "What `filial status` shows, or its first digits");
    auto* why = verb.add_option("--reason", *reason, "Why; it stays on the record");
    name->needs(digits)->needs(why);
    verb.callback([&context, hub, code, reason] {
        context.action = [&context, hub, code, reason] {
            return run_accept_hub(context, *hub, *code, *reason);
        };
    });
}

void add_orphans(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "orphans",
        "What an older log of this store has that the one that goes on has not: of a folder that "
        "was set\n"
        "aside, of an old disk, of a backup. With --reissue what happened in the physical world is "
        "booked\n"
        "again, once, however often this runs.",
        "  filial orphans publisher.aside-1\n  filial orphans publisher.aside-1 --reissue");
    const auto args = std::make_shared<OrphanArgs>();
    verb.add_option("FOLDER", args->folder, "The folder `publisher` of that log")->required();
    verb.add_flag("--reissue", args->reissue, "Book the physical facts again");
    verb.add_option("--wait", args->wait_seconds, "Seconds to try while the publisher is busy")
        ->check(seconds_number())
        ->capture_default_str();
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_orphans(context, *args); };
    });
}

}  // namespace

void add_identity_verbs(CLI::App& app, Context& context) {
    add_backup(app, context);
    add_restore(app, context);
    add_readmit(app, context);
    add_accept_hub(app, context);
    add_orphans(app, context);
}

}  // namespace filial::cli
