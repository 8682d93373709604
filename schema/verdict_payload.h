#pragma once

#include <string>
#include <string_view>

#include "schema/bytes.h"
#include "schema/codec.h"
#include "schema/ids.h"
#include "schema/result.h"

/// What head office tells a store about its log. Wire order is the order of the members; append
/// only.
namespace filial::schema {

/// accounts, of an event of customers or debts; else control. Addressed to the store; key: that of
/// the event that was looked at.
inline constexpr std::string_view kStoreVerdict = "store.verdict";

/// A finding about one event of a store's log: payload of the event, and of the operation verdict.
struct StoreVerdict {
    Position cause;     ///< The event.
    std::string topic;  ///< Its topic.
    ClientId client{};  ///< With number and index: the operation that made it.
    std::uint64_t number = 0;
    std::uint64_t index = 0;
    std::string finding;  ///< "below-zero", "no-room", ...: see docs/operating.md.
    std::string text;     ///< For the store's people.
    friend bool operator==(const StoreVerdict&, const StoreVerdict&) = default;
};

Bytes encode(const StoreVerdict&);
/// Missing trailing fields read as their default; `corrupt` on damage.
Result<StoreVerdict> decode_store_verdict(Parser&, ByteView);

}  // namespace filial::schema
