#pragma once

#include <sched.h>
#include <map>
#include <random>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "core/clock.h"
#include "core/link/arrivals.h"
#include "core/link/socket.h"
#include "core/link/socket_file.h"
#include "schema/limits.h"

/// ZeroMQ's side of socket.h, for the .cpp files beside it only.
namespace filial::core {

/// Where our messages may run: one end of each connection limits what it takes to this. CURVE adds
/// 33 bytes to every message (RFC 26), and the library counts them.
constexpr std::int64_t kZmqMessageMax = schema::kMessageBytesMax + 64;

/// Two I/O threads, since the library looks up host names in them: with a line down a look-up
/// blocks for many seconds, and local sockets must not wait for it. Ports and ipc take the first
/// thread, dials to other machines the second.
constexpr int kIoThreads = 2;
constexpr std::uint64_t kAffinityLocal = 1;
constexpr std::uint64_t kAffinityAway = 2;

/// The library's error with what to do about it.
schema::Error from_zmq(const std::string& doing, int error);

/// Both retry when a signal interrupts. False: nothing was there, or there was no room.
bool receive_frame(zmq::socket_t& socket, zmq::message_t& frame);
bool send_frame(zmq::socket_t& socket, zmq::message_t& frame, zmq::send_flags flags);

/// Sets on a fresh socket what every one of ours has: no lingering, a limit on messages and on
/// handshakes, and that dead lines are found.
void set_common_options(zmq::socket_t& socket);

/// Reads the events that `zmq_socket_monitor` reports of one socket. Stops before the socket ends.
class Monitor {
  public:
    Monitor() = default;
    Monitor(Network::Inside& network, zmq::socket_t& of, int events);
    ~Monitor();
    Monitor(Monitor&&) = default;
    Monitor& operator=(Monitor&&) = default;

    /// The next event, with its value; 0 for none.
    int next(int& value);
    zmq::socket_t& socket() { return socket_; }
    void stop();

  private:
    zmq::socket_t* of_ = nullptr;
    zmq::socket_t socket_;
};

/// Whether threads of this process may be SCHED_BATCH. The library ends the process where it is
/// refused, as by some sandboxes, and to processes with a real-time policy.
bool batch_threads_allowed();

struct Network::Inside {
    explicit Inside(AllowList* list) : allow(list), context(kIoThreads) {
        // A thread of the library that wakes up for the first of many answers does not take the
        // processor from the loop that makes them: it sends them together.
        if (batch_threads_allowed()) {
            (void)zmq_ctx_set(context.handle(), ZMQ_THREAD_SCHED_POLICY, SCHED_BATCH);
        }
    }

    AllowList* allow;
    zmq::context_t context;
    zmq::socket_t zap;
    SystemClock clock;
    BootTime refreshed_at;
    std::string refresh_error;                  ///< As logged last.
    std::map<std::string, BootTime> logged_at;  ///< What was refused, and when that was logged.
    std::uint64_t names = 0;
    std::minstd_rand random;

    /// Answers every handshake that waits.
    void answer_handshakes();
    /// Reads the allow list again if it changed: before each handshake is judged.
    void refresh();
    /// The same if the last time is kRefreshEvery ago.
    void refresh_if_due();
    /// True once a minute for each text, so that a knocking stranger cannot fill the log.
    bool may_log(const std::string& what);
    std::string unique_name(const char* what);
};

struct Port::Inside {
    explicit Inside(Network::Inside& n) : network(n) {}
    ~Inside();

    Network::Inside& network;
    std::unique_ptr<SocketFile> file;  ///< For ipc.
    zmq::socket_t socket;
    Monitor monitor;  ///< For tcp: tells when the address is free again.
    std::string endpoint;
    bool local = false;
    std::uint64_t strangers = 0;

    bool let_in(zmq::message_t& body, Incoming& incoming);
};

struct Dial::Inside {
    explicit Inside(Network::Inside& n) : network(n) {}

    Network::Inside& network;
    std::string endpoint;
    std::string server_key;
    std::string public_key;
    std::string secret_key;
    std::int64_t backoff_max_us = 0;

    enum class State { trying, connected, waiting, down };
    State state = State::waiting;
    zmq::socket_t socket;
    Monitor monitor;
    Arrivals arrivals;  ///< Over the connection that stands.
    Carried past;       ///< Over earlier connections.
    Carried present;    ///< Over this one, at the last look.
    std::uint64_t connections = 0;
    bool wants_room = false;      ///< A send was refused; the poller watches for room.
    bool news = false;            ///< It came, went or failed; the poller has not told it yet.
    std::int64_t backoff_us = 0;  ///< The last pause, before jitter.
    BootTime since;               ///< When the state began.
    BootTime due;                 ///< When to give up trying, or to try again.
    schema::Error why{schema::Errc::unreachable, "not connected yet"};

    /// Reads events, gives up an attempt that takes too long, and begins the next one when it is
    /// due.
    void tend();
    void begin(BootTime now);
    void lost(BootTime now, schema::Error because);
    void take_down(BootTime now);
    void count();
    void count_past();
    void on_event(int event, int value, BootTime now);
};

}  // namespace filial::core
