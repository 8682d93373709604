#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/link/pace.h"
#include "core/link/session.h"
#include "core/link/transport.h"
#include "core/options.h"

namespace filial::core {

/// Greeting is tried again so often while nobody answers; doubles up to the longest, since at 2.4
/// kbit/s the answer that names all of a large company's stores takes half a minute.
constexpr std::int64_t kHelloWaitMin = kSecond / 4;
constexpr std::int64_t kHelloWaitMax = 64 * kSecond;
/// But never sooner than so many round trips of the line: on a modem every greeting would be said
/// twice, and its marks and fetches with it.
constexpr std::int64_t kHelloTrips = 4;
/// Who was answered, though with a refusal, has a line that is fast enough for this.
constexpr std::int64_t kHelloWaitRefused = 4 * kSecond;

/// A session and the transport under it: one route of a port, or one dialled connection. Messages
/// that the transport cannot take yet wait here, few and in order; while one waits, no block is
/// read for the line. One that is larger than any may be is dropped with an error in the log: it
/// can never be sent, and must not hold up the others.
class Line {
  public:
    /// Over a port: lives as long as the route answers.
    Line(Listener& port, std::size_t port_index, schema::Bytes route);
    /// Dialled: lives for ever, with one session after the other.
    Line(std::unique_ptr<Caller> dial, Remote remote, std::string name);

    bool dialled() const { return dial_ != nullptr; }
    Caller* dial() { return dial_.get(); }
    const Remote& remote() const { return remote_; }
    const std::string& name() const { return name_; }
    /// A dialled line that is down is not dialled and has no session.
    bool up() const { return up_; }
    void raise(bool up) {
        up_ = up;
        if (dial_) dial_->stay_down(!up);
    }
    const schema::Bytes& route() const { return route_; }
    std::size_t port_index() const { return port_index_; }
    bool local() const { return local_; }

    /// The session, if one stands.
    Session* session() { return session_.get(); }
    const Session* session() const { return session_.get(); }
    void begin(std::unique_ptr<Session> session);
    /// Ends the session; what waits for the transport is forgotten with it.
    void end();

    /// Queues a message behind those that wait and tries to send. False once the route is gone. On
    /// a dear line messages of a turn go together, packed, at its end.
    bool send(const schema::Message& message);
    /// What was gathered in this turn goes.
    void end_turn();
    /// The session is one whose messages go together. The first ones build on these bytes, which
    /// both ends know; see schema::greeting_words.
    void gather(schema::Bytes said, schema::Bytes heard) {
        gathers_ = true;
        said_ = schema::StreamHistory(std::move(said));
        heard_ = schema::StreamHistory(std::move(heard));
    }
    /// Messages that came packed together, one encoding behind the other. Fails as
    /// schema::unpack_piece does.
    schema::Result<schema::Bytes> unpack(const schema::Several& several);

    /// Whether this end takes the line for slow, or paid by the byte: the configuration says so, or
    /// a packet takes kDearRoundTrip there and back.
    bool dear() const;
    /// Tries again what waits.
    bool push();
    bool idle() const { return waiting_.empty(); }
    /// What it has carried both ways: by the transport's count or, where it has none, of messages.
    Carried carried() const {
        const auto known = dial_ ? dial_->carried() : std::nullopt;
        return known.value_or(Carried{bytes_in, bytes_out});
    }
    /// Nothing of what was said waits at this end.
    bool all_gone() const { return waiting_.empty() && gathered_.empty() && staged.empty(); }
    bool gone() const { return gone_; }

    /// As Caller::quiet_us, also for a route.
    std::optional<std::int64_t> quiet_us() const;

    std::uint64_t bytes_out = 0;
    std::uint64_t bytes_in = 0;
    std::int64_t events_in = 0;
    std::int64_t events_out = 0;
    Pace pace_out;  ///< Dialled lines with a rate.
    Pace pace_in;
    Speed speed;                          ///< At which bytes come.
    std::uint64_t may_carry = 0;          ///< What in and out may come to in a call; 0: no limit.
    QuietOf quiet;                        ///< Of a route's connection.
    RoundTripOf round_trip;               ///< Of a route's connection.
    std::set<schema::StoreId> staged;     ///< Logs taken in this turn, to confirm after the flush.
    std::set<schema::StoreId> announced;  ///< Marks to send in this turn.
    std::optional<schema::SnapshotAsk> asked_piece;  ///< Of a snapshot, not given yet.
    std::size_t pieces_given = 0;   ///< Since the other end proved last that it reads them.
    std::uint64_t piece_proof = 0;  ///< What proves it now; 0: it is not asked to.
    /// On a dear line, marks of this session: where each log ended in its last one.
    std::map<schema::StoreId, schema::Sequence> told_ends;
    BootTime told_all;    ///< When all of them were sent.
    BootTime began;       ///< When the session was established.
    BootTime next_hello;  ///< Dialled lines: when to greet (again).
    std::int64_t hello_wait_us = kHelloWaitMin;
    std::uint64_t connection = 0;  ///< Dialled lines: the last one seen, by Caller::connections.
    bool greeted = false;          ///< Dialled lines: over that connection.
    /// Dialled lines: what was known of the logs that came in when the last session ended.
    struct {
        std::string peer;
        BootTime heard;
        std::map<schema::StoreId, Receiver::Flow> flows;
    } lost;
    BootTime next_try;    ///< Dialled lines that are down: when the transport is tried again.
    std::string trouble;  ///< Why there is no session, for people.

  private:
    Listener* port_ = nullptr;
    std::size_t port_index_ = 0;
    schema::Bytes route_;
    std::unique_ptr<Caller> dial_;
    Remote remote_;
    std::string name_;
    bool local_ = false;
    bool gone_ = false;
    bool up_ = true;
    std::unique_ptr<Session> session_;
    std::deque<schema::Bytes> waiting_;
    bool gathers_ = false;
    schema::Bytes gathered_;  ///< Messages of this turn, one behind the other.
    schema::StreamHistory said_;
    schema::StreamHistory heard_;
};

/// A line whose packets take so long there and back is a modem's, a satellite's or a bad phone
/// line's: few packets, small blocks.
constexpr std::int64_t kDearRoundTrip = 200 * kMillisecond;

}  // namespace filial::core
