#pragma once

#include <string>
#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/event.h"
#include "schema/operation.h"

/// How a store ends. One that leaves in order says so, gives back what it holds and hands its
/// customers over, says that this is done, and is retired by head office then. One that is lost is
/// retired as a fact: what it held is unaccounted until it is told again or given up.
namespace filial::ledger {

/// leave, left, retire-store, tail-told. `refused` says who has to say it instead, or what has to
/// come first.
schema::Result<std::vector<schema::Event>> decide_life(const State& state, const Setting& setting,
                                                       const schema::Operation& operation);

/// What this store's own log says of its own leaving.
struct Leaving {
    std::string heir;   ///< Who goes on with its customers; empty: it does not leave.
    bool done = false;  ///< It said that all is handed over.
};
schema::Result<Leaving> leaving(const State& state);

/// An own store.leaving or store.left.
schema::Result<void> apply_leaving(State& state, const schema::Event& event);

bool is_leaving_kind(std::string_view kind);

}  // namespace filial::ledger
