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
    /// `self.nonce` must be random and not 0. `begun`: when a caller's hello goes out.
    Session(schema::Hello self, bool dialled, bool local, BootTime begun = {});

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
    /// One of the two ends says that the line is slow, or paid by the byte.
    bool dear() const { return ((self_.features | peer_.features) & schema::kFeatureDear) != 0; }
    /// Whether the other end takes messages packed together.
    bool takes_several() const { return (peer_.features & schema::kFeatureSeveral) != 0; }
    /// What this end's packed messages build on when the session begins, and those of the other
    /// one; empty unless both can.
    schema::Bytes words_said() const { return words(self_, peer_hello_); }
    schema::Bytes words_heard() const { return words(peer_hello_, self_); }

    void heard(BootTime now) { heard_ = now; }
    BootTime last_heard() const { return heard_; }
    /// Bytes came at that time, though no message of them may be whole yet.
    void bytes_came(BootTime at) { bytes_ = std::max(bytes_, at); }
    /// Not a byte for kSilenceMax, or kDearSilenceMax: give the session up. However long one
    /// message takes to come over a slow line is no reason to.
    bool silent(BootTime now) const;
    /// A ping when it is time for one: nothing heard for kPingEvery (kDearPingEvery), or its answer
    /// would tell something: the receiver waits, news comes, or it is not known how late messages
    /// are.
    std::optional<schema::Ping> ping(BootTime now);
    void pong(std::uint64_t nonce, BootTime now);
    /// What would be taken for younger than it is, if it stood in a queue that grows.
    void news_came() { news_ = true; }

    /// Something was sent that the other end should have.
    void said() { ++said_; }
    /// Whether the other end has all that was said: it answered a ping that was sent behind it.
    bool proved() const { return proved_ == said_; }
    /// Whether it has answered any ping: what it had to say when the session began is here.
    bool answered() const { return proved_ > 0; }
    /// Sends a ping with the next `ping`, unless one is on its way behind all that was said.
    void prove() { ping_now_ = ping_now_ || (!proved() && pinged_said_ != said_); }
    /// When the last ping that was answered was sent; before the first one, when the session was
    /// begun. What the other end sent before it got that ping is here: a message passes no other
    /// one.
    BootTime asked() const { return asked_; }

    /// This process stood still until `now`; it had read what there was at `read` the last time.
    /// What comes may have waited since then, in the kernel too: until a ping is answered.
    void stood_still(BootTime read, BootTime now);
    /// A time after which the message that is handled now was surely sent. `read`: when the queues
    /// were surely empty the last time. Close to `now` while both processes and the line between
    /// them run; else when the last ping left that was answered in time.
    BootTime sent_after(BootTime read, BootTime now);

    Sender sender;
    Receiver receiver;

  private:
    schema::Bytes words(const schema::Hello& speaker, const schema::Hello& hearer) const;
    void know(const schema::Hello& other, schema::Timestamp wall, BootTime now);
    bool in_doubt() const { return asked_ < doubt_until_; }
    void doubt(BootTime since, BootTime now);

    schema::Hello self_;
    schema::Hello peer_hello_;
    Peer peer_;
    std::uint64_t peer_nonce_ = 0;
    BootTime heard_;
    BootTime bytes_;
    BootTime pinged_;
    BootTime asked_;
    std::uint64_t pings_ = 0;
    bool news_ = false;      ///< Since the last ping.
    bool ping_now_ = false;  ///< However short ago the last one was.
    /// What came since `doubt_since_` may have waited long: until a ping is answered that was sent
    /// at `doubt_until_` or later.
    BootTime doubt_since_;
    BootTime doubt_until_;
    struct Sent {
        BootTime at;
        std::uint64_t said = 0;  ///< What had been said by then.
    };
    std::map<std::uint64_t, Sent> unanswered_;  ///< Pings.
    std::uint64_t said_ = 1;                    ///< The greeting.
    std::uint64_t pinged_said_ = 0;
    std::uint64_t proved_ = 0;
};

/// A process that does nothing for so long stood still, and so does one, or its line, whose answer
/// takes so long. Below it a message counts as sent when it is read.
constexpr std::int64_t kStandstill = kSecond;

}  // namespace filial::core
