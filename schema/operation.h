#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/amounts.h"
#include "schema/bytes.h"
#include "schema/codec.h"
#include "schema/result.h"
#include "schema/timestamp.h"

namespace filial::schema {

/// What a till, a clerk or a bridge can hand in. The number is part of the wire: append only.
enum class OperationKind : std::uint8_t {
    none = 0,
    sell = 1,               ///< subject SKU, quantity leaves.
    return_goods = 2,       ///< subject SKU, quantity comes back.
    adjust = 3,             ///< subject SKU, quantity is a signed correction.
    receive = 4,            ///< subject SKU, quantity comes in from a supplier.
    count = 5,              ///< subject SKU, quantity is what was counted on the shelf.
    customer_add = 6,       ///< subject customer, peer its home store, fields.
    customer_edit = 7,      ///< subject customer, fields that change.
    limit = 8,              ///< subject customer, amount; by the customer's home only.
    charge = 9,             ///< subject customer, amount: the debt goes up.
    credit_note = 10,       ///< subject customer, amount: goods came back, the debt goes down.
    pay = 11,               ///< subject customer, amount: money came in, the debt goes down.
    transfer_send = 12,     ///< subject transfer, peer the destination, sku, quantity.
    transfer_receive = 13,  ///< subject transfer, peer the source, sku, quantity really received.
    transfer_cancel = 14,   ///< subject transfer, peer the destination, which decides.
    void_document = 15,     ///< subject a document of this store: reversed, once.
    publish = 16,           ///< subject a key, topic an application topic, payload, last_value.
};

/// One row of the table of operations: its name in files and which members it uses.
struct OperationInfo {
    OperationKind kind;
    std::string_view name;      ///< As in files of operations: "transfer-send".
    std::string_view subject;   ///< What the subject is called there: "sku", "customer", ...
    std::string_view peer;      ///< What the peer is called there: "to", "from", "home", or "".
    std::string_view quantity;  ///< "qty", "delta" or "".
    bool amount;
    bool sku;  ///< Needs a SKU beside its subject.
    bool fields;
};

std::span<const OperationInfo> operation_table();
const OperationInfo& operation_info(OperationKind kind);
/// `none` if there is no such operation.
OperationKind operation_from_name(std::string_view name);

struct Operation {
    OperationKind kind = OperationKind::none;
    Timestamp at;  ///< When it happened, by the store's clock.
    std::string subject;
    std::string peer;
    std::string sku;
    Quantity quantity;
    Money amount;
    std::string document;  ///< The shop's document number, shown to people only.
    std::vector<std::pair<std::string, std::string>> fields;
    bool fact = false;  ///< It has happened already although it was a request's business.
    std::string topic;
    Bytes payload;
    bool last_value = false;
    UnitCost cost;
    friend bool operator==(const Operation&, const Operation&) = default;
};

/// Form only: names, signs, sizes, UTF-8. Business rules are the ledger's. `invalid` with a reason
/// for the person who typed it.
Result<void> validate(const Operation& operation);

/// Members in their order; append only.
void write_operation(Writer& out, const Operation& operation);
Operation read_operation(Fields& fields);

}  // namespace filial::schema
