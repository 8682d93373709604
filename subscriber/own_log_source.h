#pragma once

#include <map>
#include <string>

#include "core/journal/journal.h"
#include "schema/hash.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// The own store's log as this replica has it: what a publisher whose journal is damaged gets back
/// where no broker has it. What a disk or memory changed here is not given: events come to the
/// chain heads that their publisher sent with them, or are the last ones, without such a head. Only
/// as far as it is here without a hole, with every topic; a replica that leaves topics out, or
/// began with a snapshot, has the beginning at most.
class OwnLogSource {
  public:
    /// `replica` must outlive it.
    explicit OwnLogSource(const Replica& replica) : replica_(replica) {}

    /// Anything of it is here, from its first event on as far as anybody knows.
    bool holds() const;
    /// The last event of any topic that is here; 0 where it holds nothing.
    schema::Sequence end() const;
    /// As Journal::read, of all topics together, and whole tickets. `gap` where the event behind
    /// `after`, or a later one of its ticket, is not here, `corrupt` where what is here of it is
    /// not what came.
    schema::Result<schema::Range> read(const core::ReadRequest& request);

  private:
    /// The rows of a topic up to `through` come to `chain`, and that was sent with them.
    struct Proof {
        schema::Sequence through;
        schema::Hash chain{};
    };

    schema::Sequence last() const;
    /// Up to where, at most `upto`, nothing of the topic is here that its chain heads disprove.
    schema::Result<schema::Sequence> undamaged(const std::string& topic, schema::Sequence upto);

    const Replica& replica_;
    std::map<std::string, Proof> proofs_;  ///< By topic, of a reading that goes on at `next_`.
    schema::Sequence next_;
};

}  // namespace filial::subscriber
