#pragma once

#include <deque>
#include <optional>

#include "core/clock.h"
#include "core/link/exchange.h"
#include "schema/messages.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// Retries of what is parked, one after the other, a step a turn: one begins by itself when the
/// program starts, since it may be a newer one; others are asked for by people. One thread.
class Unparking {
  public:
    /// Both must outlive it.
    Unparking(Replica& replica, const core::Clock& clock) : replica_(replica), clock_(clock) {}
    void attach(core::Exchange& exchange) { exchange_ = &exchange; }

    /// The answer follows by Exchange::reply when it is done. `not_allowed` from another machine,
    /// `invalid` for a waiver that names no key or gives no reason, `busy` above kUnparkingMax.
    schema::Result<void> begin(const core::Requester& from, const schema::Unpark& asked);
    /// Once a turn. Fails where the replica cannot be read or written; `no_space`: it is tried
    /// again.
    schema::Result<void> turn();

  private:
    struct Job {
        std::optional<core::Requester> from;  ///< Nobody: by itself.
        schema::Unpark asked;
        bool begun = false;
    };
    void done(const Job& job);
    void refuse(const Job& job, const schema::Error& error);

    Replica& replica_;
    const core::Clock& clock_;
    core::Exchange* exchange_ = nullptr;
    std::deque<Job> jobs_{Job{}};
};

/// Retries that wait: each is a walk through all that is parked.
constexpr std::size_t kUnparkingMax = 16;

}  // namespace filial::subscriber
