#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/limits.h"
#include "schema/operation.h"

namespace filial::schema {

/// 1 to kOperationsMax operations, decided and appended all or nothing. A client counts its tickets
/// from 1 upwards; the same number again is answered as the first time.
struct Ticket {
    std::uint64_t request = 0;  ///< Echoed in the answer; the caller's own.
    ClientId client{};
    std::uint64_t number = 0;
    Bytes note;  ///< At most kNoteBytesMax; kept with the client's highest number.
    std::vector<Operation> operations;
    /// What a lost log had of a till's ticket, booked again under the till's own number: should the
    /// till hand it in again, it is answered as this was, whatever the content.
    bool reissued = false;
    friend bool operator==(const Ticket&, const Ticket&) = default;
};

/// The ticket stands in the store's log, after an fsync, at these positions.
struct Accepted {
    std::uint64_t request = 0;
    Epoch epoch;
    Sequence first;
    Sequence last;
    std::uint64_t flags = 0;  ///< Flag bits of all its events.
    bool repeated = false;    ///< It had been accepted before.
    friend bool operator==(const Accepted&, const Accepted&) = default;
};

/// Nothing of the ticket was booked. `index` is the operation (from 0) that could not be; one that
/// concerns the whole ticket has kWholeTicket.
struct TicketRefused {
    std::uint64_t request = 0;
    std::uint64_t index = 0;
    Errc code = Errc::refused;
    std::string reason;
    friend bool operator==(const TicketRefused&, const TicketRefused&) = default;
};
constexpr std::uint64_t kWholeTicket = kArrayElementsMax;

/// Nothing was taken; the same ticket may come again after `retry_ms`. Later tickets of the client
/// are answered the same until this one came, so that its numbers stay in order.
struct Busy {
    std::uint64_t request = 0;
    std::uint64_t retry_ms = 0;
    std::string reason;
    friend bool operator==(const Busy&, const Busy&) = default;
};

/// What does the store know of this client?
struct ClientAsk {
    std::uint64_t request = 0;
    ClientId client{};
    friend bool operator==(const ClientAsk&, const ClientAsk&) = default;
};
struct ClientState {
    std::uint64_t request = 0;
    std::uint64_t highest = 0;  ///< Highest accepted ticket number; 0 for none.
    Bytes note;                 ///< That came with it.
    friend bool operator==(const ClientState&, const ClientState&) = default;
};

}  // namespace filial::schema
