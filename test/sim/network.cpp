#include "test/sim/network.h"

#include <algorithm>

#include "test/sim/rare.h"

namespace filial::sim {

using schema::Bytes;

namespace {

/// Messages that one end takes for another that does not read, as the sockets' marks have it.
constexpr std::size_t kQueueMax = 1'500;
/// The kernel gives a connection up that answers nothing for so long (socket options of core/link).
constexpr Time kKernelGivesUp = 300 * kSecond;
/// What was lost on its way is sent again after a pause that grows with each further loss.
constexpr Time kSentAgain = 30 * kSecond;
constexpr Time kOvertakesWithin = 2 * kSecond;
constexpr char kBlockKind = 5;
constexpr char kWelcomeKind = 2;

/// Of an encoded message: array head, version, kind. The head of a long array has three bytes.
char kind_of(schema::ByteView bytes) {
    const std::size_t at = !bytes.empty() && bytes[0] == '\xdc' ? 4 : 2;
    return bytes.size() > at ? bytes[at] : '\0';
}

}  // namespace

Wire& Network::wire(const std::string& a, const std::string& b) {
    return wires_[a < b ? std::pair(a, b) : std::pair(b, a)];
}

void Network::schedule(Connection& connection, Way& way, int to, Message& message) {
    if (connection.local) {
        message.begins = message.arrives = std::max(way.last, now_ + 50);
    } else {
        const Wire& wire = this->wire(connection.caller_store, connection.listener_store);
        if (!wire.up) {
            message.begins = message.arrives = kNever;
            ++counts_.stalled;
            return;
        }
        const auto size = static_cast<std::int64_t>(message.bytes.size()) + 80;
        const Time begins = std::max(now_, way.free_at);
        const Time takes = wire.bytes_a_second == 0 ? 0 : size * kSecond / wire.bytes_a_second;
        way.free_at = begins + takes;
        message.begins = std::max(way.last, begins + wire.latency_us);
        const Time jitter = wire.jitter_us == 0 ? 0 : random_.between(0, wire.jitter_us);
        message.arrives = std::max(way.last, way.free_at + wire.latency_us + jitter);
    }
    way.last = message.arrives;
    wake_(to, message.arrives);
}

bool Network::send(Connection& connection, Way& way, int to, schema::ByteView bytes) {
    if (way.queue.size() >= kQueueMax || (!connection.local && rare(Rare::line_full))) {
        ++counts_.refused;
        return false;
    }
    ++counts_.messages;
    note(bytes.size());
    const bool answers = &way == &connection.to_caller;
    if (answers && kind_of(bytes) == kWelcomeKind) connection.greeted = true;
    if (!bytes.empty()) note(static_cast<unsigned char>(bytes.back()));
    // The end that sends does not know yet that nobody is there.
    if (connection.broken) {
        ++counts_.lost;
        return true;
    }
    Message message{0, 0, Bytes(bytes), now_};
    if (!connection.local) {
        const Wire& wire = this->wire(connection.caller_store, connection.listener_store);
        if (wire.swallows) {
            ++counts_.lost;
            return true;
        }
        const bool block = bytes.size() > 40 && kind_of(bytes) == kBlockKind;
        const unsigned often = block ? wire.corrupts : wire.corrupts / 10;
        if (random_.chance(often)) damage(message.bytes, connection);
    }
    if (connection.broken) return true;
    schedule(connection, way, to, message);
    way.queue.push_back(std::move(message));
    if (connection.local) return true;
    const Wire& wire = this->wire(connection.caller_store, connection.listener_store);
    if (wire.repeats > 0) repeat(connection, way, to, wire);
    if (wire.overtakes > 0) overtake(way, wire);
    return true;
}

/// What was just sent, or what went before it and has not come yet, comes once more behind it.
void Network::repeat(Connection& connection, Way& way, int to, const Wire& wire) {
    if (way.queue.size() >= kQueueMax || !amiss_.chance(wire.repeats)) return;
    const Message& once = way.queue[amiss_.below(way.queue.size())];
    Message again{0, 0, once.bytes, once.sent};
    schedule(connection, way, to, again);
    way.queue.push_back(std::move(again));
    ++counts_.repeated;
}

/// What was just sent changes places with one that was sent within two seconds of it, has not come
/// yet, and will as near to it. That a pong has come says how long a mark before it can have been
/// on its way: an age rests on the order within one connection, as far as it is longer than that.
void Network::overtake(Way& way, const Wire& wire) {
    if (!amiss_.chance(wire.overtakes)) return;
    Message& other = way.queue[amiss_.below(way.queue.size())];
    Message& last = way.queue.back();
    if (other.arrives <= now_ || &other == &last) return;
    if (last.sent - other.sent > kOvertakesWithin) return;
    if (last.arrives - other.arrives > kOvertakesWithin) return;
    std::swap(other.bytes, last.bytes);
    std::swap(other.sent, last.sent);
    ++counts_.overtaken;
}

/// Of a block, whose checksum has to find it; anything else CURVE finds, and ends the connection.
void Network::damage(Bytes& bytes, Connection& connection) {
    ++counts_.corrupted;
    if (bytes.size() > 40 && kind_of(bytes) == kBlockKind) {
        const std::size_t at = 16 + random_.below(bytes.size() - 16);
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random_.below(8)));
        return;
    }
    break_up(connection, now_, now_);
}

