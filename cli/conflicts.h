#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/submit.h"
#include "schema/query.h"
#include "schema/trade_payloads.h"

namespace filial::cli {

struct ConflictArgs {
    std::string customer;  ///< Empty: all.
    bool all = false;      ///< Of every home, not only of this store's customers.
};

/// `filial conflicts`: fields of customers that have several values, and customers registered at
/// several stores. One JSON object a field: customer, home, field, values.
schema::Result<int> run_conflicts(Context& context, const ConflictArgs& args);

struct ResolveArgs {
    std::string customer;
    std::string field;
    std::string value;
    std::string keep;  ///< The store whose value holds, instead of `value`.
    TicketArgs ticket;
};

/// `filial resolve`: an edit that names every value that this store's replica has of the field.
/// `not_found` where there is no conflict, `invalid` where --keep names a store that wrote none.
schema::Result<int> run_resolve(Context& context, const ResolveArgs& args);

/// One value of one field of a customer.
struct KnownValue {
    std::string customer;
    std::string home;
    std::string field;
    std::string value;
    bool shown = false;
    bool twice = false;   ///< The customer is registered at several stores; value is a home.
    bool sealed = false;  ///< Its value cannot be shown here.
    schema::Position position;
    std::string at;  ///< As its store declared it.
};

/// What this store's replica shows of the fields of a customer. Its errors say nothing of the
/// command.
schema::Result<std::vector<KnownValue>> known_values(Context& context, const schema::Query& query);

/// The shown value of each of these fields, for an edit by somebody who sees them: other values of
/// a conflict stay until it is resolved. Empty where the replica cannot be asked or does not know
/// him: then the edit rests on what the own log says.
schema::SeenWrites shown_to_editor(Context& context, const schema::Operation& edit);

}  // namespace filial::cli
