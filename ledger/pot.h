#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/lives.h"
#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/grant_payloads.h"

/// What a store that owns a limit, or goods, knows of it from its own log: how much is granted to
/// whom and how much is left. One record for each customer whose home this store is, and for each
/// SKU of which it reserved something for others. Amounts are cents, or thousandths.
///
///     reserve = limit - own debt - debt booked for others - what is out       (credit)
///     reserve = on hand          - claims not shipped yet - what is out       (stock)
namespace filial::ledger {

/// What one (store, epoch) holds, as far as it was told here. A share that is there, be it of 0,
/// may be charged by its holder.
struct Share {
    std::string store;
    schema::Epoch epoch;
    std::int64_t out = 0;       ///< Given, and neither spent nor handed back.
    schema::Sequence given;     ///< Own event that gave the last part of it.
    std::uint64_t recalls = 0;  ///< Recalls of the whole grant that are not answered yet.
    schema::Sequence recalled;  ///< Own event of the last one.
};

/// A store and an amount: a request that waits for a person, or a claim that is not shipped.
struct Amount {
    std::string store;
    std::int64_t amount = 0;
};

/// Numbers of the own state.
enum class Standing : std::uint8_t {
    open = 0,
    fenced = 1,  ///< A round is under way: nothing is granted or charged.
    closed = 2,
    moved = 3,  ///< Another store or customer goes on with it.
};

struct Pot {
    /// The own log says that this store is home. Else it only keeps what it was told by mistake,
    /// or before an account came that is handed over to it.
    bool known = false;
    Standing standing = Standing::open;
    bool blocked = false;
    bool review = false;       ///< Something moved after it was closed.
    std::int64_t limit = 0;    ///< Credit only.
    std::int64_t booked = 0;   ///< Debt that others told; or claims that are not shipped.
    std::uint64_t rounds = 0;  ///< Number of the last one.
    schema::RoundFor purpose = schema::RoundFor::none;  ///< Of the last one.
    std::string peer;                                   ///< Of the last one: the other store.
    std::string into;                                   ///< Of the last one: who goes on.
    std::vector<schema::Position> acks;                 ///< Answers in the last round.
    std::vector<Share> shares;
    std::vector<Amount> requests;
    std::vector<Amount> claims;
    std::vector<std::string> merged;  ///< Customers merged into him, here or at a home before.
    bool unnamed = false;  ///< Moved here, and his own record does not name this home yet.
    /// The newest event of each store that is in `booked`, here or at a home before: a balance that
    /// is read for a verdict must not be older.
    std::vector<schema::Position> told;

    void note_told(const schema::Position& position);
    /// The share of exactly this epoch; nullptr if there is none.
    const Share* share(std::string_view store, schema::Epoch epoch) const;
    Share& change(std::string_view store, schema::Epoch epoch);
    void drop(std::string_view store, schema::Epoch epoch);
};

/// Without what lost epochs held once they told it again.
schema::Result<Pot> read_pot(const State& state, schema::GrantOf of, std::string_view id);
/// Whether there is one, without reading it: most goods have none.
bool has_pot(const State& state, schema::GrantOf of, std::string_view id);
schema::Result<void> write_pot(State& state, schema::GrantOf of, std::string_view id,
                               const Pot& pot);

/// What is not granted, owed or claimed; below zero where more is than there is. What lost epochs
/// held, and did not tell again, is unaccounted and not in it.
schema::Result<std::int64_t> reserve(const State& state, schema::GrantOf of, std::string_view id,
                                     const Pot& pot, const Rules& rules = {});

/// Whom a round of this pot waits for.
struct Awaited {
    std::string store;
    schema::Epoch epoch;
    std::int64_t out = 0;
    bool lost = false;  ///< This epoch is over: its events have to be told again or written off.
};
schema::Result<std::vector<Awaited>> awaited(const State& state, const Pot& pot);
/// "store9, and what store3 lost with its epoch 1 (12.00)".
std::string names_of(const std::vector<Awaited>& awaited, schema::GrantOf of);

/// Customers of this home with a round under way, a closed account to be reviewed, or a record that
/// names another home.
schema::Result<std::vector<std::string>> unfinished(const State& state);

/// As printed: money or a quantity.
std::string amount_text(schema::GrantOf of, std::int64_t amount);
/// Their sum; `overflow` when it leaves 64 bits.
schema::Result<std::int64_t> sum_of(std::initializer_list<std::int64_t> amounts);
/// Minus the amount; `overflow` for the one that has no opposite.
schema::Result<std::int64_t> minus(std::int64_t amount);

}  // namespace filial::ledger
