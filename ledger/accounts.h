#pragma once

#include <string_view>
#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/grant_payloads.h"
#include "schema/operation.h"

/// Official operations on a customer's account (S44, N3), by one mechanism, the round: home fences
/// every open grant; each holder, and nobody else could charge, closes its own in its own log, so
/// that its answer proves that all it charged before has come; then home decides. Until the verdict
/// nothing is granted and home itself charges nothing. Rounds only grow, an answer counts for its
/// own round, and a lost epoch of a holder has to be told again or written off first.
namespace filial::ledger {

/// close-account, move-home, merge (each asks the customer's home where that is another store),
/// round-verdict, round-cancel, reopen-account, block-customer, unblock-customer. `refused` says
/// whom a round waits for, or who has to be asked instead; `stale` where the balance handed in does
/// not cover every answer.
schema::Result<std::vector<schema::Event>> decide_account(const State& state,
                                                          const Setting& setting,
                                                          const schema::Operation& operation);

/// The own events that take round.asked and account.handed; none for another kind.
schema::Result<std::vector<schema::Event>> take_account(const State& state, const Setting& setting,
                                                        const schema::Position& origin,
                                                        const schema::Event& notice,
                                                        const schema::AccountStep& step,
                                                        schema::Timestamp at);

/// Any round.* or account.* step of the own log. Gives the event's flags.
schema::Result<std::uint64_t> apply_account(State& state, const schema::LoggedEvent& logged);

bool is_account_kind(std::string_view kind);

}  // namespace filial::ledger
