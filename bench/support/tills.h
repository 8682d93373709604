#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/operation.h"
#include "schema/result.h"

namespace filial::bench {

/// What each of many clients will hand in, encoded already: making a till's message is the till's
/// work, not the publisher's.
struct TillPlan {
    std::vector<std::vector<schema::Bytes>> tickets;  ///< By client, in order; numbers from 1.
    std::size_t operations = 0;
};

/// Deals tickets to `clients` clients in turn; those about one customer or one transfer go to one
/// client, since its order matters. `name` tells the clients of two plans apart.
TillPlan deal(const std::vector<std::vector<schema::Operation>>& tickets, std::size_t clients,
              const std::string& name = "till");

/// How handing in went.
struct TillRun {
    double seconds = 0;    ///< From the first ticket sent to the last answer.
    double processor = 0;  ///< Seconds that the clients' own threads took of it.
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t busy = 0;              ///< "Busy" answers; the tickets came again.
    std::string refusal;                 ///< The first one's reason.
    std::vector<double> answer_seconds;  ///< From each ticket's sending to its answer.
};

/// Hands everything in at `endpoint` (ipc): every client over a connection of its own, with at most
/// `in_flight` tickets unanswered. The clock starts when all are connected.
schema::Result<TillRun> hand_in(const std::string& endpoint, const TillPlan& plan,
                                std::size_t in_flight);

}  // namespace filial::bench
