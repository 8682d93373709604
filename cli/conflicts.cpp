#include "cli/conflicts.h"

#include <algorithm>

#include "cli/json.h"
#include "cli/next_step.h"
#include "cli/pages.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

KnownValue value_of(const AnswerRow& row) {
    KnownValue value;
    value.customer = row.key;
    value.home = row.store;
    value.field = field_of(row, "field");
    value.value = field_of(row, "value");
    value.shown = field_of(row, "shown") == "yes";
    value.twice = field_of(row, "twice") == "yes";
    value.sealed = field_of(row, "sealed") == "yes";
    value.at = field_of(row, "at");
    value.position.store = schema::StoreId{field_of(row, "store")};
    value.position.epoch = schema::Epoch{
        static_cast<std::uint32_t>(std::strtoul(field_of(row, "epoch").c_str(), nullptr, 10))};
    value.position.seq = schema::Sequence{std::strtoull(field_of(row, "seq").c_str(), nullptr, 10)};
    return value;
}

Json json_of(const KnownValue& value) {
    Json json;
    json["value"] = value.value;
    json["shown"] = value.shown;
    json["store"] = value.position.store.value();
    json["epoch"] = value.position.epoch.value();
    json["seq"] = value.position.seq.value();
    json["at"] = value.at;
    return json;
}

/// Values of one field stand one after the other.
bool same_field(const KnownValue& a, const KnownValue& b) {
    return a.customer == b.customer && a.field == b.field && a.twice == b.twice &&
           a.sealed == b.sealed;
}

void print(Console& console, const std::vector<KnownValue>& field) {
    const KnownValue& first = field.front();
    if (console.json) {
        Json json;
        json["customer"] = first.customer;
        json["home"] = first.home;
        json["kind"] = first.twice ? "registered-twice" : "field";
        json["field"] = first.field;
        Json values = Json::array();
        for (const KnownValue& value : field) values.push_back(json_of(value));
        json["values"] = std::move(values);
        console.line(dump(json));
        return;
    }
    console.line(
        "customer " + first.customer + " at " + first.home + ": " +
        (first.twice ? "registered at " + std::to_string(field.size()) + " stores" : first.field));
    for (const KnownValue& value : field) {
        const auto at = schema::parse_timestamp(value.at);
        console.line(std::string(value.shown ? "  * " : "    ") + value.value + "  (" +
                     schema::to_string(value.position) + ", " + (at ? local_time(*at) : value.at) +
                     ")");
    }
}

/// Who has one value of each field, or none, has no conflict; a number that nobody has is a slip.
Result<void> knows_customer(Context& context, const std::string& customer) {
    Query query;
    query.kind = QueryKind::debt;
    query.key = customer;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    const auto asked = ask_pages(**link, query, [](const AnswerRow&) {});
    if (asked || asked.error().code != Errc::not_found) return {};
    return schema::fail("conflicts " + customer, asked.error());
}

}  // namespace

Result<std::vector<KnownValue>> known_values(Context& context, const Query& query) {
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    std::vector<KnownValue> values;
    const auto asked =
        ask_pages(**link, query, [&](const AnswerRow& row) { values.push_back(value_of(row)); });
    if (!asked) return tl::unexpected(asked.error());
    return values;
}

schema::SeenWrites shown_to_editor(Context& context, const schema::Operation& edit) {
    Query query;
    query.kind = QueryKind::conflicts;
    query.key = edit.subject;
    query.filter = schema::kEveryValue;
    schema::SeenWrites seen;
    const auto values = known_values(context, query);
    if (!values) return seen;
    for (const auto& [name, text] : edit.fields) {
        const auto shown = [&field = name](const KnownValue& value) {
            return value.field == field && value.shown && !value.twice && !value.sealed;
        };
        const auto at = std::find_if(values->begin(), values->end(), shown);
        if (at != values->end()) seen.fields.push_back({name, {at->position}});
    }
    return seen;
}

Result<int> run_conflicts(Context& context, const ConflictArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    Query query;
    query.kind = QueryKind::conflicts;
    query.key = args.customer;
    if (!args.all && args.customer.empty()) query.store = (*options)->store.value();
    const auto values = known_values(context, query);
    if (!values) {
        return tl::unexpected(with_advice(values.error(), "conflicts", Process::subscriber));
    }
    if (values->empty() && !args.customer.empty()) {
        const auto known = knows_customer(context, args.customer);
        if (!known) return tl::unexpected(known.error());
    }
    std::size_t fields = 0;
    for (std::size_t i = 0; i < values->size();) {
        std::vector<KnownValue> field;
        const std::size_t first = i;
        for (; i < values->size() && same_field((*values)[first], (*values)[i]); ++i) {
            field.push_back((*values)[i]);
        }
        ++fields;
        print(context.console, field);
    }
    if (!context.console.json) {
        context.console.say(counted(fields, "conflict") +
                            (query.store.empty() ? "" : " of customers at home in " + query.store) +
                            (fields == 0
                                 ? ""
                                 : "; * is shown everywhere until `filial resolve CUSTOMER FIELD "
                                   "VALUE` settles it"));
    }
    return kDone;
}

Result<int> run_resolve(Context& context, const ResolveArgs& args) {
    const std::string doing = "resolve " + args.customer + " " + args.field;
    if (args.value.empty() == args.keep.empty()) {
        return schema::fail(Errc::invalid, doing + ": give either VALUE or --keep STORE");
    }
    const auto defaults = defaults_of(context, args.ticket);
    if (!defaults) return schema::fail(doing, defaults.error());
    Query query;
    query.kind = QueryKind::conflicts;
    query.key = args.customer;
    auto values = known_values(context, query);
    if (!values) return tl::unexpected(with_advice(values.error(), doing, Process::subscriber));
    std::erase_if(*values, [&](const KnownValue& value) {
        return value.field != args.field || value.twice || value.sealed;
    });
    if (values->empty()) {
        return schema::fail(Errc::not_found,
                            doing +
                                ": has one value or none, so there is nothing to settle; "
                                "`filial customer edit` changes it");
    }
    schema::Operation operation;
    operation.kind = schema::OperationKind::customer_resolve;
    operation.at = defaults->at;
    operation.subject = args.customer;
    std::string value = args.value;
    schema::SeenWrites::Field seen{args.field, {}};
    bool found = args.keep.empty();
    for (const KnownValue& known : *values) {
        seen.writes.push_back(known.position);
        // Of several by one store, the one that is shown first is its latest.
        if (found || known.position.store.value() != args.keep) continue;
        value = known.value;
        found = true;
    }
    if (!found) {
        return schema::fail(Errc::invalid, doing + ": none of the values is of " + args.keep);
    }
    operation.fields = {{args.field, value}};
    operation.payload = schema::encode(schema::SeenWrites{{seen}});
    return submit(context, args.ticket, operation);
}

}  // namespace filial::cli
