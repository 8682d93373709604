#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/pot.h"
#include "ledger/room.h"
#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/grant_payloads.h"
#include "schema/operation.h"

/// Parts of a limit, or of the goods on hand, that their home gives to other stores (N1, N2). Home
/// gives from its reserve alone; the holder spends its room alone; nothing expires by a clock. At
/// every causally closed set of prefixes of the logs
///
///     owed + room of each (holder, epoch) + on its way + unaccounted + reserve = limit
///
/// A new epoch of a holder starts with no room: what the old one held is unaccounted at home until
/// its lost events are told again (tail-told) or a person gives them up (write-off).
namespace filial::ledger {

/// One step: of a customer's credit in topic accounts; of goods, claims and stores in control.
schema::Event grant_event(std::string_view kind, schema::Timestamp at, std::string_view id,
                          std::string_view addressee, const schema::GrantStep& step);

/// grant, grant-return, grant-recall, grant-ask, grant-write-off, grant-refuse and the same of
/// reserved stock.
schema::Result<std::vector<schema::Event>> decide_grant(const State& state, const Setting& setting,
                                                        const schema::Operation& operation);

/// Asks every holder for what it has not spent, up to `missing` each; the whole and the grant
/// itself where `missing` is 0. What comes back is more than is missing or all there is.
schema::Result<std::vector<schema::Event>> recall_shares(const State& state, schema::Timestamp at,
                                                         schema::GrantOf of, std::string_view id,
                                                         const Pot& pot, std::int64_t missing,
                                                         const std::string& reason,
                                                         std::uint64_t round = 0);

/// The holder's own request, where the policy has one: `left` remains after `just_used` is booked.
schema::Result<std::vector<schema::Event>> top_up(const State& state, const Setting& setting,
                                                  schema::Timestamp at, schema::GrantOf of,
                                                  std::string_view id, const Room& room,
                                                  std::int64_t left, std::int64_t just_used);

/// Why home gives no part of it; empty if it does.
std::string why_no_grant(const Pot& pot, const Lives& lives, std::string_view holder);

/// The own events that take a notice about a grant, each kind exactly one; empty where it fits
/// nothing here. `notice` was read as `step`.
schema::Result<std::vector<schema::Event>> take_grant(const State& state, const Setting& setting,
                                                      const schema::Position& origin,
                                                      const schema::Event& notice,
                                                      const schema::GrantStep& step,
                                                      schema::Timestamp at);

/// Any grant.* step of the own log. Gives the event's flags.
schema::Result<std::uint64_t> apply_grant(State& state, const schema::LoggedEvent& logged);

bool is_grant_kind(std::string_view kind);

}  // namespace filial::ledger
