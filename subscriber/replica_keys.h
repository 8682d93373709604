#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/mark.h"

/// The keys of the replica's database. Contributions are what one log says, dropped and replayed
/// alone. They stand where they are read:
///
///     s store,sku,                            stock: its sum, beside what each epoch of the log
///     k customer,d store                      adds to it (number_record.h); debts: the same
///     k customer,f store 0 epoch(4)           a customer: fields, and limits as each log has them,
///     k customer,l store 0 epoch(4)           and what handing him over did to them
///     k customer,h store 0 epoch(4)
///     t transfer,store 0 epoch(4)             a transfer's sides
///     y store,date,epoch(4)                   days that a store closed
///
/// and what is read by its log's name, by the log:
///
///     c topic 0 store 0 epoch(4) part key     values, and what a fold keeps (Part)
///
///     p store 0 topic                         positions: epoch(4) seq(8) incarnation(16), then for
///                                             each later epoch epoch(4) what it goes on from(8)
///     m store 0 topic                         marks reached
///     x store 0 topic 0 seq(8)                parked events (parked_event.h)
///     u store 0 topic 0 key                   and what of them is of one key
///     g store 0 topic 0 key,seq(8)            events that were given up
///     q seq(8)                                own debts that their home has not confirmed
///     a store                                 how far that home's mark confirms own debts
///     b store                                 last own debt.told that it booked: epoch(4) seq(8)
///     w position                              own news that a former home passed on, and where
///     d store 0 topic                         logs that are being dropped
///     z store 0 topic                         the snapshot that a topic began with, and
///     j store 0 topic                         the one that is coming (snapshot_shelf.h)
///     i store 0 topic 0 upto(8) number(4)     their pieces as they came
///     v                                       version of all this
///
/// and in the second map
///
///     topic 0 store 0 seq(8)                  events as they came, by the last one
///     (received_log.h)
///
/// Names followed by a comma are CSV cells (csv_key.h); numbers are big-endian; a customer's home
/// and conflicts are merged from his parts when they are read.
namespace filial::subscriber {

/// What a contribution holds.
enum class Part : char {
    number = 'd',    ///< NumberRecord: of all epochs of a log; key: a SKU or a customer.
    limit = 'l',     ///< LimitPart
    fields = 'f',    ///< ledger::CustomerPart
    transfer = 't',  ///< ledger::TransferSide
    value = 'v',     ///< Newest value of an application topic's key.
    day = 'y',       ///< schema::DayClosed; key: the date.
    // Folds over all epochs of a log: they stand under epoch 0.
    state = 'o',       ///< A record of the store's own ledger state; key: its key there.
    notes = 'a',       ///< AccountNotes
    paid_twice = 'b',  ///< PaidTwiceList
    handed = 'h',      ///< HandedLimits
};

struct Contribution {
    std::string topic;
    schema::StoreId store;
    schema::Epoch epoch;
    Part part = Part::number;
    std::string key;
};

schema::Bytes contribution_key(const Contribution& name);
/// Of the contributions of one topic of one log that stand by their log.
schema::Bytes contribution_prefix(std::string_view topic, std::string_view store);
/// Where the other contributions of a topic stand, among those of all logs: first letters of keys.
std::string_view families_of(std::string_view topic);
/// Of any contribution's key; nullopt for every other key.
std::optional<Contribution> parse_contribution(schema::ByteView key);

schema::Bytes stock_key(std::string_view store, std::string_view sku);
schema::Bytes customer_prefix(std::string_view customer);
schema::Bytes transfer_prefix(std::string_view transfer);
schema::Bytes day_key(std::string_view store, std::string_view date);

schema::Bytes log_key(char family, std::string_view store, std::string_view topic);
/// Store and topic of a log_key.
std::pair<schema::StoreId, std::string> parse_log_key(schema::ByteView key);
schema::Bytes parked_key(std::string_view store, std::string_view topic, schema::Sequence seq);
schema::Bytes parked_name(std::string_view store, std::string_view topic, std::string_view key);
schema::ParkedKey parse_parked_name(schema::ByteView key);
/// Of what was given up of a key; a waived_key is this and the position.
schema::Bytes waived_prefix(std::string_view store, std::string_view topic, std::string_view key);
schema::Bytes waived_key(std::string_view store, std::string_view topic, std::string_view key,
                         schema::Sequence seq);
schema::ParkedKey parse_waived_key(schema::ByteView key);
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
