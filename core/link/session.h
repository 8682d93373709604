#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/link/host.h"
#include "core/link/receiver.h"
#include "core/link/sender.h"
#include "schema/messages.h"

namespace filial::core {

/// One conversation between two processes: greeting, liveness, and the Sender and Receiver that run
/// in it. Pure. Whoever dialled greets; both ends may send and receive logs. Every later message
/// carries the nonce that its receiver gave in its greeting, so that what was on the way in an
/// older session changes nothing.
class Session {
  public:
    /// `self.nonce` must be random and not 0.
    Session(schema::Hello self, bool dialled, bool local);

    /// The first message of whoever dialled.
    const schema::Hello& hello() const { return self_; }
    /// The called end: takes the greeting and gives the answer. `schema_too_new` if no protocol
    /// version is common, `not_allowed` if `user` (whom the key proved; empty on ipc) is not the
    /// store that it says.
    schema::Result<schema::Welcome> greet(const schema::Hello& hello, const std::string& user,
                                          schema::Timestamp wall, BootTime now);
    /// The calling end: takes the answer. `invalid` if it answers another hello, `not_allowed` if
    /// somebody else than `expected` answers, `schema_too_new` for another protocol version.
    schema::Result<void> welcomed(const schema::Welcome& welcome, const std::string& expected,
                                  schema::Timestamp wall, BootTime now);

    bool established() const { return peer_nonce_ != 0; }
    /// True for a message of this session.
    bool mine(std::uint64_t session) const { return session == self_.nonce; }
    /// What messages to the other end carry.
    std::uint64_t to_peer() const { return peer_nonce_; }
    const Peer& peer() const { return peer_; }

    void heard(BootTime now) { heard_ = now; }
    BootTime last_heard() const { return heard_; }
    /// Bytes came at that time, though no message of them may be whole yet.
    void bytes_came(BootTime at) { bytes_ = std::max(bytes_, at); }
    /// Not a byte for kSilenceMax: give the session up. However long one message takes to come over
    /// a slow line is no reason to.
    bool silent(BootTime now) const;
    /// A ping when it is time for one: nothing heard for kPingEvery, or the receiver waits.
    std::optional<schema::Ping> ping(BootTime now);
    void pong(std::uint64_t nonce);
    /// When the last ping that was answered was sent. What the other end sent before it got that
    /// ping is here: a message passes no other one.
    BootTime asked() const { return asked_; }

    Sender sender;
    Receiver receiver;

  private:
    void know(const schema::Hello& other, schema::Timestamp wall, BootTime now);

    schema::Hello self_;
    Peer peer_;
    std::uint64_t peer_nonce_ = 0;
    BootTime heard_;
    BootTime bytes_;
    BootTime pinged_;
    BootTime asked_;
    std::uint64_t pings_ = 0;
    std::map<std::uint64_t, BootTime> unanswered_;  ///< Pings: when each was sent.
};

}  // namespace filial::core
