#pragma once

#include "core/journal/journal.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// The own store's log as this replica has it: what a publisher whose journal is damaged gets back
/// where no broker has it. Only as far as it is here without a hole, with every topic; a replica
/// that leaves topics out, or began with a snapshot, has the beginning at most.
class OwnLogSource {
  public:
    /// `replica` must outlive it.
    explicit OwnLogSource(const Replica& replica) : replica_(replica) {}

    /// Anything of it is here, from its first event on as far as anybody knows.
    bool holds() const;
    /// The last event of any topic that is here; 0 where it holds nothing.
    schema::Sequence end() const;
    /// As Journal::read, of all topics together. `gap` where the event behind `after` is not here.
    schema::Result<schema::Range> read(const core::ReadRequest& request) const;

  private:
    schema::Sequence last() const;

    const Replica& replica_;
};

}  // namespace filial::subscriber
