#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/file.h"
#include "cli/operation_verb.h"
#include "cli/submit.h"
#include "schema/limits.h"

namespace filial::cli {

using schema::OperationKind;
using schema::Result;

namespace {

void add_stock_verb(CLI::App& app, Context& context, const std::string& name, OperationKind kind,
                    const std::string& what, const std::string& quantity,
                    const std::string& example) {
    auto [verb, typed] = add_operation(app, context, name, kind, what, example);
    verb.add_option("SKU", typed.subject, "Article")->required();
    verb.add_option("QTY", typed.quantity, quantity)->required();
    add_ticket_flags(verb, typed.ticket, true);
}

void add_money_verb(CLI::App& app, Context& context, const std::string& name, OperationKind kind,
                    const std::string& what, const std::string& example) {
    auto [verb, typed] = add_operation(app, context, name, kind, what, example);
    verb.add_option("CUSTOMER", typed.subject, "Customer's number")->required();
    verb.add_option("AMOUNT", typed.amount, "Money with at most two decimals, such as 12.50")
        ->required();
    if (schema::takes_home_hint(kind)) {
        verb.add_option("--home", typed.peer,
                        "The customer's home, where neither this store nor its replica knows it");
    }
    add_ticket_flags(verb, typed.ticket, true);
}

void add_customer_verbs(CLI::App& app, Context& context) {
    CLI::App& customer =
        add_verb(app, "customer", "Register, edit, merge or block a customer",
                 "  filial customer add 12377 --home store10 --field country=Peru");
    customer.require_subcommand(1);
    {
        auto [verb, typed] = add_operation(customer, context, "add", OperationKind::customer_add,
                                           "Register a customer here",
                                           "  filial customer add 12377 --home store10 --field "
                                           "name='M. Ruiz' --field country=Peru");
        verb.add_option("CUSTOMER", typed.subject, "Customer's number")->required();
        verb.add_option("--home", typed.peer,
                        "The store that keeps the customer's debts; default: this one")
            ->check(refuse_empty, "");
        add_many(verb, "--field", typed.fields, "name=value, as often as needed");
        add_ticket_flags(verb, typed.ticket, false);
    }
    auto [verb, typed] = add_operation(customer, context, "edit", OperationKind::customer_edit,
                                       "Change fields of a customer",
                                       "  filial customer edit 12377 --field phone=555-0101");
    verb.add_option("CUSTOMER", typed.subject, "Customer's number")->required();
    add_many(verb, "--field", typed.fields, "name=value, as often as needed");
    add_ticket_flags(verb, typed.ticket, false);
}

void add_transfer_verbs(CLI::App& app, Context& context) {
    CLI::App& transfer = add_verb(app, "transfer", "Send goods to another store, or receive them",
                                  "  filial transfer send T4711 --to store3 85123A 20");
    transfer.require_subcommand(1);
    const auto add = [&](const std::string& name, OperationKind kind, const std::string& what,
                         const std::string& flag, const std::string& flag_what, bool goods,
                         const std::string& example) {
        auto [verb, typed] = add_operation(transfer, context, name, kind, what, example);
        verb.add_option("ID", typed.subject, "The transfer's number, the same at both stores")
            ->required();
        if (goods) {
            verb.add_option("SKU", typed.sku, "Article")->required();
            verb.add_option("QTY", typed.quantity, "Quantity, up to three decimals")->required();
        }
        verb.add_option(flag, typed.peer, flag_what)->required();
        add_ticket_flags(verb, typed.ticket, true);
    };
    add("send", OperationKind::transfer_send, "Goods leave for another store", "--to",
        "The store that gets them", true, "  filial transfer send T4711 --to store3 85123A 20");
    add("receive", OperationKind::transfer_receive,
        "Goods arrived: the quantity really received, even before the sending is known here",
        "--from", "The store that sent them", true,
        "  filial transfer receive T4711 --from warehouse 85123A 19");
    add("cancel", OperationKind::transfer_cancel,
        "Ask to have an own transfer cancelled; the destination decides", "--to",
        "The store that was to get it", false, "  filial transfer cancel T4711 --to store3");
    add("more", OperationKind::transfer_more,
        "The rest of a transfer arrived, which was received in part before", "--from",
        "The store that sent it", true, "  filial transfer more T4711 --from warehouse 85123A 1");
    const auto settle = [&](const std::string& name, OperationKind kind, const std::string& what,
                            const std::string& quantity, const std::string& example) {
        auto [verb, typed] = add_operation(transfer, context, name, kind, what, example);
        verb.add_option("ID", typed.subject, "An own transfer's number")->required();
        verb.add_option("QTY", typed.quantity, quantity)->required();
        add_ticket_flags(verb, typed.ticket, true);
    };
    settle("correct", OperationKind::transfer_correct,
           "Another quantity than was booked had left here: the stock takes the difference",
           "What really left, in all; 0 for nothing", "  filial transfer correct T4711 19");
    settle("write-off", OperationKind::transfer_write_off,
           "Goods on the way are given up: lost or broken; flagged",
           "What is lost, in all; 0 takes it back", "  filial transfer write-off T4711 1");
}

void add_publish_verb(CLI::App& app, Context& context) {
    auto [verb, typed] =
        add_operation(app, context, "publish", OperationKind::publish,
                      "Publish anything in a topic of your own: text, a file, or standard input",
                      "  filial publish prices 85123A 2.95 --last-value\n"
                      "  filial publish planograms shelf-7 --file shelf7.json");
    verb.add_option("TOPIC", typed.topic, "Name of the topic")->required();
    verb.add_option("KEY", typed.subject, "What it is about")->required();
    auto* text = verb.add_option("TEXT", typed.text, "The payload; - reads standard input");
    verb.add_option("--file", typed.file, "Read the payload from this file")->excludes(text);
    verb.add_flag("--last-value", typed.last_value,
                  "Replicas keep the newest of each key, for `filial get TOPIC KEY`");
    add_ticket_flags(verb, typed.ticket, false);
}

Result<int> run_ticket(Context& context, const std::string& file, const TicketArgs& args) {
    const auto defaults = defaults_of(context, args);
    if (!defaults) return schema::fail("ticket", defaults.error());
    const auto text = read_file(file, 16 * schema::kTicketBytesMax);
    if (!text) return schema::fail("ticket", text.error());
    TicketFault fault;
    const auto operations = parse_ticket(*text, *defaults, &fault);
    if (!operations) {
        const auto& why = operations.error();
        return print_fault(context.console, {why.code, "ticket " + file + ": " + why.message},
                           fault);
    }
    return submit(context, args, *operations);
}

void add_ticket_verb(CLI::App& app, Context& context) {
    CLI::App& verb =
        add_verb(app, "ticket", "Hand in several operations: all are booked or none is",
                 "  echo '[{\"op\":\"sell\",\"sku\":\"85123A\",\"qty\":\"2\"},\n"
                 "         {\"op\":\"charge\",\"customer\":\"12377\",\"amount\":\"5.90\"}]' | "
                 "filial ticket -");
    const auto file = std::make_shared<std::string>();
    const auto args = std::make_shared<TicketArgs>();
    verb.add_option("FILE", *file, "A JSON array of operations, or one a line; - is standard input")
        ->required();
    add_ticket_flags(verb, *args, true);
    verb.callback([&context, file, args] {
        context.action = [&context, file, args] { return run_ticket(context, *file, *args); };
    });
}

}  // namespace

void add_ticket_verbs(CLI::App& app, Context& context) {
    using K = OperationKind;
    add_stock_verb(app, context, "sell", K::sell, "Goods were sold",
                   "Quantity, up to three decimals", "  filial sell 85123A 2 --doc 536365");
    add_stock_verb(app, context, "return", K::return_goods, "Goods came back from a customer",
                   "Quantity, up to three decimals", "  filial return 85123A 1 --doc C536365");
    add_stock_verb(app, context, "receive", K::receive, "Goods came in from a supplier",
                   "Quantity, up to three decimals", "  filial receive 85123A 240");
    add_stock_verb(app, context, "adjust", K::adjust, "Correct the stock by a difference",
                   "What is added; negative takes away", "  filial adjust 85123A -3 --doc broken");
    add_stock_verb(app, context, "count", K::count, "Goods were counted on the shelf",
                   "What is there now", "  filial count 85123A 112");
    add_money_verb(app, context, "charge", K::charge, "A customer owes more",
                   "  filial charge 12377 25.80 --doc 536365");
    add_money_verb(app, context, "credit-note", K::credit_note,
                   "A customer owes less, since goods came back",
                   "  filial credit-note 12377 2.95 --doc C536365");
    add_money_verb(app, context, "pay", K::pay, "A customer paid, at whatever store",
                   "  filial pay 12377 40.00");
    add_money_verb(app, context, "limit", K::limit,
                   "Set how much a customer may owe; by his home store only",
                   "  filial limit 12377 1250");
    add_customer_verbs(app, context);
    add_transfer_verbs(app, context);
    {
        auto [verb, typed] = add_operation(
            app, context, "void", K::void_document,
            "Reverse everything booked here under one document, once", "  filial void 536365");
        verb.add_option("DOC", typed.subject, "The document's number")->required();
        add_ticket_flags(verb, typed.ticket, false);
    }
    add_publish_verb(app, context);
    add_ticket_verb(app, context);
}

}  // namespace filial::cli
