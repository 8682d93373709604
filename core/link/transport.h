#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/options.h"
#include "schema/bytes.h"
#include "schema/result.h"

/// What the lines of a process stand on, whatever carries the messages: ZeroMQ in the programs
/// (socket.h), a simulated network where one seed decides what is lost (test/sim). All of it is for
/// the one thread of the loop.
namespace filial::core {

/// One message that came to a listener.
struct Incoming {
    schema::Bytes route;  ///< To answer: valid until the connection ends. Not an identity.
    std::string user;     ///< The admitted store whose key opened the connection; "" on ipc.
    std::string address;  ///< Where from, for people.
    int socket = -1;      ///< The library's, for `quiet_of`; -1 where there is none.
    schema::Bytes bytes;
};

/// How long no byte has come over one connection, in microseconds; nullopt where that is not known.
using QuietOf = std::function<std::optional<std::int64_t>()>;
/// How long a packet takes there and back over one connection, as the transport measures it, in
/// microseconds; nullopt where it does not.
using RoundTripOf = std::function<std::optional<std::int64_t>()>;

/// What a line has carried, as far as the transport knows.
struct Carried {
    std::uint64_t in = 0;
    std::uint64_t out = 0;
};

/// Many call here.
class Listener {
  public:
    virtual ~Listener() = default;
    /// The next message; nullopt if none waits. Every message has an admitted user, or is local.
    virtual schema::Result<std::optional<Incoming>> receive() = 0;
    /// False: the route is gone, or full. Never blocks and never drops silently. `too_large` above
    /// kMessageBytesMax.
    virtual schema::Result<bool> send(const schema::Bytes& route, schema::ByteView bytes) = 0;
    /// Of the connection over which that came.
    virtual QuietOf quiet_of(const Incoming& incoming) const = 0;
    virtual RoundTripOf round_trip_of(const Incoming&) const { return {}; }
    virtual const std::string& endpoint() const = 0;  ///< As bound.
    virtual bool local() const = 0;                   ///< Reached by this machine's programs only.
    virtual std::uint64_t strangers() const = 0;      ///< Messages dropped for want of a user, or
                                                      ///< whose store has another key by now.
};

/// One connection out, tried again for ever. A new connection knows nothing of the last one:
/// messages that were on their way are lost, and the other end sees another route.
class Caller {
  public:
    virtual ~Caller() = default;
    virtual schema::Result<std::optional<schema::Bytes>> receive() = 0;
    /// False: not connected, as this end knows it now, or the line is full; the message was not
    /// taken. `too_large` above kMessageBytesMax.
    virtual schema::Result<bool> send(schema::ByteView bytes) = 0;
    /// Whether the transport and its handshake stand at this moment.
    virtual bool connected() = 0;
    /// How many connections have come about; another number than last time: a new one, so greet.
    virtual std::uint64_t connections() = 0;
    /// Until the next attempt to connect, in microseconds; 0 while one is made, -1 when connected.
    virtual std::int64_t next_try_us() = 0;
    /// Why there is no connection, for people; empty when there is one. `not_allowed`: the other
    /// end refuses our key; `unreachable` else.
    virtual std::optional<schema::Error> trouble() = 0;
    /// How long no byte has come over the connection; nullopt where that is not known: there is
    /// none, or it is of this machine.
    virtual std::optional<std::int64_t> quiet_us() const = 0;
    /// As RoundTripOf.
    virtual std::optional<std::int64_t> round_trip_us() const { return std::nullopt; }
    /// Bytes of all connections so far, with what the transport puts around messages; nullopt where
    /// it does not know. What moved since the last question is lost when a connection ends.
    virtual std::optional<Carried> carried() { return std::nullopt; }
    /// Gives the connection up, over which nothing comes any more; the next attempt follows after
    /// the usual pause.
    virtual void hang_up() = 0;
    /// Down: gives the connection up, and makes no other until told so: not a packet leaves.
    virtual void stay_down(bool down) = 0;
};

/// Makes the ends, and waits for them.
class Transport {
  public:
    virtual ~Transport() = default;
    virtual schema::Result<std::unique_ptr<Listener>> listen(const std::string& endpoint) = 0;
    /// One that is not up by itself all the time begins down.
    virtual schema::Result<std::unique_ptr<Caller>> dial(const Remote& remote) = 0;
    /// Watches a plain file descriptor (a signal pipe) as well.
    virtual void watch_fd(int fd) = 0;
    /// Returns when something can be read, a connection came or went, there is room again, or
    /// `at_most` has passed. A signal ends the wait early and is not an error. Fails with `io`.
    virtual schema::Result<void> wait(std::chrono::milliseconds at_most) = 0;
};

}  // namespace filial::core
