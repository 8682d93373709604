#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/clock.h"
#include "publisher/chores.h"
#include "publisher/clients.h"
#include "publisher/hand_over.h"
#include "publisher/intake.h"
#include "publisher/legs.h"
#include "publisher/outbox.h"

namespace filial::publisher {

/// Brings official operations on (publisher/chores.h), and a store that leaves to its end
/// (publisher/hand_over.h): asks the store's own replica where a
/// decision needs it and hands in tickets of its own, one at a time. Everything it goes by is in
/// the own log, so that a crash at any moment loses nothing and does nothing twice. Never waits: a
/// turn asks, or looks whether an answer came.
class Rounds {
  public:
    /// All must outlive it.
    Rounds(const schema::StoreId& self, const ledger::Inputs& policy, Clients& clients,
           Intake& intake)
        : self_(self), policy_(policy), clients_(clients), intake_(intake), hand_over_(self) {}

    /// The own log grew, or the replica read on: what could not be done may be possible now.
    void look_again() { wanted_ = true; }
    /// Once a turn. Fails as the journal does.
    schema::Result<void> turn(core::BootTime now, schema::Timestamp wall, const Outbox& outbox,
                              Legs& legs);

    /// What is not finished and why, a sentence each. `heard` says of a store when it was heard
    /// last: "store9, last heard 2 days ago".
    std::vector<std::string> waiting(
        const ledger::State& state,
        const std::function<std::string(const std::string& store)>& heard) const;

  private:
    schema::Result<void> begin(schema::Timestamp wall, const Outbox& outbox, Legs& legs);
    schema::Result<void> go_on_leaving(schema::Timestamp wall, const Outbox& outbox);
    schema::Result<void> decide(const Outbox& outbox, const schema::Answer& answer,
                                schema::Timestamp wall);
    schema::Result<void> hand_in(std::vector<schema::Operation> operations, ledger::Inputs inputs);
    schema::Result<void> answered(const schema::Message& message);
    void put_off(const schema::Error& why);

    enum class Doing { nothing, asking, deciding };

    const schema::StoreId& self_;
    const ledger::Inputs& policy_;
    Clients& clients_;
    Intake& intake_;
    Doing doing_ = Doing::nothing;
    Chore chore_;  ///< In hand, unless nothing is; without a customer: leaving.
    HandOver hand_over_;
    std::vector<schema::Operation> operations_;  ///< Handed in last.
    bool wanted_ = true;                         ///< There is news since the last look.
    bool looking_ = false;
    core::BootTime now_;                           ///< Of this turn.
    core::BootTime looked_;                        ///< Began the last look.
    std::map<std::string, core::BootTime> tried_;  ///< By Chore::text: not again before.
    std::map<std::string, std::string> why_;       ///< By Chore::text: why it could not be done.
};

}  // namespace filial::publisher
