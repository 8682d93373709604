#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/amounts.h"
#include "schema/bytes.h"
#include "schema/codec.h"
#include "schema/hash.h"
#include "schema/ids.h"
#include "schema/result.h"

/// The payloads of the product's own events. Wire order is the order of the members; append only.
namespace filial::schema {

// Kinds, by topic.
inline constexpr std::string_view kStockMoved = "stock.moved";                  ///< stock
inline constexpr std::string_view kDebtMoved = "debt.moved";                    ///< debts
inline constexpr std::string_view kLimitSet = "limit.set";                      ///< debts
inline constexpr std::string_view kCustomerRegistered = "customer.registered";  ///< customers
inline constexpr std::string_view kCustomerEdited = "customer.edited";          ///< customers
inline constexpr std::string_view kLogOpened = "log.opened";                    ///< control
inline constexpr std::string_view kNoticeTaken = "notice.taken";  ///< the notice's topic
// Transfers, all in control, keyed by transfer.
inline constexpr std::string_view kTransferSent = "transfer.sent";          ///< to the destination
inline constexpr std::string_view kTransferExpected = "transfer.expected";  ///< took `sent`
inline constexpr std::string_view kTransferReceived = "transfer.received";  ///< to the source
inline constexpr std::string_view kTransferSettled = "transfer.settled";    ///< took `received`
inline constexpr std::string_view kCancelRequested = "transfer.cancel_requested";  ///< to dest.
inline constexpr std::string_view kCancelAgreed = "transfer.cancel_agreed";    ///< to the source
inline constexpr std::string_view kCancelRefused = "transfer.cancel_refused";  ///< to the source
inline constexpr std::string_view kTransferTakenBack = "transfer.taken_back";  ///< took `agreed`
inline constexpr std::string_view kCancelFailed = "transfer.cancel_failed";    ///< took `refused`
// Application topics.
inline constexpr std::string_view kAppEvent = "app.event";  ///< Opaque.
inline constexpr std::string_view kAppValue = "app.value";  ///< Opaque, the newest by key is kept.

/// Marks on an event that a person should see. Bits; append only.
enum Flag : std::uint64_t {
    kFlagFact = 1,               ///< Entered with --fact: it had happened already.
    kFlagBelowZero = 2,          ///< The place's own log says there were not that many.
    kFlagUnknownKey = 4,         ///< The store's own log does not know the customer.
    kFlagDifference = 8,         ///< Received another quantity than was sent.
    kFlagFound = 16,             ///< Goods that turned up after their cancellation was agreed to.
    kFlagUndecided = 32,         ///< A notice could not be decided: only that it came is booked.
    kFlagWrittenOff = 64,        ///< Goods on the way were given up, or turned up after that.
    kFlagGivenUp = 128,          ///< Room of a lost epoch was given up by a person's decision.
    kFlagNoRoom = 256,           ///< More than the store's own room; `beyond` says by how much.
    kFlagAfterClose = 512,       ///< The account is closed: it has to be reviewed.
    kFlagPaidTwice = 1'024,      ///< The document was paid before: credit, and a task for a person.
    kFlagOverCommitted = 2'048,  ///< More is granted than there is; `beyond` says by how much more.
};

/// Goods came in or went out. Key: SKU.
struct StockMoved {
    Quantity delta;        ///< Added to the quantity on hand; negative when goods leave.
    std::string reason;    ///< sale, return, adjust, count, receipt, transfer, shipment, void.
    std::string document;  ///< The shop's document number, shown to people only.
    std::uint64_t flags = 0;
    UnitCost cost;  ///< Of one unit, 1e-8; 0 if not said.
    friend bool operator==(const StockMoved&, const StockMoved&) = default;
};

/// A customer owes more or less. Key: customer.
struct DebtMoved {
    Money delta;
    std::string reason;  ///< charge, credit-note, payment, void.
    std::string document;
    std::uint64_t flags = 0;
    Money beyond{};  ///< What the store had no room for; left out of the bytes where it is 0.
    friend bool operator==(const DebtMoved&, const DebtMoved&) = default;
};

/// The customer's home says how much he may owe. Key: customer. The last one in home's log holds.
struct LimitSet {
    Money amount;
    std::string document;
    std::uint64_t flags = 0;  ///< Left out of the bytes, with `beyond`, where both are 0.
    Money beyond{};           ///< What is granted and owed above it since.
    friend bool operator==(const LimitSet&, const LimitSet&) = default;
};

/// One field of a customer. Public: `value` is text. Sealed: `value` is ciphertext under `key_id`.
struct CustomerField {
    std::string name;
    Bytes value;
    std::vector<Position> seen;  ///< The writes that its author was shown: these it replaces.
    std::uint64_t key_id = 0;    ///< Sealed fields only.
    Bytes nonce;                 ///< Sealed fields only.
    friend bool operator==(const CustomerField&, const CustomerField&) = default;
};

/// A customer was registered or edited. Key: customer. [home or nil, [[name, value, seen]...],
/// [[name, key id, nonce, bytes, seen]...], [position...]].
struct CustomerChanged {
    std::string home;  ///< The store that keeps his debts; empty when an edit leaves it alone.
    std::vector<CustomerField> fields;
    std::vector<CustomerField> sealed;
    /// What was said of his home before and does not hold any more. Left out where it is nothing.
    std::vector<Position> home_seen{};
    friend bool operator==(const CustomerChanged&, const CustomerChanged&) = default;
};

/// Any step of a transfer. Key: transfer.
struct TransferStep {
    std::string peer;  ///< The other store: destination in the source's log, and the reverse.
    std::string sku;
    Quantity quantity;   ///< Sent or really received; 0 in requests and their answers.
    Position cause;      ///< The notice that this event took; empty store for a step of one's own.
    std::string reason;  ///< For people, in answers and discrepancies.
    std::uint64_t flags = 0;
    friend bool operator==(const TransferStep&, const TransferStep&) = default;
};

/// A notice whose kind needs nothing further, or is not known here, was taken. Key: its key.
struct NoticeTaken {
    Position cause;
    std::string kind;
    std::uint64_t flags = 0;  ///< kFlagUndecided, or none.
    friend bool operator==(const NoticeTaken&, const NoticeTaken&) = default;
};

/// First event of each epoch of a log. Key: the store.
struct LogOpened {
    Incarnation incarnation{};
    Epoch epoch;
    Sequence continues_from;  ///< Last event of the epoch before; 0 for a new store.
    std::vector<std::pair<std::string, Hash>> chains;  ///< Heads there, by topic.
    // Of an epoch behind a loss that an operator accepted; left out of the bytes where there is
    // none.
    Sequence lost_upto{};  ///< Last event that had been acknowledged, as far as was known.
    std::string reason{};  ///< His words.
    friend bool operator==(const LogOpened&, const LogOpened&) = default;
};

Bytes encode(const StockMoved&);
Bytes encode(const DebtMoved&);
Bytes encode(const LimitSet&);
Bytes encode(const CustomerChanged&);
Bytes encode(const TransferStep&);
Bytes encode(const NoticeTaken&);
Bytes encode(const LogOpened&);

// Missing trailing fields read as their default; `corrupt` on damage.
Result<StockMoved> decode_stock_moved(Parser&, ByteView);
Result<DebtMoved> decode_debt_moved(Parser&, ByteView);
Result<LimitSet> decode_limit_set(Parser&, ByteView);
Result<CustomerChanged> decode_customer_changed(Parser&, ByteView);
Result<TransferStep> decode_transfer_step(Parser&, ByteView);
Result<NoticeTaken> decode_notice_taken(Parser&, ByteView);
Result<LogOpened> decode_log_opened(Parser&, ByteView);

/// [store, epoch, seq] as a nested array, used wherever a position travels.
void write_position(Writer&, const Position&);
Position read_position(Fields&);

}  // namespace filial::schema
