#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/link/allow_list.h"
#include "core/link/keys.h"
#include "schema/bytes.h"
#include "schema/result.h"

/// ZeroMQ, and nothing of it outside of core/link: every socket option that keeps messages from
/// being lost silently is set here. One thread owns all sockets of a process.
namespace filial::core {

/// The library's context and the handler that lets keys in (ZAP, RFC 27). Must outlive all sockets.
class Network {
  public:
    /// Binds the ZAP handler before any socket can exist: without it CURVE lets everybody in.
    /// `allow` decides; it must outlive the network; may be null in a process that only dials
    /// (then nobody is let in).
    static schema::Result<std::unique_ptr<Network>> open(AllowList* allow);
    ~Network();
    struct Inside;
    Inside& inside() { return *inside_; }

  private:
    explicit Network(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

/// One message that came to a port.
struct Incoming {
    schema::Bytes route;  ///< To answer: valid until the connection ends. Not an identity.
    std::string user;     ///< The admitted store whose key opened the connection; "" on ipc.
    std::string address;  ///< Where from, for people.
    int socket = -1;      ///< The library's, for Arrivals; -1 where there is none.
    schema::Bytes bytes;
};

/// A ROUTER: many dial in. tcp always has CURVE; ipc is for programs of this machine, kept apart by
/// the folder's rights (0700).
class Port {
  public:
    /// `endpoint` tcp://... or ipc://.... `keys` are needed for tcp. `invalid` for a bad or used
    /// endpoint, with what to change. Port 0 or * picks one: see `endpoint`.
    /// ipc: `locked` if another process serves that file; one left by a dead process is replaced;
    /// a missing folder is made (0700).
    static schema::Result<std::unique_ptr<Port>> bind(Network& network, const std::string& endpoint,
                                                      const Keys* keys);
    /// On return the endpoint is free again.
    ~Port();

    /// The next message; nullopt if none waits. A message without an admitted user on tcp is
    /// dropped and counted.
    schema::Result<std::optional<Incoming>> receive();
    /// False: the route is gone, or full. Never blocks and never drops silently. `too_large` above
    /// kMessageBytesMax.
    schema::Result<bool> send(const schema::Bytes& route, schema::ByteView bytes);

    const std::string& endpoint() const;  ///< As bound.
    bool local() const;                   ///< ipc
    std::uint64_t strangers() const;      ///< Messages dropped for want of a user, or whose store
                                          ///< has another key by now.
    struct Inside;
    Inside& inside() { return *inside_; }

  private:
    explicit Port(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

/// A DEALER: one connection out, tried again for ever with back-off and jitter: from 250 ms up to
/// 60 s, on this machine (ipc, loopback) up to 2 s. A new connection knows nothing of the last one:
/// messages that were on their way are lost, and the other end sees another route.
class Dial {
  public:
    /// Begins to connect and returns at once. `server_key` (Z85) and `keys` are needed for tcp.
    static schema::Result<std::unique_ptr<Dial>> open(Network& network, const std::string& endpoint,
                                                      const std::string& server_key,
                                                      const Keys* keys);
    ~Dial();

    schema::Result<std::optional<schema::Bytes>> receive();
    /// False: not connected, as this dial knows it now, or the line is full; the message was not
    /// taken. `too_large` above kMessageBytesMax.
    schema::Result<bool> send(schema::ByteView bytes);
    /// Whether the transport and its handshake stand at this moment.
    bool connected();
    /// How many connections have come about; another number than last time: a new one, so greet.
    std::uint64_t connections();
    /// Until the next attempt to connect, in microseconds; 0 while one is made, -1 when connected.
    std::int64_t next_try_us();
    /// Why there is no connection, for people; empty when there is one. `not_allowed`: the other
    /// end refuses our key; `unreachable` else.
    std::optional<schema::Error> trouble();
    /// How long no byte has come over the connection; nullopt where that is not known: there is
    /// none, or it is of this machine.
    std::optional<std::int64_t> quiet_us() const;
    /// Gives the connection up, over which nothing comes any more; the next attempt follows after
    /// the usual pause.
    void hang_up();
    struct Inside;
    Inside& inside() { return *inside_; }

  private:
    explicit Dial(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

/// Waits for any of its sockets.
class Poller {
  public:
    explicit Poller(Network& network);
    ~Poller();
    void add(Port& port);
    void add(Dial& dial);
    void remove(Dial& dial);
    /// Watches a plain file descriptor (a signal or wake-up pipe) as well.
    void add_fd(int fd);

    /// Returns when something can be read, when a dial's connection came or went or an attempt to
    /// connect failed since the last wait (whoever noticed it first), when a dial whose `send` was
    /// false has room again, or when `at_most` has passed. Lets keys in, reads the allow list again
    /// when it changed, and keeps the dials trying meanwhile: without calls to `wait` nobody
    /// connects. A signal ends the wait early and is not an error. Fails with `io`.
    schema::Result<void> wait(std::chrono::milliseconds at_most);

  private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace filial::core
