#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/export.h"
#include "cli/import.h"
#include "cli/number_check.h"
#include "cli/run_import.h"
#include "cli/tap.h"

namespace filial::cli {

namespace {

void add_import(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "import",
        "Hand in a file of operations, one JSON object or array a line; an array is one ticket.\n"
        "May be killed and run again, and the file may grow: what was booked is not booked again.\n"
        "A line that is bad or refused is reported and the others go on; put the mended line at\n"
        "the end of the file.",
        "  filial import sales-2026-11.jsonl\n  till-export | filial import - --source till3");
    const auto args = std::make_shared<ImportArgs>();
    verb.add_option("FILE", args->file, "JSON lines; - is standard input")->required();
    verb.add_option("--source", args->source,
                    "Name of this import; a file goes on where the same name came to. Default: "
                    "the file's name");
    verb.add_flag("--strict", args->strict,
                  "Stop at the first line that is not booked, one ticket at a time, so that it can "
                  "be mended in its place");
    verb.add_option("--window", args->window, "Tickets on the way at once")
        ->check(whole_number(1, kWindowMax, "a number of tickets"))
        ->capture_default_str();
    verb.add_option("--at", args->at, "Time of lines that have none; default: now");
    verb.add_option("--doc", args->document, "Document of lines that have none");
    verb.add_flag("--fact", args->fact, "All of it has happened already; booked and flagged");
    verb.add_option("--wait", args->wait_seconds,
                    "Seconds to try when the publisher does not answer")
        ->check(seconds_number())
        ->capture_default_str();
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_import(context, *args); };
    });
}

void add_export(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(app, "export",
                              "Write what this store's replica holds as CSV files: stock, debts,\n"
                              "debts_by_store, customers, in_transit",
                              "  filial export /tmp/today");
    const auto dir = std::make_shared<std::string>();
    verb.add_option("DIR", *dir, "Folder; made if missing")->required();
    verb.callback([&context, dir] {
        context.action = [&context, dir] { return run_export(context, *dir); };
    });
}

void add_tap(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "tap",
        "Print events as JSON lines, live from now: from where each store's newest mark says that\n"
        "its log ends, so a few seconds of what has just happened may come first. With --name it\n"
        "begins at the beginning, remembers how far it came and goes on there: in a file without "
        "a\n"
        "hole or a repeat whatever ends it, also when the next run writes into another file and\n"
        "the earlier one is still there under its name. Through a pipe, and in a file that "
        "follows\n"
        "one, the lines of the last write may come twice after a kill: store, epoch and seq tell\n"
        "them apart.",
        "  filial tap stock\n  filial tap '*' --store store3 --from 1 --count 100\n"
        "  filial tap stock --name warehouse-feed --out stock.jsonl");
    const auto args = std::make_shared<TapArgs>();
    verb.add_option("TOPIC", args->topic, "A topic, or '*' for all")->required();
    verb.add_option("--store", args->store, "Only the log of this store");
    verb.add_option("--from", args->from, "Begin with this event of each log; 1 is the first")
        ->check(whole_number(1, UINT64_MAX, "the number of an event"));
    verb.add_option("--name", args->name, "Remember the position under this name");
    verb.add_option("--hub", args->hub, "Read from this [[hub]]; default: the first one");
    verb.add_flag("--publisher", args->publisher, "Read from this store's own publisher");
    verb.add_option("--count", args->count, "End after so many events; default: never")
        ->check(whole_number(1, UINT64_MAX, "a number of events"));
    verb.add_flag("--live", args->live, "Begin now, also with --name");
    verb.add_option("--out", args->out, "Append to this file instead of standard output");
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_tap(context, *args); };
    });
}

}  // namespace

void add_bulk_verbs(CLI::App& app, Context& context) {
    add_import(app, context);
    add_export(app, context);
    add_tap(app, context);
}

}  // namespace filial::cli
