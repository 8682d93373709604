#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/link/arrivals.h"
#include "core/link/session.h"
#include "core/link/socket.h"
#include "core/options.h"

namespace filial::core {

/// Greeting is tried again so often while nobody answers; doubles up to the longest, since at 2.4
/// kbit/s the answer that names all of a large company's stores takes half a minute.
constexpr std::int64_t kHelloWaitMin = kSecond / 4;
constexpr std::int64_t kHelloWaitMax = 64 * kSecond;
/// Who was answered, though with a refusal, has a line that is fast enough for this.
constexpr std::int64_t kHelloWaitRefused = 4 * kSecond;

/// A session and the transport under it: one route of a port, or one dialled connection. Messages
/// that the transport cannot take yet wait here, few and in order; while one waits, no block is
/// read for the line. One that is larger than any may be is dropped with an error in the log: it
/// can never be sent, and must not hold up the others.
class Line {
  public:
    /// Over a port: lives as long as the route answers.
    Line(Port& port, std::size_t port_index, schema::Bytes route);
    /// Dialled: lives for ever, with one session after the other.
    Line(std::unique_ptr<Dial> dial, Remote remote, std::string name);

    bool dialled() const { return dial_ != nullptr; }
    Dial* dial() { return dial_.get(); }
    const Remote& remote() const { return remote_; }
    const std::string& name() const { return name_; }
    const schema::Bytes& route() const { return route_; }
    std::size_t port_index() const { return port_index_; }
    bool local() const { return local_; }

    /// The session, if one stands.
    Session* session() { return session_.get(); }
    const Session* session() const { return session_.get(); }
    void begin(std::unique_ptr<Session> session);
    /// Ends the session; what waits for the transport is forgotten with it.
    void end();

    /// Queues a message behind those that wait and tries to send. False once the route is gone.
    bool send(const schema::Message& message);
    /// Tries again what waits.
    bool push();
    bool idle() const { return waiting_.empty(); }
    bool gone() const { return gone_; }

    /// As Dial::quiet_us, also for a route.
    std::optional<std::int64_t> quiet_us() const;

    std::uint64_t bytes_out = 0;
    Arrivals arrivals;                    ///< Of a route's connection.
    std::set<schema::StoreId> staged;     ///< Logs taken in this turn, to confirm after the flush.
    std::set<schema::StoreId> announced;  ///< Marks to send in this turn.
    BootTime began;                       ///< When the session was established.
    BootTime next_hello;                  ///< Dialled lines: when to greet (again).
    std::int64_t hello_wait_us = kHelloWaitMin;
    BootTime next_try;    ///< Dialled lines that are down: when the transport is tried again.
    std::string trouble;  ///< Why there is no session, for people.

  private:
    Port* port_ = nullptr;
    std::size_t port_index_ = 0;
    schema::Bytes route_;
    std::unique_ptr<Dial> dial_;
    Remote remote_;
    std::string name_;
    bool local_ = false;
    bool gone_ = false;
    std::unique_ptr<Session> session_;
    std::deque<schema::Bytes> waiting_;
};

}  // namespace filial::core
