#include "ledger/customers_rules.h"

#include <algorithm>
#include <set>

#include "schema/payloads.h"

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

void wrote(OwnCustomer& customer, const std::string& name, const LoggedEvent& logged) {
    const auto same = [&](const OwnWrite& field) { return field.name == name; };
    const auto found = std::find_if(customer.fields.begin(), customer.fields.end(), same);
    if (found != customer.fields.end()) {
        *found = {name, logged.epoch, logged.seq};
    } else {
        customer.fields.push_back({name, logged.epoch, logged.seq});
    }
}

}  // namespace

Result<OwnCustomer> own_customer(const State& state, std::string_view customer) {
    OwnCustomer known;
    const auto value = state.get(customer_key(customer));
    if (!value) return known;
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of customer " + std::string(customer), fields.error());
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
    const auto done = parser().finish("own state of customer " + std::string(customer));
    if (!done) return tl::unexpected(done.error());
    return known;
}

Result<std::vector<Event>> decide_customer(const State& state, const StoreId& self,
                                           const Operation& operation) {
    const bool adds = operation.kind == OperationKind::customer_add;
    const auto known = own_customer(state, operation.subject);
    if (!known) return tl::unexpected(known.error());
    if (adds && known->registered()) {
        return fail(Errc::refused, "customer " + operation.subject +
                                       " was registered here already: use customer-edit to change "
                                       "what is known of him");
    }
    CustomerChanged changed;
    if (adds) changed.home = operation.peer;
    std::set<std::string_view> names;
    for (const auto& [name, value] : operation.fields) {
        if (!names.insert(name).second) {
            return fail(Errc::invalid, "field " + name + " stands twice: say it once");
        }
        CustomerField field;
        field.name = name;
        field.value = value;
        for (const OwnWrite& write : known->fields) {
            if (write.name == name) field.seen.push_back({self, write.epoch, write.seq});
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
    return events;
}

Result<void> apply_customer_changed(State& state, const LoggedEvent& logged) {
    const auto changed = schema::decode_customer_changed(parser(), logged.event.payload);
    if (!changed) return tl::unexpected(changed.error());
    auto known = own_customer(state, logged.event.key);
    if (!known) return tl::unexpected(known.error());
    if (!changed->home.empty()) known->home = changed->home;
    for (const CustomerField& field : changed->fields) wrote(*known, field.name, logged);
    for (const CustomerField& field : changed->sealed) wrote(*known, field.name, logged);
    state.put(customer_key(logged.event.key), encode(*known));
    return {};
}

}  // namespace filial::ledger
