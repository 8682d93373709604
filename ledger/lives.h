#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger/state.h"
#include "schema/event.h"
#include "schema/ids.h"

/// What the own log knows of other stores' epochs: which one lives, which lost ones told again what
/// they held, which store will not come back. Most stores live in their first epoch and are not
/// kept here at all.
namespace filial::ledger {

struct Life {
    schema::Epoch epoch{1};  ///< The newest one that was heard of.
    schema::Epoch told;      ///< What was lost of the epochs up to here is booked again; 0: none.
    bool retired = false;
    bool left = false;  ///< It handed over what it held.
};

class Lives {
  public:
    static schema::Result<Lives> read(const State& state);
    void write(State& state) const;

    Life of(const std::string& store) const;
    Life& change(const std::string& store) { return lives_[store]; }

    /// Nobody can spend this store's room of this epoch any more.
    bool over(const std::string& store, schema::Epoch epoch) const;
    /// And all that it spent unseen has been told again.
    bool told(const std::string& store, schema::Epoch epoch) const;
    /// Stores that will not come back.
    std::vector<std::string> retired() const;

  private:
    std::map<std::string, Life> lives_;
};

/// Whether every store takes this event although it is addressed to nobody: a new epoch, the end of
/// what a lost one held, a store that has handed all over or is no more.
bool is_for_everybody(const schema::Event& event, schema::Epoch epoch);

/// An own `notice.taken` or `store.retired`, as far as it speaks of a store's life.
schema::Result<void> apply_life(State& state, std::string_view kind, const schema::Position& cause,
                                const std::string& key);

}  // namespace filial::ledger
