#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "schema/bytes.h"
#include "schema/result.h"
#include "schema/strong.h"

namespace filial::schema {

/// A store's name, `[a-z0-9][a-z0-9-]{0,31}`; a shop, a warehouse or the head office.
using StoreId = Strong<std::string, struct StoreIdTag>;
/// Incarnation count of a store's log; 1 for a new store. Head office grants the next one.
using Epoch = Strong<std::uint32_t, struct EpochTag>;
/// Position of an event in its store's log: 1, 2, 3, ... without holes, on over epochs. 0 means
/// "before the first".
using Sequence = Strong<std::uint64_t, struct SequenceTag>;

constexpr Sequence next(Sequence s) { return Sequence{s.value() + 1}; }

/// 16 bytes that name whoever hands in tickets: a till, an import, a bridge. Random or a hash.
using ClientId = std::array<std::uint8_t, 16>;
/// 16 random bytes, drawn when a log is made: tells two machines of one store name apart.
using Incarnation = std::array<std::uint8_t, 16>;

ByteView view(const std::array<std::uint8_t, 16>& id);
/// From exactly 16 bytes; anything else gives all zeros (which is nobody's id).
std::array<std::uint8_t, 16> id16_from(ByteView bytes);
/// From its 32 lower-case digits; nullopt for anything else.
std::optional<std::array<std::uint8_t, 16>> id16_from_hex(ByteView text);
/// Lower-case hexadecimal, for people and logs.
std::string to_hex(ByteView bytes);

/// `invalid`, with the rule, when the text is not a store's name.
Result<StoreId> parse_store_id(std::string_view text);

// Topics of the product. A topic is text; applications add their own, `[a-z0-9][a-z0-9._-]{0,63}`.
inline constexpr std::string_view kTopicStock = "stock";
inline constexpr std::string_view kTopicCustomers = "customers";
inline constexpr std::string_view kTopicDebts = "debts";
/// What stores tell each other: of goods and stores, which every store takes; and of customers and
/// their money, which a store takes to act on it, and a replica with debts or customers alone.
inline constexpr std::string_view kTopicControl = "control";
inline constexpr std::string_view kTopicAccounts = "accounts";
/// In a fetch and its blocks: every topic of the log, under one position.
inline constexpr std::string_view kAllTopics = "*";

/// `control` or `accounts`: every publisher takes both, under one position, in the log's order.
bool is_notice_topic(std::string_view topic);
/// True for the names that application topics may not take.
bool is_reserved_topic(std::string_view topic);
Result<std::string> parse_topic(std::string_view text);

/// Where an event stands.
struct Position {
    StoreId store;
    Epoch epoch;
    Sequence seq;
    friend auto operator<=>(const Position&, const Position&) = default;
    friend bool operator==(const Position&, const Position&) = default;
};

/// "store1/1/4711".
std::string to_string(const Position& position);

}  // namespace filial::schema

template <class T, class Tag>
struct std::hash<filial::schema::Strong<T, Tag>> {
    std::size_t operator()(const filial::schema::Strong<T, Tag>& s) const {
        return std::hash<T>{}(s.value());
    }
};
