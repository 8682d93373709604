#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/link/host.h"
#include "core/link/mark_book.h"
#include "core/link/socket.h"
#include "core/options.h"
#include "schema/status.h"

namespace filial::core {

/// Who this process is, for its hellos.
struct Self {
    schema::StoreId store;
    std::string role;
    schema::Epoch epoch;
    schema::Incarnation incarnation{};
};

/// A remote that this process dials, as it stands now. Counts are since the process began.
struct DialledLeg {
    std::string remote;  ///< Its name in the configuration.
    std::string peer;    ///< Full name of who is there; empty while no session stands.
    std::string role;
    bool up = false;         ///< It is dialled; false: down until it is called.
    bool connected = false;  ///< A session stands.
    /// The other end has answered, so that its marks are here.
    bool answered = false;
    /// What is fetched is here and durable as far as the other end's marks go, and it has all that
    /// this end sent and said.
    bool settled = false;
    std::uint64_t bytes_in = 0;  ///< As Caller::carried, else of messages.
    std::uint64_t bytes_out = 0;
    std::int64_t events_in = 0;
    std::int64_t events_out = 0;
    std::string note;  ///< Why there is no session.
};

/// All legs of a process: its ports, what it dials, the sessions on them with their Sender and
/// Receiver, and the one loop that drives all of it. One thread.
class Exchange {
  public:
    /// All references must outlive the exchange. `allow` may be null in a process that has no tcp
    /// port.
    Exchange(Host& host, const Clock& clock, std::unique_ptr<Transport> transport, AllowList* allow,
             Self self);
    /// Over ZeroMQ.
    Exchange(Host& host, const Clock& clock, Network& network, AllowList* allow, const Keys* keys,
             Self self)
        : Exchange(host, clock, make_transport(network, keys), allow, std::move(self)) {}
    ~Exchange();

    /// Binds a port; sessions, tickets, queries and status all come over it.
    schema::Result<void> listen(const std::string& endpoint);
    /// Keeps a session to `remote` for ever. `name` is our durable receiver's name there.
    schema::Result<void> dial(const Remote& remote, const std::string& name);

    /// One turn: waits at most `at_most` for something to read, reads what is there (bounded),
    /// lets the host flush, acknowledges what became durable, sends what receivers asked for.
    /// Fails only where the process cannot go on.
    schema::Result<void> turn(std::chrono::milliseconds at_most);
    /// Watches a signal pipe beside the sockets.
    void watch_fd(int fd);

    /// Sends an answer, once: it is lost where nobody is there to take it. In place of one that no
    /// message can carry goes `too_large`, with its request number.
    void reply(const Requester& to, const schema::Message& message);

    MarkBook& marks() { return marks_; }
    /// Sends the book's mark of `store` to everybody who may have it, in this turn.
    void announce(const schema::StoreId& store);
    /// Sends to the session of that receiver, whose number it gets; false if none stands.
    bool tell(const std::string& receiver, schema::Confirm message);
    bool tell(const std::string& receiver, schema::Confirmed message);
    bool tell(const std::string& receiver, schema::Rejoin message);
    bool tell(const std::string& receiver, schema::Rejoined message);
    bool tell(const std::string& receiver, schema::SnapshotAsk message);
    bool tell(const std::string& receiver, schema::MarkMessage message);
    /// Ends the sessions of peers that the host refuses by now.
    void judge_again();
    /// Everybody with whom a session stands.
    std::vector<Peer> peers() const;

    /// Tells the local publisher how far this replica is (role "subscriber" only).
    void tell_applied(const schema::Applied& applied);

    /// Asks `Host::want` again for every session and store, after the host's wishes changed.
    void want_again();
    /// The same, but only where other topics are wanted than those that are fetched.
    void want_others();

    /// Brings every leg up that is down until it is called, and holds it up until `until`; called
    /// again it goes on from there. `bytes_left`: what each leg may carry from now on, in both
    /// directions; then it goes down. 0: no limit.
    void call(BootTime until, std::uint64_t bytes_left);
    /// Takes them down again.
    void hang_up();
    /// While wanted, the other ends are asked for signs that `answered` and `settled` rest on.
    /// During a call they are in any case.
    void want_proof(bool wanted);
    /// Every remote that is dialled.
    std::vector<DialledLeg> dialled_legs() const;

    /// One leg for each log that comes in over a session. Of a remote whose session was lost they
    /// are as they were, not connected, with what is durable here by now, and last heard by then;
    /// of one that had no session yet one leg that names no log. Outgoing legs are the host's to
    /// tell: it knows its registry.
    std::vector<schema::Leg> incoming_legs() const;
    /// True if a session of that receiver stands now; `heard_us` since it was heard.
    bool session_of(const std::string& receiver, std::int64_t& heard_us) const;
    /// Totals since start: "messages_in", "bytes_in", "blocks_in", "events_in", ..._out.
    std::vector<std::pair<std::string, std::int64_t>> counters() const;

  private:
    struct Inside;
    MarkBook marks_;
    std::unique_ptr<Inside> inside_;
};

}  // namespace filial::core
