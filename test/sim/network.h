#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/link/transport.h"
#include "test/sim/random.h"
#include "test/sim/world_time.h"

namespace filial::sim {

/// The kernel probes a quiet connection: the end of a machine is seen after so long.
constexpr Time kProbesFail = 90 * kSecond;

/// What lies between two machines.
struct Wire {
    bool up = true;  ///< Down: what is sent stands still until it is up again.
    std::int64_t latency_us = 5 * kMillisecond;
    std::int64_t jitter_us = 0;
    std::int64_t bytes_a_second = 0;  ///< 0: as many as there are.
    unsigned corrupts = 0;            ///< Blocks in a thousand of which a byte is damaged.
    unsigned repeats = 0;             ///< Messages in a thousand that come twice.
    unsigned overtakes = 0;           ///< And that pass one which was sent before.
    bool swallows = false;            ///< Connections come about, and nothing comes over them.
    Time down_since = 0;
};

/// What happened in the network, for the coverage.
struct NetworkCounts {
    std::int64_t messages = 0;
    std::int64_t lost = 0;  ///< In flight when their connection broke.
    std::int64_t corrupted = 0;
    std::int64_t refused = 0;    ///< The line was full.
    std::int64_t stalled = 0;    ///< Stood still while the wire was down.
    std::int64_t broken = 0;     ///< Connections.
    std::int64_t repeated = 0;   ///< Came twice.
    std::int64_t overtaken = 0;  ///< Came behind one that was sent later.
    std::int64_t older = 0;      ///< Came of an older session when a newer one stood.
};

/// Connections as ZeroMQ gives them: messages whole and in order within one, and all that were on
/// the way lost with it, without a word. Between connections there is no order. A wire that repeats
/// or lets messages overtake breaks that: positions and nonces have to stand it all the same.
class Network {
  public:
    /// `wake(process, when)`: something will be there for it to see.
    using Wake = std::function<void(int process, Time when)>;
    /// `amiss`: for what transports do not do.
    Network(const Time& now, Random& random, Random& amiss, Wake wake)
        : now_(now), random_(random), amiss_(amiss), wake_(std::move(wake)) {}

    /// Of the process `process` on that machine, which has the key of `user`. Must not outlive the
    /// network.
    std::unique_ptr<core::Transport> transport(int process, const std::string& machine,
                                               const std::string& user);

    Wire& wire(const std::string& a, const std::string& b);
    /// Bytes a second, 0 for as many as there are; also for what is on its way.
    void set_speed(const std::string& a, const std::string& b, std::int64_t speed);
    void cut(const std::string& a, const std::string& b);
    /// `forgets`: in a thousand, connections that do not survive, as behind a NAT.
    void mend(const std::string& a, const std::string& b, unsigned forgets);
    /// Connections between two machines break; both ends see it at once.
    void reset(const std::string& a, const std::string& b);
    /// The process is gone. `silently`: with its machine, so that nobody says good-bye.
    void end(int process, bool silently);
    /// It neither reads nor answers.
    void pause(int process, bool paused) { paused_[process] = paused; }

    /// The last message that the process got came over a connection although the same caller has
    /// been greeted over a newer one.
    bool over_older(int process) const {
        const auto at = over_older_.find(process);
        return at != over_older_.end() && at->second;
    }

    const NetworkCounts& counts() const { return counts_; }
    std::uint64_t hash() const { return hash_; }
    /// Bytes that are on their way to or wait in the process's queues.
    std::size_t waiting_bytes() const;

  private:
    friend class SimListener;
    friend class SimCaller;
    friend class SimTransport;

    struct Message {
        Time begins = 0;  ///< When its first byte comes.
        Time arrives = 0;
        schema::Bytes bytes;
        Time sent = 0;
    };
    struct Way {
        std::deque<Message> queue;
        Time last = 0;          ///< When the last message arrives: nothing passes another.
        Time free_at = 0;       ///< When the wire has room for the next byte.
        Time came = 0;          ///< When the last byte came.
        Time gone_at = kNever;  ///< When the reading end sees that the connection is over.
    };
    struct Connection {
        schema::Bytes route;
        int caller = 0;
        int listener = 0;
        std::string caller_store;  ///< The machines.
        std::string listener_store;
        std::string user;  ///< Whose key opened it.
        std::uint64_t number = 0;
        bool local = false;
        bool greeted = false;  ///< The called end has answered the greeting.
        bool broken = false;
        bool lingers = false;  ///< Closed by the caller, whose kernel still sends.
        Way to_listener;
        Way to_caller;
    };
    struct Bound {
        int process = 0;
        std::string store;
        class SimListener* listener = nullptr;
    };
    bool send(Connection& connection, Way& way, int to, schema::ByteView bytes);
    void repeat(Connection& connection, Way& way, int to, const Wire& wire);
    void overtake(Way& way, const Wire& wire);
    void schedule(Connection& connection, Way& way, int to, Message& message);
    void break_up(Connection& connection, Time caller_sees, Time listener_sees);
    /// The calling end closes it. What it had sent its kernel still brings, as long as it takes,
    /// also when that end has long called anew.
    void close(Connection& connection, Time caller_sees, Time listener_sees);
    void send_again(Connection& connection);
    std::optional<schema::Bytes> receive(Way& way, int to);
    void damage(schema::Bytes& bytes, Connection& connection);
    void note(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3; }
    void collect();
    std::int64_t quiet(const Way& way) const;
    void over(const std::string& a, const std::string& b,
              const std::function<void(Connection&)>& each);

    const Time& now_;
    Random& random_;
    Random& amiss_;
    Wake wake_;
    std::map<std::string, Bound> bound_;
    std::map<std::pair<std::string, std::string>, Wire> wires_;
    std::vector<std::shared_ptr<Connection>> connections_;
    std::map<int, bool> paused_;
    std::map<int, bool> over_older_;
    bool is_older(const Connection& connection) const;
    std::uint64_t routes_ = 0;
    NetworkCounts counts_;
    std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace filial::sim
