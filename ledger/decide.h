#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/ids.h"
#include "schema/operation.h"
#include "schema/ticket.h"

/// The rules of one store: what an operation becomes, and what an own event does to the state.
/// Pure: the same state and input give the same events, on a till, in a replica and in the
/// simulator.
namespace filial::ledger {

/// The events of one operation, without operation ids; or `refused`, `overflow`, `invalid` with a
/// sentence that says what to do instead. Form is not checked here: schema::validate does that.
schema::Result<std::vector<schema::Event>> decide(const State& state, const Setting& setting,
                                                  const schema::Operation& operation);

/// The only way in which a state changes: by an event of the store's own log, in its order. Gives
/// the event's flags. Kinds that are not known change nothing. Fails with `corrupt` or `overflow`
/// for an event that `decide` cannot have made; the state is then half changed and of no use.
schema::Result<std::uint64_t> apply(State& state, const schema::LoggedEvent& logged);

/// What a ticket or a notice comes to, all of it or nothing.
struct Decision {
    std::vector<schema::LoggedEvent> events;  ///< At their places in the log, ids filled in.
    std::uint64_t flags = 0;                  ///< Of all of them.
    std::size_t bytes = 0;                    ///< Of their rows, at most.
    Changes changes;                          ///< For `write`, together with appending the events.
};

/// Which operation could not be, and why.
struct Refusal {
    std::uint64_t index = 0;  ///< From 0; schema::kWholeTicket where it is about all of it.
    schema::Error error;
};

/// Decides the operations in order, each seeing what the earlier ones did; the first event will
/// stand at `first`, in whose store and epoch is decided. `inputs` is what the log does not say:
/// the store's policy and balances for verdicts. Leaves `state` as it is. `too_large` for an event
/// above kEventBytesMax and for a ticket whose events do not fit into one commit.
tl::expected<Decision, Refusal> decide_ticket(const State& state, const schema::Position& first,
                                              const schema::ClientId& client, std::uint64_t number,
                                              std::span<const schema::Operation> operations,
                                              const Inputs& inputs = {});

/// The same for a notice of another store, see take_notice: no events if there is nothing to take.
/// `overflow` where its effect would leave 64 bits.
schema::Result<Decision> decide_notice(const State& state, const schema::Position& first,
                                       const schema::Position& origin, const schema::Event& notice,
                                       schema::Timestamp at, const Inputs& inputs = {});
/// The same for a notice that `decide_notice` fails on, see take_undecided.
schema::Result<Decision> decide_undecided(const State& state, const schema::Position& first,
                                          const schema::Position& origin,
                                          const schema::Event& notice, schema::Timestamp at);

}  // namespace filial::ledger