std::optional<Bytes> Network::receive(Way& way, int to) {
    if (way.queue.empty() || way.queue.front().arrives > now_) return std::nullopt;
    if (rare(Rare::late_read)) {
        wake_(to, now_ + kMillisecond);
        return std::nullopt;
    }
    Bytes bytes = std::move(way.queue.front().bytes);
    way.came = std::max(way.came, way.queue.front().arrives);
    way.queue.pop_front();
    note(static_cast<std::uint64_t>(now_));
    return bytes;
}

bool Network::is_older(const Connection& connection) const {
    return std::any_of(connections_.begin(), connections_.end(), [&](const auto& each) {
        return each->greeted && each->number > connection.number &&
               each->caller == connection.caller && each->listener == connection.listener &&
               each->local == connection.local;
    });
}

void Network::break_up(Connection& connection, Time caller_sees, Time listener_sees) {
    connection.to_caller.gone_at = std::min(connection.to_caller.gone_at, caller_sees);
    connection.to_listener.gone_at = std::min(connection.to_listener.gone_at, listener_sees);
    wake_(connection.caller, connection.to_caller.gone_at);
    wake_(connection.listener, connection.to_listener.gone_at);
    if (connection.broken) return;
    connection.broken = true;
    ++counts_.broken;
    for (Way* way : {&connection.to_caller, &connection.to_listener}) {
        // What had arrived may still be read, or not.
        const bool all = random_.chance(500);
        while (!way->queue.empty() && (all || way->queue.back().arrives > now_)) {
            way->queue.pop_back();
            ++counts_.lost;
        }
    }
}

void Network::close(Connection& connection, Time caller_sees, Time listener_sees) {
    // Where something waits to be read, the kernel says that it is over and sends no more.
    if (connection.local || connection.broken || random_.chance(300)) {
        return break_up(connection, caller_sees, listener_sees);
    }
    connection.lingers = true;
    Way& way = connection.to_listener;
    const Wire& wire = this->wire(connection.caller_store, connection.listener_store);
    if (wire.up && random_.chance(500)) {
        const Time again = random_.between(0, kSentAgain);
        for (Message& message : way.queue) {
            const bool comes = message.arrives > now_ && message.arrives != kNever;
            if (comes) message.arrives += again;
        }
    }
    std::deque<Message> stays;
    stays.swap(way.queue);
    if (!stays.empty()) {
        const bool comes = wire.up && stays.back().arrives != kNever;
        listener_sees =
            comes ? std::max(listener_sees, stays.back().arrives + 1) : now_ + kProbesFail;
    }
    break_up(connection, caller_sees, listener_sees);
    way.queue.swap(stays);
    for (const Message& message : way.queue) wake_(connection.listener, message.arrives);
}

