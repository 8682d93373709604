#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/payloads.h"

/// The payloads of grants, claims, debts told to a customer's home, and official rounds. What is
/// keyed by a customer travels in topic accounts, the rest in control. Wire order is the order of
/// the members; append only.
namespace filial::schema {

// Grants, keyed by customer (credit) or SKU (reserved stock).
inline constexpr std::string_view kGrantGiven = "grant.given";        ///< home, to the holder
inline constexpr std::string_view kGrantTaken = "grant.taken";        ///< holder, took `given`
inline constexpr std::string_view kGrantAsked = "grant.asked";        ///< holder, to home
inline constexpr std::string_view kGrantQueued = "grant.queued";      ///< home, took `asked`: waits
inline constexpr std::string_view kGrantRefused = "grant.refused";    ///< home, to the asker
inline constexpr std::string_view kGrantNoted = "grant.noted";        ///< asker, took `refused`
inline constexpr std::string_view kGrantRecalled = "grant.recalled";  ///< home, to the holder
inline constexpr std::string_view kGrantReturned = "grant.returned";  ///< holder, to home
inline constexpr std::string_view kGrantClosed = "grant.closed";      ///< holder, to home
inline constexpr std::string_view kGrantBooked = "grant.booked";      ///< home, took those two
inline constexpr std::string_view kGrantWrittenOff = "grant.written_off";  ///< home
// Sales from another place's reserved stock, keyed by SKU.
inline constexpr std::string_view kClaimMade = "claim.made";        ///< holder, to the place
inline constexpr std::string_view kClaimBooked = "claim.booked";    ///< the place, took `made`
inline constexpr std::string_view kClaimShipped = "claim.shipped";  ///< the place, to the holder
inline constexpr std::string_view kClaimSettled = "claim.settled";  ///< holder, took `shipped`
// Debts, keyed by customer.
inline constexpr std::string_view kDebtTold = "debt.told";        ///< to the customer's home
inline constexpr std::string_view kDebtApplied = "debt.applied";  ///< home, took `told`
// Accounts, keyed by customer.
inline constexpr std::string_view kRoundOpened = "round.opened";  ///< home: every grant is fenced
inline constexpr std::string_view kRoundCancelled = "round.cancelled";  ///< home
inline constexpr std::string_view kRoundRefused = "round.refused";      ///< home's verdict: no
inline constexpr std::string_view kAccountClosed = "account.closed";    ///< home's verdict: closed
inline constexpr std::string_view kAccountReopened = "account.reopened";
inline constexpr std::string_view kAccountBlocked = "account.blocked";
inline constexpr std::string_view kAccountUnblocked = "account.unblocked";
inline constexpr std::string_view kAccountHanded = "account.handed";  ///< old home, to the new one
inline constexpr std::string_view kAccountTaken =
    "account.taken_over";  ///< new home, took `handed`
inline constexpr std::string_view kRoundAsked =
    "round.asked";  ///< any store, to the customer's home
// Stores, keyed by store, addressed to nobody and taken by every store.
inline constexpr std::string_view kStoreRetired = "store.retired";  ///< by head office
inline constexpr std::string_view kStoreLeaving =
    "store.leaving";  ///< the store itself, to nobody: it hands over what it holds
inline constexpr std::string_view kStoreLeft = "store.left";  ///< and that is done
inline constexpr std::string_view kTailTold =
    "tail.told";  ///< a store's lost events are told again

/// What a grant is a part of. Numbers of the wire, append only.
enum class GrantOf : std::uint8_t {
    credit = 0,  ///< A customer's limit; amounts in cents.
    stock = 1,   ///< What a place has on hand; amounts in thousandths.
};

/// Any step of a grant or a claim.
struct GrantStep {
    GrantOf of = GrantOf::credit;
    std::string peer;         ///< The other store: the holder in home's log, and the reverse.
    Epoch epoch;              ///< The holder's.
    std::int64_t amount = 0;  ///< May be below zero where room that facts overdrew is handed back.
    std::uint64_t round = 0;  ///< Of the official operation that it belongs to; 0 for none.
    bool closes = false;      ///< The grant is, or has to be, closed: no charge but a fact.
    bool roomed = false;      ///< Claims: taken from the holder's own room.
    Position cause;           ///< The notice that this event took; empty store for none.
    std::string document;
    std::string reason;       ///< For people.
    std::uint64_t flags = 0;  ///< Flag bits of payloads.h.
    std::int64_t beyond = 0;  ///< What there was no room for, where flagged so.
    friend bool operator==(const GrantStep&, const GrantStep&) = default;
};

/// A move of debt at a store that is not the customer's home, as home has to book it.
struct DebtTold {
    std::string peer;     ///< Home in the teller's log, the teller in home's.
    Epoch epoch;          ///< The teller's.
    Money delta;          ///< As in the `debt.moved` of the same write.
    bool roomed = false;  ///< It moved the teller's own room; else it is home's reserve that moves.
    Position cause;       ///< `applied`, and `told` where a former home passes it on.
    std::string reason;
    std::string document;
    std::uint64_t flags = 0;
    Money beyond;  ///< What the teller had no room for.
    /// Where former homes passed it on: the event of the store that told it first. Left out of the
    /// bytes where nobody did.
    Position first{};
    friend bool operator==(const DebtTold&, const DebtTold&) = default;
};

/// What an official operation is for. Numbers of the wire, append only.
enum class RoundFor : std::uint8_t {
    none = 0,
    close = 1,  ///< The account, with nothing owed.
    move = 2,   ///< Another store becomes the customer's home.
    merge = 3,  ///< The customer is the same person as another one.
    block = 4,  ///< No charge, no grant; what was granted comes back.
};

/// Any step of an account: rounds, verdicts, blocks and handing over.
struct AccountStep {
    std::uint64_t round = 0;  ///< Counts up in the log of the customer's home.
    RoundFor purpose = RoundFor::none;
    std::string peer;            ///< New home, old home, or the store that asked.
    std::string into;            ///< The customer that goes on: moves and merges.
    Money limit;                 ///< Handed over.
    Money debt;                  ///< Handed over, or found at the verdict; in taken_over, where
                                 ///< he moved, without what the new home's own log says.
    std::vector<Position> acks;  ///< Each holder's `grant.closed`; handed over: also what was told.
    Position cause;              ///< The notice that this event took; empty store for none.
    std::string reason;          ///< For people.
    std::uint64_t flags = 0;
    /// Handed over: who was merged into him before. Left out of the bytes where it is nobody.
    std::vector<std::string> merged{};
    friend bool operator==(const AccountStep&, const AccountStep&) = default;
};

Bytes encode(const GrantStep&);
Bytes encode(const DebtTold&);
Bytes encode(const AccountStep&);

// Missing trailing fields read as their default; `corrupt` on damage and on an unknown number of
// GrantOf or RoundFor.
Result<GrantStep> decode_grant_step(Parser&, ByteView);
Result<DebtTold> decode_debt_told(Parser&, ByteView);
Result<AccountStep> decode_account_step(Parser&, ByteView);

}  // namespace filial::schema
