#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/state.h"
#include "schema/event.h"
#include "schema/ids.h"
#include "schema/operation.h"

/// Customers as the own log wrote them. A field's write names the writes that it replaces: those
/// that its author was shown, where the operation says so, and else the own one. What he was not
/// shown stays beside it, so that nothing is overwritten unseen.
namespace filial::ledger {

/// Where the own log last wrote one field.
struct OwnWrite {
    std::string name;
    schema::Epoch epoch;
    schema::Sequence seq;
};

struct OwnCustomer {
    std::string home;  ///< As registered here; empty if the own log did not register him.
    std::vector<OwnWrite> fields;

    bool registered() const { return !home.empty(); }
};

/// What the own log says; empty if it never named the customer.
schema::Result<std::shared_ptr<const OwnCustomer>> own_customer(const State& state,
                                                                std::string_view customer);

/// customer-add, `refused` if this store registered him already; customer-edit, also of a customer
/// whom the own log does not know; customer-resolve, which is an edit that has to name what was
/// shown of each of its fields. An edit may name this store as the new home once the account has
/// moved here; field "" of what was shown then says what it puts an end to, and the limit is said
/// again. `invalid` where a field stands twice or nothing was shown of it.
schema::Result<std::vector<schema::Event>> decide_customer(const State& state,
                                                           const schema::StoreId& self,
                                                           const schema::Operation& operation);

schema::Result<void> apply_customer_changed(State& state, const schema::LoggedEvent& logged);

}  // namespace filial::ledger
