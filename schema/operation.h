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
    customer_edit = 7,      ///< subject customer, fields that change; peer a new home: itself.
    limit = 8,              ///< subject customer, amount; by the customer's home only.
    charge = 9,             ///< subject customer, amount: the debt goes up.
    credit_note = 10,       ///< subject customer, amount: goods came back, the debt goes down.
    pay = 11,               ///< subject customer, amount: money came in, the debt goes down.
    transfer_send = 12,     ///< subject transfer, peer the destination, sku, quantity.
    transfer_receive = 13,  ///< subject transfer, peer the source, sku, quantity really received.
    transfer_cancel = 14,   ///< subject transfer, peer the destination, which decides.
    void_document = 15,     ///< subject a document of this store: reversed, once.
    publish = 16,           ///< subject a key, topic an application topic, payload, last_value.
    // Settling what is out, and closing a day.
    transfer_more = 32,       ///< subject transfer, peer the source, sku, quantity that came later.
    transfer_correct = 33,    ///< subject an own transfer, quantity that really left, in all.
    transfer_write_off = 34,  ///< subject an own transfer, quantity that is lost, in all.
    customer_resolve = 35,    ///< subject customer, fields; payload: SeenWrites.
    close_day = 36,           ///< subject a date, 2010-12-01; payload: DayClosed.
    // Parts of a customer's limit; peer is the other store, amount 0 is all there is.
    grant = 40,            ///< subject customer, peer the holder, amount; by the customer's home.
    grant_return = 41,     ///< subject customer, amount; by a holder.
    grant_recall = 42,     ///< subject customer, peer the holder, amount; by home.
    grant_ask = 43,        ///< subject customer, amount; peer its home where this store knows none.
    grant_write_off = 44,  ///< subject customer, peer a store that lost its log or is no more.
    // Parts of what a place has on hand.
    reserve = 45,            ///< subject SKU, peer the holder, quantity; by the place.
    reserve_return = 46,     ///< subject SKU, peer the place, quantity; by a holder.
    reserve_recall = 47,     ///< subject SKU, peer the holder, quantity; by the place.
    reserve_ask = 48,        ///< subject SKU, peer the place, quantity.
    reserve_write_off = 49,  ///< subject SKU, peer a store that lost its log or is no more.
    sell_reserved = 50,      ///< subject SKU, peer the place, quantity: moves no stock yet.
    ship = 51,               ///< subject SKU, peer the store that sold it, quantity leaves.
    // Official operations on an account, by its home or asked of it.
    close_account = 52,     ///< subject customer; peer as of grant_ask.
    move_home = 53,         ///< subject customer, peer the new home.
    merge = 54,             ///< subject customer, field "into" who goes on, peer that one's home.
    round_verdict = 55,     ///< subject customer: decides the round whose answers are all in.
    round_cancel = 56,      ///< subject customer.
    reopen_account = 57,    ///< subject customer.
    block_customer = 58,    ///< subject customer, peer as of grant_ask: no charge, no grant.
    unblock_customer = 59,  ///< subject customer.
    retire_store = 60,  ///< subject a store that has left, or, as a fact, is lost; by head office.
    tail_told = 61,     ///< subject this store: what its lost epochs held is booked again.
    leave = 62,         ///< subject this store, peer who goes on with its customers.
    left = 63,          ///< subject this store: all is handed over; said by the store itself.
    // A person's no to a request that waits, in the document the reason.
    grant_refuse = 64,    ///< subject customer, peer the store that asked; by the customer's home.
    reserve_refuse = 65,  ///< subject SKU, peer the store that asked; by the place.
    // What head office found in a store's log.
    verdict = 70,  ///< subject the event's key, peer the store; payload: StoreVerdict.
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
/// Whether the peer of this operation, if it has one, is the store that whoever hands it in was
/// shown as the customer's home: used where the store's own log does not know it, and no part of
/// what the ticket says, since the same ticket may be handed in again when the home has moved.
bool takes_home_hint(OperationKind kind);
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
    /// From a record of what happened, as an import's lines are: booked as a fact is, and not
    /// flagged for that alone.
    bool recorded = false;
    friend bool operator==(const Operation&, const Operation&) = default;
};

/// Form only: names, signs, sizes, UTF-8. Business rules are the ledger's. `invalid` with a reason
/// for the person who typed it.
Result<void> validate(const Operation& operation);

/// Members in their order; append only.
void write_operation(Writer& out, const Operation& operation);
Operation read_operation(Fields& fields);

}  // namespace filial::schema
