#pragma once

#include <optional>
#include <string>

#include "subscriber/applier.h"
#include "subscriber/parked_keys.h"

namespace filial::subscriber {

/// Which parked events are meant: all that the names do not leave out.
struct ParkedScope {
    std::string store;
    std::string topic;  ///< Only with a store.
    std::string key;    ///< Only with a topic.
};

/// What a retry came to.
struct ParkedOutcome {
    std::uint64_t applied = 0;
    std::uint64_t waived = 0;
    std::uint64_t left = 0;  ///< Events in the scope that are still parked.
    friend bool operator==(const ParkedOutcome&, const ParkedOutcome&) = default;
};

/// One walk through the parked events in the order of their logs: each is applied by the rules of
/// this program, unless an earlier one of its key could not be. With a waiver what cannot be
/// applied is given up and what stands behind it is applied. In steps that bound the time and the
/// memory of each; what a step does is one write, so that an event is applied once, whenever the
/// process ends; what comes meanwhile parks behind what is parked of its key, and is reached too.
class ParkedRetry {
  public:
    explicit ParkedRetry(ParkedScope scope, std::optional<Waiver> waiver = {});

    /// Goes on through about `bytes` of events, staged: whoever calls it flushes before the next
    /// step. False when it is at the end. Fails with what the database says.
    schema::Result<bool> step(const ReplicaStore& store, Applier& applier, ParkedKeys& parked,
                              std::size_t bytes);

    const ParkedOutcome& outcome() const { return outcome_; }

  private:
    schema::Result<void> begin(const ParkedKeys& parked);
    schema::Result<void> retry(const ParkedKeys::Place& place, ParkedEvent event, Applier& applier,
                               ParkedKeys& parked);

    ParkedScope scope_;
    std::optional<Waiver> waiver_;
    std::uint64_t number_;  ///< Of this retry: drawn, so that no other one has it.
    schema::Bytes prefix_;
    schema::Bytes above_;  ///< Gone through up to here.
    bool begun_ = false;
    ParkedOutcome outcome_;
};

}  // namespace filial::subscriber
