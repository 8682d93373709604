#include "ledger/customers_rules.h"

#include <algorithm>
#include <set>

#include "ledger/pot.h"
#include "schema/payloads.h"
#include "schema/trade_payloads.h"

namespace filial::ledger {

using schema::CustomerChanged;
using schema::CustomerField;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Fields;
using schema::LoggedEvent;
using schema::Operation;
using schema::OperationKind;
using schema::Result;
using schema::StoreId;

namespace {

schema::Bytes customer_key(std::string_view customer) {
    return "customer/" + schema::Bytes(customer);
}

/// [home, [[field, epoch, seq]...]]
schema::Bytes encode(const OwnCustomer& customer) {
    schema::Writer out;
    out.array(2).str(customer.home).array(customer.fields.size());
    for (const OwnWrite& field : customer.fields) {
        out.array(3).str(field.name).u64(field.epoch.value()).u64(field.seq.value());
    }
    return out.take();
}

Result<OwnCustomer> decode(schema::ByteView value, const std::string& customer) {
    auto fields = parser().array(value);
    if (!fields) return fail("own state of customer " + customer, fields.error());
    OwnCustomer known;
    known.home = fields->str();
    Fields list = fields->array();
    while (list.more()) {
        Fields parts = list.array();
        OwnWrite field;
        field.name = parts.str();
        field.epoch = schema::Epoch{parts.u32()};
        field.seq = schema::Sequence{parts.u64()};
        known.fields.push_back(std::move(field));
    }
    const auto done = parser().finish("own state of customer " + customer);
    if (!done) return tl::unexpected(done.error());
    return known;
}

void wrote(OwnCustomer& customer, const std::string& name, const LoggedEvent& logged) {
    const auto same = [&](const OwnWrite& field) { return field.name == name; };
    const auto found = std::find_if(customer.fields.begin(), customer.fields.end(), same);
    if (found != customer.fields.end()) {
        *found = {name, logged.epoch, logged.seq};
    } else {
        customer.fields.push_back({name, logged.epoch, logged.seq});
    }
}

/// What the author of the operation was shown; empty where it does not say.
Result<schema::SeenWrites> shown_to(const Operation& operation) {
    const bool edits = operation.kind == OperationKind::customer_edit ||
                       operation.kind == OperationKind::customer_resolve;
    if (!edits || operation.payload.empty()) return schema::SeenWrites{};
    auto seen = schema::decode_seen_writes(parser(), operation.payload);
    if (seen) return seen;
    return fail(Errc::invalid, "what was shown of customer " + operation.subject +
                                   " cannot be read: " + seen.error().message);
}

/// Of one field; nullptr where the author was shown nothing of it.
const std::vector<schema::Position>* shown_of(const schema::SeenWrites& seen,
                                              const std::string& name) {
    for (const schema::SeenWrites::Field& field : seen.fields) {
        if (field.name == name && !field.writes.empty()) return &field.writes;
    }
    return nullptr;
}

/// Who keeps the account says so, and nobody else.
Result<void> may_name_home(const State& state, const StoreId& self, const Operation& operation) {
    const auto pot = read_pot(state, schema::GrantOf::credit, operation.subject);
    if (!pot) return tl::unexpected(pot.error());
    const bool here = pot->known && pot->standing != Standing::moved;
    if (here && operation.peer == self.value()) return {};
    return fail(Errc::refused, "the account of customer " + operation.subject +
                                   " is not kept here: use move-home at its home");
}

/// Replicas show the limit that the home itself set last.
Result<Event> limit_again(const State& state, const Operation& operation) {
    const auto pot = read_pot(state, schema::GrantOf::credit, operation.subject);
    if (!pot) return tl::unexpected(pot.error());
    Event event;
    event.topic = schema::kTopicDebts;
    event.kind = schema::kLimitSet;
    event.at = operation.at;
    event.key = operation.subject;
    event.payload = schema::encode(schema::LimitSet{schema::Money{pot->limit}, {}, 0, {}});
    return event;
}

/// His record says now where he is at home.
Result<void> note_named(State& state, std::string_view customer) {
    auto pot = read_pot(state, schema::GrantOf::credit, customer);
    if (!pot) return tl::unexpected(pot.error());
    if (!pot->unnamed) return {};
    pot->unnamed = false;
    return write_pot(state, schema::GrantOf::credit, customer, *pot);
}

}  // namespace

Result<std::shared_ptr<const OwnCustomer>> own_customer(const State& state,
                                                        std::string_view customer) {
    return kept_row<OwnCustomer>(state, customer_key(customer), [&](schema::ByteView value) {
        return decode(value, std::string(customer));
    });
}

Result<std::vector<Event>> decide_customer(const State& state, const StoreId& self,
                                           const Operation& operation) {
    const bool adds = operation.kind == OperationKind::customer_add;
    const auto known = own_customer(state, operation.subject);
    if (!known) return tl::unexpected(known.error());
    if (adds && (*known)->registered()) {
        return fail(Errc::refused, "customer " + operation.subject +
                                       " was registered here already: use customer-edit to change "
                                       "what is known of him");
    }
    const auto shown = shown_to(operation);
    if (!shown) return tl::unexpected(shown.error());
    CustomerChanged changed;
    changed.home = operation.peer;
    if (!adds && !operation.peer.empty()) {
        const auto may = may_name_home(state, self, operation);
        if (!may) return tl::unexpected(may.error());
        if (const auto* writes = shown_of(*shown, {})) changed.home_seen = *writes;
    }
    std::set<std::string_view> names;
    for (const auto& [name, value] : operation.fields) {
        if (!names.insert(name).second) {
            return fail(Errc::invalid, "field " + name + " stands twice: say it once");
        }
        CustomerField field;
        field.name = name;
        field.value = value;
        if (const auto* writes = shown_of(*shown, name)) {
            field.seen = *writes;
        } else if (operation.kind == OperationKind::customer_resolve) {
            return fail(Errc::invalid, "field " + name + " of customer " + operation.subject +
                                           ": say which values were seen, or use customer-edit");
        } else {
            for (const OwnWrite& write : (*known)->fields) {
                if (write.name == name) field.seen.push_back({self, write.epoch, write.seq});
            }
        }
        changed.fields.push_back(std::move(field));
    }
    Event event;
    event.topic = schema::kTopicCustomers;
    event.kind = adds ? schema::kCustomerRegistered : schema::kCustomerEdited;
    event.at = operation.at;
    event.key = operation.subject;
    event.payload = schema::encode(changed);
    std::vector<Event> events;
    events.push_back(std::move(event));
    if (adds || operation.peer.empty()) return events;
    auto limit = limit_again(state, operation);
    if (!limit) return tl::unexpected(limit.error());
    events.push_back(std::move(*limit));
    return events;
}

Result<void> apply_customer_changed(State& state, const LoggedEvent& logged) {
    const auto changed = schema::decode_customer_changed(parser(), logged.event.payload);
    if (!changed) return tl::unexpected(changed.error());
    const auto before = own_customer(state, logged.event.key);
    if (!before) return tl::unexpected(before.error());
    OwnCustomer known = **before;
    if (!changed->home.empty()) known.home = changed->home;
    for (const CustomerField& field : changed->fields) wrote(known, field.name, logged);
    for (const CustomerField& field : changed->sealed) wrote(known, field.name, logged);
    state.put(customer_key(logged.event.key), encode(known));
    const bool edited = logged.event.kind == schema::kCustomerEdited;
    return edited && !changed->home.empty() ? note_named(state, logged.event.key) : Result<void>{};
}

}  // namespace filial::ledger
