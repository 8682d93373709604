#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/close_day.h"
#include "cli/conflicts.h"
#include "cli/flags.h"
#include "cli/operation_verb.h"
#include "cli/queue.h"
#include "cli/tasks.h"
#include "cli/transfer_list.h"
#include "cli/why.h"

namespace filial::cli {

namespace {

/// What `verb` does with what it read into `args`.
template <class Args>
void does(CLI::App& verb, Context& context, const std::shared_ptr<Args>& args,
          schema::Result<int> (*run)(Context&, const Args&)) {
    verb.callback([&context, args, run] {
        context.action = [&context, args, run] { return run(context, *args); };
    });
}

void add_transfer_list(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        *app.get_subcommand("transfer"), "list",
        "Goods that left one store and are not at the other: on the way, missing, too much or\n"
        "found; for how long, and who settles a difference until when",
        "  filial transfer list\n  filial transfer list --overdue 7d --json");
    const auto args = std::make_shared<TransferListArgs>();
    verb.add_option("--at", args->at, "Only from or to this store");
    verb.add_option("--overdue", args->overdue,
                    "Only what is out for longer, such as 7d, and differences past their date");
    does(verb, context, args, run_transfer_list);
}

void add_conflicts(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "conflicts",
        "Customers' fields that two stores changed without seeing each other, with every value;\n"
        "and customers registered at two stores. Of this store's own customers, unless --all",
        "  filial conflicts\n  filial conflicts 12431 --json");
    const auto args = std::make_shared<ConflictArgs>();
    verb.add_option("CUSTOMER", args->customer, "Only of this customer");
    verb.add_flag("--all", args->all, "Of the customers of all stores");
    does(verb, context, args, run_conflicts);

    CLI::App& resolve = add_verb(
        app, "resolve", "Settle a conflict: this value holds, all others that are known are gone",
        "  filial resolve 12431 country Australia\n"
        "  filial resolve 12431 country --keep store12");
    const auto settled = std::make_shared<ResolveArgs>();
    resolve.add_option("CUSTOMER", settled->customer, "Customer's number")->required();
    resolve.add_option("FIELD", settled->field, "The field, as `filial conflicts` names it")
        ->required();
    auto* value = resolve.add_option("VALUE", settled->value, "What holds; may be a new value");
    resolve.add_option("--keep", settled->keep, "The value of this store holds")->excludes(value);
    resolve.add_option("--at", settled->ticket.at, "When it was settled; default: now");
    does(resolve, context, settled, run_resolve);
}

void add_why(CLI::App& app, Context& context) {
    CLI::App& verb =
        add_verb(app, "why",
                 "Every event behind a number: stock SKU, debt CUSTOMER, credit CUSTOMER. Where it "
                 "is from,\n"
                 "what it added, its document, when it happened and when it came here",
                 "  filial why debt 12377\n  filial why stock 85123A --at store3 --json");
    const auto args = std::make_shared<WhyArgs>();
    verb.add_option("WHAT", args->what, "debt, stock or credit")
        ->required()
        ->check(CLI::IsMember({"debt", "stock", "credit"}));
    verb.add_option("ID", args->key, "Customer's number or SKU")->required();
    verb.add_option("--at", args->at, "Only events of this store");
    does(verb, context, args, run_why);
}

void add_close_day(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "close-day",
        "Close a day: what has come from each store until now counts; who is late is named, and\n"
        "what comes later counts into the next day. --show prints the totals of a closed day",
        "  filial close-day\n  filial close-day 2010-12-01 --show\n"
        "  filial close-day 2010-12-01 --show --by head --json");
    const auto args = std::make_shared<CloseDayArgs>();
    verb.add_option("DATE", args->date, "The day, such as 2010-12-01; default: today")
        ->check(refuse_empty, "");
    auto* show = verb.add_flag("--show", args->show, "The totals of a day that is closed");
    verb.add_option("--by", args->by, "With --show: as this store closed it; default: this store")
        ->needs(show);
    verb.add_option("--late-after", args->late_after, "A store not heard of for longer is late")
        ->capture_default_str();
    does(verb, context, args, run_close_day);
}

void add_tasks(CLI::App& app, Context& context) {
    CLI::App& verb = add_verb(
        app, "tasks",
        "What a person at this store has to do: differences of transfers, found goods, conflicts\n"
        "of customers, requests for a part of a limit, official operations that wait too long,\n"
        "what is beyond a limit. Made of what is known now: what is done is gone",
        "  filial tasks\n  filial tasks --all --json");
    const auto args = std::make_shared<TaskArgs>();
    verb.add_flag("--all", args->all, "Of all stores");
    does(verb, context, args, run_tasks);
}

/// Below `status`, which the question verbs made.
void add_flags(CLI::App& app, Context& context) {
    CLI::App& status = *app.get_subcommand("status");
    const auto flags = std::make_shared<bool>(false);
    status.add_flag("--flags", *flags,
                    "Instead: how many events are odd, by store and by what is odd about them");
    status.callback([&context, flags] {
        context.action = [&context, flags] {
            return *flags ? run_flags(context) : run_status(context);
        };
    });
}

}  // namespace

void add_trade_verbs(CLI::App& app, Context& context) {
    add_transfer_list(app, context);
    add_conflicts(app, context);
    add_why(app, context);
    add_close_day(app, context);
    add_tasks(app, context);
    add_flags(app, context);
}

}  // namespace filial::cli
