#include "ledger/bills.h"

#include "ledger/documents.h"

namespace filial::ledger {

using schema::Bytes;
using schema::fail;
using schema::Money;
using schema::Result;

namespace {

/// Texts have no control characters, so that no customer is another one's bill.
Bytes bill_key(std::string_view customer, std::string_view document) {
    return "bill/" + Bytes(customer) + '\x01' + Bytes(document);
}

Result<Bill> told_bill(const State& state, std::string_view customer, std::string_view document) {
    Bill bill;
    const auto value = state.get(bill_key(customer, document));
    if (!value) return bill;
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of a bill", fields.error());
    bill.charged = fields->i64();
    bill.paid = fields->i64();
    if (const auto done = parser().finish("own state of a bill"); !done) {
        return tl::unexpected(done.error());
    }
    return bill;
}

}  // namespace

Result<bool> paid_before(const State& state, std::string_view customer, std::string_view reason,
                         std::string_view document, Money delta) {
    if (reason != "payment" || document.empty()) return false;
    const auto told = told_bill(state, customer, document);
    if (!told) return tl::unexpected(told.error());
    const auto own = own_bill(state, customer, document);
    if (!own) return tl::unexpected(own.error());
    const auto charged = schema::add(told->charged, own->charged);
    const auto paid = schema::add(told->paid, own->paid);
    if (!charged || !paid || *paid <= 0) return false;
    if (*charged == 0) return true;
    const auto rest = schema::add(*charged, -*paid);
    return rest && *rest < -delta.value();
}

Result<void> note_told_bill(State& state, std::string_view customer, std::string_view reason,
                            std::string_view document, Money delta) {
    if (document.empty() || reason == "credit-note") return {};
    auto bill = told_bill(state, customer, document);
    if (!bill) return tl::unexpected(bill.error());
    const bool of_payment = reason == "payment" || (reason == "void" && delta.value() > 0);
    const auto less = schema::negate(delta);
    if (of_payment && !less) return tl::unexpected(less.error());
    std::int64_t& sum = of_payment ? bill->paid : bill->charged;
    const auto added = schema::add(sum, of_payment ? less->value() : delta.value());
    // A bill that leaves 64 bits is no reason to lose the move itself.
    if (!added) return {};
    sum = *added;
    schema::Writer out;
    out.array(2).i64(bill->charged).i64(bill->paid);
    state.put(bill_key(customer, document), out.take());
    return {};
}

}  // namespace filial::ledger
