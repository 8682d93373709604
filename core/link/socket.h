#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/link/allow_list.h"
#include "core/link/keys.h"
#include "core/link/transport.h"
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

/// A ROUTER: many dial in. tcp always has CURVE; ipc is for programs of this machine, kept apart by
/// the folder's rights (0700).
class Port : public Listener {
  public:
    /// `endpoint` tcp://... or ipc://.... `keys` are needed for tcp. `invalid` for a bad or used
    /// endpoint, with what to change. Port 0 or * picks one: see `endpoint`.
    /// ipc: `locked` if another process serves that file; one left by a dead process is replaced;
    /// a missing folder is made (0700).
    static schema::Result<std::unique_ptr<Port>> bind(Network& network, const std::string& endpoint,
                                                      const Keys* keys);
    /// On return the endpoint is free again.
    ~Port() override;

    /// A message without an admitted user on tcp is dropped and counted.
    schema::Result<std::optional<Incoming>> receive() override;
    schema::Result<bool> send(const schema::Bytes& route, schema::ByteView bytes) override;
    QuietOf quiet_of(const Incoming& incoming) const override;
    RoundTripOf round_trip_of(const Incoming& incoming) const override;
    const std::string& endpoint() const override;
    bool local() const override;  ///< ipc
    std::uint64_t strangers() const override;
    struct Inside;
    Inside& inside() { return *inside_; }

  private:
    explicit Port(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

/// A DEALER: one connection out, tried again with back-off and jitter: from 250 ms up to 60 s, on
/// this machine (ipc, loopback) up to 2 s.
class Dial : public Caller {
  public:
    /// Begins to connect, unless it begins down, and returns at once. `server_key` (Z85) and `keys`
    /// are needed for tcp.
    static schema::Result<std::unique_ptr<Dial>> open(Network& network, const std::string& endpoint,
                                                      const std::string& server_key,
                                                      const Keys* keys, bool down = false);
    ~Dial() override;

    schema::Result<std::optional<schema::Bytes>> receive() override;
    schema::Result<bool> send(schema::ByteView bytes) override;
    bool connected() override;
    std::uint64_t connections() override;
    std::int64_t next_try_us() override;
    std::optional<schema::Error> trouble() override;
    std::optional<std::int64_t> quiet_us() const override;
    std::optional<std::int64_t> round_trip_us() const override;
    /// Over tcp: the kernel's count of bytes, sent again ones too, and 40 for each segment's head.
    std::optional<Carried> carried() override;
    void hang_up() override;
    void stay_down(bool down) override;
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

/// Ports, dials and a poller of this network, for an Exchange. Both must outlive it; `keys` may be
/// null where nothing is of tcp.
std::unique_ptr<Transport> make_transport(Network& network, const Keys* keys);

}  // namespace filial::core
