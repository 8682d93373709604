#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/pot.h"
#include "ledger/room.h"
#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/ids.h"
#include "schema/operation.h"
#include "schema/payloads.h"

/// What customers owe, as far as this store's own log moved it. Credit notes and payments are facts
/// of the store where they happen; a charge needs the store's own room, or is a fact that is
/// flagged. The customer's home books what happens elsewhere (S41, S42): it is told by a notice.
namespace filial::ledger {

/// What this store's own log added to what the customer owes.
schema::Result<schema::Money> own_debt(const State& state, std::string_view customer);

/// What this store may do with a customer's credit, by its own log.
struct CreditView {
    std::string home;  ///< Empty if the own log does not know it.
    bool is_home = false;
    bool holds = false;                ///< A grant is open here: moves change the own room.
    std::optional<std::int64_t> left;  ///< Cents that may be charged; nullopt: only facts.
    std::string why_not;               ///< For people, where `left` is nullopt.
    Pot pot;                           ///< At home.
    Room room;                         ///< Elsewhere.
};

/// `hint`: the home that whoever hands in the operation was shown. It counts where the own log
/// knows none, or only which one it was told of before and holds nothing of now.
schema::Result<CreditView> credit_view(const State& state, const Setting& setting,
                                       std::string_view customer, std::string_view hint = {});

/// One move: `debt.moved`, and `debt.told` for the customer's home where that is another store that
/// is known. Sets kFlagUnknownKey where the own log does not know the customer, kFlagNoRoom with
/// `beyond` where the debt grows by more than the own room, kFlagAfterClose at home. Refuses
/// nothing but `overflow`, a sum that would leave 64 bits.
schema::Result<std::vector<schema::Event>> debt_moved(const State& state, const Setting& setting,
                                                      schema::Timestamp at,
                                                      std::string_view customer,
                                                      schema::DebtMoved move,
                                                      std::string_view hint = {});

/// charge, credit-note, pay, limit. `refused` for a limit of a customer whose home, by the own
/// log, is another store, and, where the policy says so, for a charge beyond the own room.
schema::Result<std::vector<schema::Event>> decide_debt(const State& state, const Setting& setting,
                                                       const schema::Operation& operation);

/// Adds the move to the store's contribution and to its document. Gives the event's flags.
schema::Result<std::uint64_t> apply_debt_moved(State& state, const schema::LoggedEvent& logged);

/// A limit of a customer whose home this store is. Gives the event's flags.
schema::Result<std::uint64_t> apply_limit_set(State& state, const schema::Event& event);

}  // namespace filial::ledger
