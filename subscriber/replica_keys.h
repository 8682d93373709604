#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/bytes.h"
#include "schema/ids.h"

/// The keys of the replica's database. Two families hold the same facts:
///
///     c topic 0 store 0 epoch(4) part key     contributions: what one log says, dropped and
///                                             replayed alone
///     s store,sku,                            stock: sum over the epochs of the store's log
///     k customer,d store                      debts: the same, beside everything else that is
///     k customer,f store 0 epoch(4)             known of the customer: fields, and limits as
///     k customer,l store 0 epoch(4)             each log has them
///     t transfer,store 0 epoch(4)             a transfer's sides
///
///     p store 0 topic                         positions: epoch(4) seq(8) incarnation(16)
///     m store 0 topic                         marks reached
///     x store 0 topic 0 seq(8)                parked rows
///     q seq(8)                                own debts that their home has not confirmed
///     a store                                 how far that home has confirmed own debts
///     d store 0 topic                         logs that are being dropped
///     v                                       version of all this
///
/// Names followed by a comma are CSV cells (csv_key.h); numbers are big-endian; a customer's home
/// and conflicts are merged from his parts when they are read.
namespace filial::subscriber {

/// What a contribution holds.
enum class Part : char {
    number = 'n',  ///< Sum of the deltas of a SKU or a customer: 8 bytes.
    limit = 'l',
    fields = 'f',    ///< ledger::CustomerPart
    transfer = 't',  ///< ledger::TransferSide
    value = 'v',     ///< Newest value of an application topic's key.
};

struct Contribution {
    std::string topic;
    schema::StoreId store;
    schema::Epoch epoch;
    Part part = Part::number;
    std::string key;
};

schema::Bytes contribution_key(const Contribution& name);
/// Of all contributions of one topic of one log.
schema::Bytes contribution_prefix(std::string_view topic, std::string_view store);
std::optional<Contribution> parse_contribution(schema::ByteView key);
/// Where the same fact stands for reading; empty for values, which are read where they are.
schema::Bytes reading_key(const Contribution& name);

schema::Bytes stock_key(std::string_view store, std::string_view sku);
schema::Bytes customer_prefix(std::string_view customer);
schema::Bytes transfer_prefix(std::string_view transfer);

schema::Bytes log_key(char family, std::string_view store, std::string_view topic);
/// Store and topic of a log_key.
std::pair<schema::StoreId, std::string> parse_log_key(schema::ByteView key);
schema::Bytes parked_key(std::string_view store, std::string_view topic, schema::Sequence seq);
schema::Bytes pending_key(schema::Sequence seq);

void append_u64(schema::Bytes& to, std::uint64_t value);
void append_u32(schema::Bytes& to, std::uint32_t value);
/// From the first 8 or 4 bytes; 0 if there are fewer.
std::uint64_t read_u64(schema::ByteView bytes);
std::uint32_t read_u32(schema::ByteView bytes);
inline schema::Bytes number_value(std::int64_t value) {
    schema::Bytes bytes;
    append_u64(bytes, static_cast<std::uint64_t>(value));
    return bytes;
}
inline std::int64_t number_of(schema::ByteView value) {
    return static_cast<std::int64_t>(read_u64(value));
}

}  // namespace filial::subscriber
