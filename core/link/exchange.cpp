#include "core/link/exchange.h"

#include <algorithm>
#include <thread>

#include "core/link/switchboard.h"
#include "core/log.h"
#include "schema/limits.h"

namespace filial::core {

using schema::Errc;
using schema::Leg;
using schema::Result;
using schema::StoreId;

/// The sockets and the loop; what is said on the lines is the switchboard's.
struct Exchange::Inside {
    Inside(Host& host_, const Clock& clock_, std::unique_ptr<Transport> transport_,
           AllowList* allow, Self self, MarkBook& marks)
        : host(host_),
          clock(clock_),
          transport(std::move(transport_)),
          board(host_, clock_, allow, std::move(self), marks) {}

    Host& host;
    const Clock& clock;
    std::unique_ptr<Transport> transport;
    std::vector<std::unique_ptr<Listener>> ports;
    Switchboard board;
    bool more = false;  ///< Something was left unread or unsent: do not wait.

    Result<void> read();
};

namespace {

/// Messages read from one socket in a turn, so that no sender can keep the loop from flushing.
constexpr int kMessagesATurn = 8'192;
/// And events: what is taken of many logs at once is in memory, many times as large as it came,
/// until the flush.
constexpr std::int64_t kEventsATurn = 8'192;

}  // namespace

Exchange::Exchange(Host& host, const Clock& clock, std::unique_ptr<Transport> transport,
                   AllowList* allow, Self self)
    : inside_(std::make_unique<Inside>(host, clock, std::move(transport), allow, std::move(self),
                                       marks_)) {}

Exchange::~Exchange() = default;

Result<void> Exchange::listen(const std::string& endpoint) {
    auto port = inside_->transport->listen(endpoint);
    if (!port) return tl::unexpected(port.error());
    inside_->ports.push_back(std::move(*port));
    log(Level::info, "listening", {{"endpoint", inside_->ports.back()->endpoint()}});
    return {};
}

Result<void> Exchange::dial(const Remote& remote, const std::string& name) {
    auto dial = inside_->transport->dial(remote);
    if (!dial) return tl::unexpected(dial.error());
    inside_->board.add_dialled(std::make_unique<Line>(std::move(*dial), remote, name));
    return {};
}

void Exchange::watch_fd(int fd) { inside_->transport->watch_fd(fd); }

/// Everything that is there, bounded for each socket.
Result<void> Exchange::Inside::read() {
    const auto enough = [&](int messages, std::int64_t events_before) {
        return messages == kMessagesATurn || board.events_taken() - events_before >= kEventsATurn;
    };
    for (std::size_t index = 0; index < ports.size(); ++index) {
        const std::int64_t before = board.events_taken();
        for (int count = 0;; ++count) {
            if (enough(count, before)) {
                more = true;
                break;
            }
            auto incoming = ports[index]->receive();
            if (!incoming) return tl::unexpected(incoming.error());
            if (!*incoming) break;
            board.on_port(*ports[index], index, std::move(**incoming));
        }
    }
    for (const auto& line : board.dialled()) {
        const std::int64_t before = board.events_taken();
        for (int count = 0;; ++count) {
            if (enough(count, before)) {
                more = true;
                break;
            }
            auto bytes = line->dial()->receive();
            if (!bytes) return tl::unexpected(bytes.error());
            if (!*bytes) break;
            board.on_dial(*line, **bytes);
        }
    }
    return {};
}

Result<void> Exchange::turn(std::chrono::milliseconds at_most) {
    Inside& in = *inside_;
    if (const auto ok = in.transport->wait(in.more ? std::chrono::milliseconds{0} : at_most); !ok) {
        return ok;
    }
    in.more = false;
    in.board.start_turn();
    if (const auto ok = in.read(); !ok) return ok;
    while (in.host.gathers()) {
        std::this_thread::yield();  // Whoever is about to send may need this processor.
        if (const auto ok = in.read(); !ok) return ok;
    }
    if (!in.more) in.board.all_read();
    const auto flushed = in.host.flush();
    const bool full =
        !flushed && (flushed.error().code == Errc::no_space || flushed.error().code == Errc::busy);
    if (!flushed && !full) return flushed;
    if (flushed) in.board.confirm();
    if (in.board.pump()) in.more = true;
    in.board.tick();
    in.host.turn(in.clock.boot());
    in.board.end_turn();
    if (in.host.pending()) in.more = true;
    return {};
}

void Exchange::reply(const Requester& to, const schema::Message& message) {
    if (to.port >= inside_->ports.size()) return;
    schema::Bytes bytes = schema::encode(message);
    if (bytes.size() > schema::kMessageBytesMax) {
        log(Level::error, "an answer is too large for a message",
            {{"store", to.store},
             {"kind", schema::name_of(schema::kind_of(message))},
             {"bytes", bytes.size()}});
        schema::Trouble trouble;
        trouble.request = schema::request_of(message);
        trouble.code = Errc::too_large;
        trouble.message = "the answer takes " + std::to_string(bytes.size()) +
                          " bytes, more than a message may have: ask for less at once";
        bytes = schema::encode(schema::Message{std::move(trouble)});
    }
    const auto sent = inside_->ports[to.port]->send(to.route, bytes);
    if (!sent || !*sent) {
        log(Level::debug, "nobody there to answer", {{"store", to.store}});
    }
}

void Exchange::announce(const StoreId& store) { inside_->board.announce(store, nullptr); }

void Exchange::tell_applied(const schema::Applied& applied) {
    inside_->board.tell_applied(applied);
}

bool Exchange::tell(const std::string& receiver, schema::Confirm message) {
    return inside_->board.tell(receiver, std::move(message));
}

bool Exchange::tell(const std::string& receiver, schema::Confirmed message) {
    return inside_->board.tell(receiver, std::move(message));
}

bool Exchange::tell(const std::string& receiver, schema::Rejoin message) {
    return inside_->board.tell(receiver, std::move(message));
}

bool Exchange::tell(const std::string& receiver, schema::Rejoined message) {
    return inside_->board.tell(receiver, std::move(message));
}

bool Exchange::tell(const std::string& receiver, schema::SnapshotAsk message) {
    return inside_->board.tell(receiver, std::move(message));
}

bool Exchange::tell(const std::string& receiver, schema::MarkMessage message) {
    return inside_->board.tell(receiver, std::move(message));
}

void Exchange::judge_again() { inside_->board.judge_again(); }

std::vector<Peer> Exchange::peers() const { return inside_->board.peers(); }

void Exchange::want_again() { inside_->board.want_again(); }
void Exchange::want_others() { inside_->board.want_others(); }

void Exchange::call(BootTime until, std::uint64_t bytes_left) {
    inside_->board.call(until, bytes_left);
}

void Exchange::hang_up() { inside_->board.hang_up(); }

void Exchange::want_proof(bool wanted) { inside_->board.want_proof(wanted); }

std::vector<DialledLeg> Exchange::dialled_legs() const { return inside_->board.dialled_legs(); }

std::vector<Leg> Exchange::incoming_legs() const { return inside_->board.incoming_legs(); }

bool Exchange::session_of(const std::string& receiver, std::int64_t& heard_us) const {
    return inside_->board.session_of(receiver, heard_us);
}

std::vector<std::pair<std::string, std::int64_t>> Exchange::counters() const {
    auto counters = inside_->board.counters();
    std::int64_t strangers = 0;
    for (const auto& port : inside_->ports) {
        strangers += static_cast<std::int64_t>(port->strangers());
    }
    counters.emplace_back("strangers_dropped", strangers);
    return counters;
}

}  // namespace filial::core
