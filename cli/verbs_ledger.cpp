#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/operation_verb.h"

namespace filial::cli {

using schema::Errc;
using schema::OperationKind;
using schema::Result;

namespace {

/// What a verb about a part of a limit, or with --stock about reserved stock, reads.
struct PartArgs {
    Typed typed;
    OperationKind credit = OperationKind::none;
    OperationKind stock = OperationKind::none;
    std::string sku;
    std::string first;
    std::string second;
    bool needs_amount = false;
    bool takes_amount = true;
};

/// CUSTOMER AMOUNT, or with --stock SKU only AMOUNT.
Result<int> run_part(Context& context, const PartArgs& args) {
    Typed typed = args.typed;
    const bool of_stock = !args.sku.empty();
    typed.kind = of_stock ? args.stock : args.credit;
    const std::string name(schema::operation_info(typed.kind).name);
    const std::string& amount = of_stock ? args.first : args.second;
    const bool whole = of_stock ? args.second.empty() : !args.first.empty();
    const bool wanted = amount.empty() ? !args.needs_amount : args.takes_amount;
    if (!whole || !wanted) {
        const std::string shown = !args.takes_amount  ? ""
                                  : args.needs_amount ? " AMOUNT"
                                                      : " [AMOUNT]";
        return schema::fail(Errc::invalid, name + ": expected CUSTOMER" + shown +
                                               ", or --stock SKU" + shown + "; see --help");
    }
    typed.subject = of_stock ? args.sku : args.first;
    (of_stock ? typed.quantity : typed.amount) = amount;
    return hand_in_typed(context, typed);
}

struct PartVerb {
    OperationKind credit;
    OperationKind stock;
    bool needs_amount = false;
    bool takes_amount = true;
    const char* peer = "";  ///< The flag that names the other store.
    const char* peer_what = "";
    bool peer_required = true;
    const char* amount_what = "Money, or a quantity with --stock";
    bool says_why = false;  ///< The document is the reason.
};

std::shared_ptr<PartArgs> add_part_words(CLI::App& verb, const PartVerb& part) {
    const auto args = std::make_shared<PartArgs>();
    args->credit = part.credit;
    args->stock = part.stock;
    args->needs_amount = part.needs_amount;
    args->takes_amount = part.takes_amount;
    verb.add_option("CUSTOMER", args->first, "The customer's number; not with --stock")
        ->check(refuse_empty, "");
    if (part.takes_amount) {
        verb.add_option("AMOUNT", args->second, part.amount_what)->check(refuse_empty, "");
    }
    verb.add_option("--stock", args->sku, "Of this article's stock, instead of a customer's limit");
    auto* peer = verb.add_option(part.peer, args->typed.peer, part.peer_what);
    if (part.peer_required) peer->required();
    add_ticket_flags(verb, args->typed.ticket, !part.says_why, false);
    if (part.says_why) {
        verb.add_option("--reason", args->typed.ticket.document, "Why, for the people there");
    }
    return args;
}

void add_part_verb(CLI::App& parent, Context& context, const std::string& name,
                   const PartVerb& part, const std::string& what, const std::string& example) {
    CLI::App& verb = add_verb(parent, name, what, example);
    const auto args = add_part_words(verb, part);
    verb.callback([&context, args] {
        context.action = [&context, args] { return run_part(context, *args); };
    });
}

constexpr PartVerb kRecall{OperationKind::grant_recall,
                           OperationKind::reserve_recall,
                           false,
                           true,
                           "--from",
                           "The store that holds it",
                           true,
                           "How much of it; nothing: all that is not spent"};
constexpr const char* kRecallWhat =
    "Ask a store to hand back what it has not spent of a limit, or of reserved stock";

/// The verbs below `grant`; `grant` itself gives.
void add_grant_verbs(CLI::App& app, Context& context) {
    using K = OperationKind;
    constexpr PartVerb give{K::grant, K::reserve, true, true, "--to", "The store that may spend it",
                            false};
    CLI::App& grant =
        add_verb(app, "grant",
                 "Give another store a part of a customer's limit, to spend while every line is "
                 "down;\nby the customer's home. With --stock a part of the goods here, for sale "
                 "there",
                 "  filial grant 12377 50.00 --to store2\n"
                 "  filial grant --stock 85123A 20 --to store2\n"
                 "  filial grant recall 12377 --from store2");
    const auto args = add_part_words(grant, give);
    grant.callback([&context, &grant, args] {
        const bool own_words = !args->first.empty() || !args->typed.peer.empty();
        // What stands below has its own action; what it did not read falls through to here.
        if (!grant.get_subcommands().empty() && !own_words) return;
        context.action = [&context, &grant, args]() -> Result<int> {
            if (!grant.get_subcommands().empty()) {
                return schema::fail(Errc::invalid,
                                    "grant: too much on the line; see --help of the verb");
            }
            if (args->typed.peer.empty()) {
                return schema::fail(Errc::invalid,
                                    "grant: --to is missing: name the store that may spend it");
            }
            return run_part(context, *args);
        };
    });
    add_part_verb(grant, context, "return",
                  {K::grant_return, K::reserve_return, false, true, "--to",
                   "With --stock: the store whose goods they are", false,
                   "How much of it; nothing: all that is left"},
                  "Give back a part that is held here and not spent",
                  "  filial grant return 12377\n  filial grant return 12377 20.00\n"
                  "  filial grant return --stock 85123A 5 --to warehouse");
    add_part_verb(grant, context, "ask",
                  {K::grant_ask, K::reserve_ask, true, true, "--home",
                   "The store to ask; of a limit only where this store does not know it", false},
                  "Ask the customer's home, or with --stock a place, for a part",
                  "  filial grant ask 12377 50.00\n"
                  "  filial grant ask --stock 85123A 20 --home warehouse");
    add_part_verb(grant, context, "refuse",
                  {K::grant_refuse, K::reserve_refuse, false, false, "--to", "The store that asked",
                   true, "", true},
                  "Say no to a request that waits here; the store that asked is told, and why",
                  "  filial grant refuse 12377 --to store2 --reason \"pays late\"\n"
                  "  filial grant refuse --stock 85123A --to store2");
    add_part_verb(grant, context, "recall", kRecall, kRecallWhat,
                  "  filial grant recall 12377 --from store2\n"
                  "  filial grant recall --stock 85123A 5 --from store2");
    add_part_verb(
        grant, context, "write-off",
        {K::grant_write_off, K::reserve_write_off, false, false, "--of",
         "The store that lost its log, or is no more", true},
        "Give up what a store held of a limit when it lost its log or was retired: it is\n"
        "free again here, and flagged, since that store may have spent it",
        "  filial grant write-off 12377 --of store2\n"
        "  filial grant write-off --stock 85123A --of store2");
    add_part_verb(app, context, "recall", kRecall,
                  std::string(kRecallWhat) + ". The same as `grant recall`",
                  "  filial recall 12377 --from store2\n  filial recall 12377 20.00 --from store2");
}

void add_reserved_verbs(CLI::App& app, Context& context) {
    const auto add = [&](const std::string& name, OperationKind kind, const std::string& what,
                         const std::string& flag, const std::string& flag_what,
                         const std::string& example) {
        auto [verb, typed] = add_operation(app, context, name, kind, what, example);
        verb.add_option("SKU", typed.subject, "Article")->required();
        verb.add_option("QTY", typed.quantity, "Quantity, up to three decimals")->required();
        verb.add_option(flag, typed.peer, flag_what)->required();
        add_ticket_flags(verb, typed.ticket, true);
    };
    add("sell-reserved", OperationKind::sell_reserved,
        "Sell goods that lie at another store and are reserved for this one; it ships them",
        "--from", "The store where they lie",
        "  filial sell-reserved 85123A 2 --from warehouse --doc 536365");
    add("ship", OperationKind::ship,
        "Goods leave here that another store sold from what is reserved for it", "--for",
        "The store that sold them", "  filial ship 85123A 2 --for store2");
}

using Peer = std::pair<const char*, const char*>;  ///< A flag and what it names; or none.

void add_account_verb(CLI::App& parent, Context& context, const std::string& name,
                      OperationKind kind, const std::string& what, const std::string& example,
                      const Peer& peer = {}) {
    auto [verb, typed] = add_operation(parent, context, name, kind, what, example);
    verb.add_option("CUSTOMER", typed.subject, "Customer's number")->required();
    if (peer.first != nullptr) verb.add_option(peer.first, typed.peer, peer.second)->required();
    add_ticket_flags(verb, typed.ticket, true, false);
}

void add_merge(CLI::App& parent, Context& context, const std::string& name,
               const std::string& example) {
    struct MergeArgs {
        Typed typed;
        std::string into;
    };
    CLI::App& verb = add_verb(parent, name,
                              "Two customers are one person: CUSTOMER's limit and debts go on "
                              "under another number.\nEvery store that may still charge him "
                              "answers first",
                              example);
    const auto args = std::make_shared<MergeArgs>();
    args->typed.kind = OperationKind::merge;
    verb.add_option("CUSTOMER", args->typed.subject, "The number that ends")->required();
    verb.add_option("--into", args->into, "The number that goes on")->required();
    verb.add_option("--home", args->typed.peer, "The home of the one that goes on")->required();
    add_ticket_flags(verb, args->typed.ticket, true, false);
    verb.callback([&context, args] {
        context.action = [&context, args] {
            Typed typed = args->typed;
            typed.fields = {"into=" + args->into};
            return hand_in_typed(context, typed);
        };
    });
}

void add_official_verbs(CLI::App& app, Context& context) {
    using K = OperationKind;
    add_account_verb(app, context, "close-account", K::close_account,
                     "Close a customer's account. Every store that may still charge him answers "
                     "first; then it is\nclosed if he owes nothing, and refused with the reason "
                     "if he does",
                     "  filial close-account 12377");
    add_account_verb(app, context, "reopen-account", K::reopen_account,
                     "Open a closed account again; by the customer's home",
                     "  filial reopen-account 12377");
    constexpr const char* kBlockWhat =
        "No charge and no grant for this customer from now on; what other stores hold of his "
        "limit is\nasked back. Shown everywhere";
    add_account_verb(app, context, "block-customer", K::block_customer, kBlockWhat,
                     "  filial block-customer 12377 --doc 'cheque bounced'");
    add_account_verb(app, context, "unblock-customer", K::unblock_customer,
                     "A blocked customer may be charged again; by the customer's home",
                     "  filial unblock-customer 12377");
    add_account_verb(app, context, "move-home", K::move_home,
                     "Another store becomes the customer's home, with his limit and his debts.\n"
                     "Every store that may still charge him answers first",
                     "  filial move-home 12377 --to store2", {"--to", "The new home"});
    add_merge(app, context, "merge", "  filial merge 12377 --into 12431 --home store2");
    CLI::App& customer = *app.get_subcommand("customer");
    add_merge(customer, context, "merge",
              "  filial customer merge 12377 --into 12431 --home store2");
    add_account_verb(customer, context, "block", K::block_customer, kBlockWhat,
                     "  filial customer block 12377");

    CLI::App& round = add_verb(app, "round",
                               "An official operation that waits for other stores' answers: see "
                               "`filial rounds`",
                               "  filial round cancel 12377");
    round.require_subcommand(1);
    add_account_verb(round, context, "cancel", K::round_cancel,
                     "Give up closing, moving or merging a customer while answers are missing; by "
                     "the customer's home.\nHe may be charged at home again at once",
                     "  filial round cancel 12377");
    add_account_verb(
        round, context, "verdict", K::round_verdict,
        "Decide a round whose answers are all in; refused while somebody is waited for",
        "  filial round verdict 12377");
}

/// A verb about the store where it is typed.
void add_own_store_verb(CLI::App& app, Context& context, const std::string& name,
                        OperationKind kind, const std::string& what, const std::string& examples) {
    CLI::App& verb = add_verb(app, name, what, examples);
    const auto args = std::make_shared<Typed>();
    args->kind = kind;
    if (kind == OperationKind::leave) {
        verb.add_option("--to", args->peer, "The store that goes on with its customers")
            ->required();
    }
    add_ticket_flags(verb, args->ticket, true, false);
    verb.callback([&context, args] {
        context.action = [&context, args]() -> Result<int> {
            const auto options = context.options();
            if (!options) return tl::unexpected(options.error());
            Typed typed = *args;
            typed.subject = (*options)->store.value();
            return hand_in_typed(context, typed);
        };
    });
}

void add_store_verbs(CLI::App& app, Context& context) {
    auto [retire, retired] =
        add_operation(app, context, "retire-store", OperationKind::retire_store,
                      "A store is no more and will not come back: nobody waits for it any longer. "
                      "It has left with\n"
                      "`filial leave` before; one that is lost is retired as a fact: what it still "
                      "held of limits "
                      "and\ngoods is shown as unaccounted until it is written off",
                      "  filial retire-store store9\n  filial retire-store store9 --fact");
    retire.add_option("STORE", retired.subject, "The store that is no more")->required();
    add_ticket_flags(retire, retired.ticket, true);
    add_own_store_verb(app, context, "leave", OperationKind::leave,
                       "This store closes: it gives back what it holds of limits, and another one "
                       "goes on with its customers.\nWhat it cannot hand over by itself stands in "
                       "`filial status`",
                       "  filial leave --to store2");

    add_own_store_verb(app, context, "tail-told", OperationKind::tail_told,
                       "This store lost the end of its log and has booked again, as facts, what "
                       "was in it: what it\nheld of limits before is free again",
                       "  filial tail-told");
}

}  // namespace

void add_ledger_verbs(CLI::App& app, Context& context) {
    add_grant_verbs(app, context);
    add_reserved_verbs(app, context);
    add_official_verbs(app, context);
    add_store_verbs(app, context);
}

}  // namespace filial::cli
