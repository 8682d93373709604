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
    /// `allow` decides; it must outlive the network; may be null in a process that only dials.
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
    schema::Bytes bytes;
};

/// A ROUTER: many dial in. tcp always has CURVE; ipc is for programs of this machine, kept apart by
/// the folder's rights (0700).
class Port {
  public:
    /// `endpoint` tcp://... or ipc://.... `keys` are needed for tcp. `invalid` for a bad or used
    /// endpoint, with what to change. Port 0 or * picks one: see `endpoint`.
    static schema::Result<std::unique_ptr<Port>> bind(Network& network, const std::string& endpoint,
                                                      const Keys* keys);
    ~Port();

    /// The next message; nullopt if none waits. A message without an admitted user on tcp is
    /// dropped and counted.
    schema::Result<std::optional<Incoming>> receive();
    /// False: the route is gone, or full. Never blocks and never drops silently.
    schema::Result<bool> send(const schema::Bytes& route, schema::ByteView bytes);

    const std::string& endpoint() const;  ///< As bound.
    bool local() const;                   ///< ipc
    std::uint64_t strangers() const;      ///< Messages dropped for want of a user.
    struct Inside;
    Inside& inside() { return *inside_; }

  private:
    explicit Port(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

/// A DEALER: one connection out, tried again for ever with back-off (250 ms to 60 s, jitter).
class Dial {
  public:
    /// Begins to connect and returns at once. `server_key` (Z85) and `keys` are needed for tcp.
    static schema::Result<std::unique_ptr<Dial>> open(Network& network, const std::string& endpoint,
                                                      const std::string& server_key,
                                                      const Keys* keys);
    ~Dial();

    schema::Result<std::optional<schema::Bytes>> receive();
    /// False: not connected, or the line is full; the message was not taken.
    schema::Result<bool> send(schema::ByteView bytes);
    /// Whether the transport and its handshake stand at this moment.
    bool connected();
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

    /// Returns when something can be read or `at_most` has passed; runs the ZAP handler meanwhile.
    /// A signal ends the wait early and is not an error. Fails with `io`.
    schema::Result<void> wait(std::chrono::milliseconds at_most);

  private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace filial::core
