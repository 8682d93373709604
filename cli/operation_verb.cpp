#include "cli/operation_verb.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/conflicts.h"
#include "cli/file.h"
#include "cli/heard.h"
#include "cli/number_check.h"
#include "schema/ids.h"
#include "schema/limits.h"

namespace filial::cli {

using schema::Errc;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

/// Of a part that is held, nothing said is all there is. Anywhere else an empty word is no zero.
bool may_be_left_out(OperationKind kind) {
    return kind == OperationKind::grant_return || kind == OperationKind::grant_recall ||
           kind == OperationKind::reserve_return || kind == OperationKind::reserve_recall;
}

Result<void> read_numbers(const Typed& typed, Operation& operation) {
    const schema::OperationInfo& info = schema::operation_info(typed.kind);
    const bool needed = !may_be_left_out(typed.kind);
    if (!typed.quantity.empty() || (needed && !info.quantity.empty())) {
        const auto quantity = schema::parse_quantity(typed.quantity);
        if (!quantity) return tl::unexpected(quantity.error());
        operation.quantity = *quantity;
    }
    if (!typed.amount.empty() || (needed && info.amount)) {
        const auto amount = schema::parse_money(typed.amount);
        if (!amount) return tl::unexpected(amount.error());
        operation.amount = *amount;
    }
    return {};
}

Result<void> read_fields(const Typed& typed, Operation& operation) {
    for (const std::string& field : typed.fields) {
        const std::size_t equals = field.find('=');
        if (equals == std::string::npos || equals == 0) {
            return schema::fail(Errc::invalid, "--field " + field + ": expected name=value");
        }
        operation.fields.emplace_back(field.substr(0, equals), field.substr(equals + 1));
    }
    return {};
}

Result<void> read_payload(const Typed& typed, Operation& operation) {
    const bool from_file = !typed.file.empty() || typed.text == "-";
    if (!from_file) {
        operation.payload = typed.text;
        return {};
    }
    auto payload = read_file(typed.file.empty() ? "-" : typed.file, schema::kPayloadBytesMax);
    if (!payload) return tl::unexpected(payload.error());
    operation.payload = std::move(*payload);
    return {};
}

/// A slip in a name would hand customers, or a part of a limit or of goods, over to a store that is
/// not there and never answers. Where the replica does not answer, the name has to be right.
Result<void> is_known_store(Context& context, const Operation& operation) {
    using K = OperationKind;
    const bool hands_over = operation.kind == K::move_home || operation.kind == K::merge ||
                            operation.kind == K::leave || operation.kind == K::grant ||
                            operation.kind == K::reserve;
    if (!hands_over || !schema::parse_store_id(operation.peer)) return {};
    const auto heard = heard_stores(context);
    if (!heard || heard->empty() || heard->contains(operation.peer)) return {};
    return schema::fail(Errc::not_found, "nothing was ever heard here of a store " +
                                             operation.peer +
                                             ": check the name, or wait for its first news");
}

}  // namespace

std::string refuse_empty(const std::string& word) { return word.empty() ? "is empty" : ""; }

void add_ticket_flags(CLI::App& verb, TicketArgs& args, bool document, bool fact) {
    verb.add_option("--at", args.at,
                    "When it happened, such as 2026-11-22T09:13:00Z; default: now");
    if (document) verb.add_option("--doc", args.document, "Document number, shown to people");
    if (fact) {
        verb.add_flag("--fact", args.fact,
                      "It has happened already, whatever the rules say; it is booked and flagged");
    }
    auto* client = verb.add_option("--client", args.client,
                                   "For callers that try again: a name or 32 hexadecimal digits");
    auto* number = verb.add_option("--number", args.number,
                                   "With --client: its ticket's number; the same number again is "
                                   "answered as the first time");
    client->needs(number);
    number->needs(client)->check(whole_number(1, UINT64_MAX, "the number of a ticket"));
    verb.add_option("--wait", args.wait_seconds,
                    "Seconds to try when the publisher does not answer")
        ->check(seconds_number())
        ->capture_default_str();
}

Result<int> hand_in_typed(Context& context, const Typed& typed) {
    const std::string name(schema::operation_info(typed.kind).name);
    const auto defaults = defaults_of(context, typed.ticket);
    if (!defaults) return schema::fail(name, defaults.error());
    Operation operation;
    operation.kind = typed.kind;
    operation.at = defaults->at;
    operation.fact = defaults->fact;
    operation.document = defaults->document;
    operation.subject = typed.subject;
    operation.peer = typed.peer;
    const bool added_here = typed.kind == OperationKind::customer_add && typed.peer.empty();
    if (added_here) operation.peer = defaults->home;
    operation.sku = typed.sku;
    operation.topic = typed.topic;
    operation.last_value = typed.last_value;
    if (const auto read = read_numbers(typed, operation); !read) {
        return schema::fail(name, read.error());
    }
    if (const auto read = read_fields(typed, operation); !read) {
        return schema::fail(name, read.error());
    }
    if (const auto known = is_known_store(context, operation); !known) {
        return schema::fail(name, known.error());
    }
    if (typed.kind == OperationKind::publish) {
        if (const auto read = read_payload(typed, operation); !read) {
            return schema::fail(name, read.error());
        }
    }
    // Whoever edits at the shell sees what this store's replica shows. A caller that may try again
    // has to say the very same, so it rests on the own log alone.
    if (typed.kind == OperationKind::customer_edit && typed.ticket.client.empty()) {
        const schema::SeenWrites seen = shown_to_editor(context, operation);
        if (!seen.fields.empty()) operation.payload = schema::encode(seen);
    }
    return submit(context, typed.ticket, operation);
}

std::pair<CLI::App&, Typed&> add_operation(CLI::App& parent, Context& context,
                                           const std::string& name, OperationKind kind,
                                           const std::string& what, const std::string& example) {
    CLI::App& verb = add_verb(parent, name, what, example);
    const auto typed = std::make_shared<Typed>();
    typed->kind = kind;
    verb.callback([&context, typed] {
        context.action = [&context, typed] { return hand_in_typed(context, *typed); };
    });
    return {verb, *typed};
}

}  // namespace filial::cli