void Network::over(const std::string& a, const std::string& b,
                   const std::function<void(Connection&)>& each) {
    for (const auto& one : connections_) {
        const bool this_way = one->caller_store == a && one->listener_store == b;
        const bool that_way = one->caller_store == b && one->listener_store == a;
        if (!one->local && (this_way || that_way)) each(*one);
    }
}

void Network::set_speed(const std::string& a, const std::string& b, std::int64_t speed) {
    Wire& wire = this->wire(a, b);
    wire.bytes_a_second = speed;
    if (!wire.up) return;
    over(a, b, [&](Connection& each) {
        for (Way* way : {&each.to_caller, &each.to_listener}) {
            way->last = way->free_at = now_;
            const int to = way == &each.to_caller ? each.caller : each.listener;
            for (Message& message : way->queue) {
                if (message.arrives > now_) schedule(each, *way, to, message);
            }
        }
    });
}

void Network::cut(const std::string& a, const std::string& b) {
    Wire& wire = this->wire(a, b);
    if (!wire.up) return;
    wire.up = false;
    wire.down_since = now_;
    over(a, b, [&](Connection& each) {
        for (Way* way : {&each.to_caller, &each.to_listener}) {
            for (Message& message : way->queue) {
                if (message.arrives > now_) message.begins = message.arrives = kNever;
            }
        }
    });
}

/// The wire is back: what the kernel of a closed end still has comes after its next attempt.
void Network::send_again(Connection& connection) {
    Way& way = connection.to_listener;
    way.last = way.free_at = now_ + random_.between(0, kSentAgain);
    for (Message& message : way.queue) {
        if (message.arrives == kNever) schedule(connection, way, connection.listener, message);
    }
}

void Network::mend(const std::string& a, const std::string& b, unsigned forgets) {
    Wire& wire = this->wire(a, b);
    if (wire.up) return;
    wire.up = true;
    const bool too_long = now_ - wire.down_since >= kKernelGivesUp;
    over(a, b, [&](Connection& each) {
        if (each.lingers && !too_long) return send_again(each);
        if (each.broken || too_long || random_.chance(forgets)) {
            return break_up(each, now_ + wire.latency_us, now_ + wire.latency_us);
        }
        for (Way* way : {&each.to_caller, &each.to_listener}) {
            way->last = way->free_at = now_;
            const int to = way == &each.to_caller ? each.caller : each.listener;
            for (Message& message : way->queue) {
                if (message.arrives == kNever) schedule(each, *way, to, message);
            }
        }
    });
}

void Network::reset(const std::string& a, const std::string& b) {
    over(a, b, [&](Connection& each) { break_up(each, now_, now_); });
}

std::int64_t Network::quiet(const Way& way) const {
    Time came = way.came;
    for (const Message& message : way.queue) {
        if (message.begins > now_) break;
        came = std::min(message.arrives, now_);
    }
    return now_ - came;
}

void Network::end(int process, bool silently) {
    for (const auto& each : connections_) {
        if (each->caller != process && each->listener != process) continue;
        Time other = now_ + kMillisecond;
        if (!each->local) {
            const Wire& wire = this->wire(each->caller_store, each->listener_store);
            other = now_ + (silently || !wire.up ? kProbesFail : wire.latency_us);
        }
        const bool called = each->caller == process;
        if (called && !silently) {
            close(*each, now_, other);
        } else {
            break_up(*each, called ? now_ : other, called ? other : now_);
        }
    }
    paused_[process] = false;
}

void Network::collect() {
    std::erase_if(connections_, [&](const auto& each) {
        return each->broken && each->to_caller.gone_at <= now_ && each->to_listener.gone_at <= now_;
    });
}

std::size_t Network::waiting_bytes() const {
    std::size_t bytes = 0;
    for (const auto& each : connections_) {
        for (const Way* way : {&each->to_caller, &each->to_listener}) {
            for (const Message& message : way->queue) bytes += message.bytes.size();
        }
    }
    return bytes;
}

}  // namespace filial::sim
