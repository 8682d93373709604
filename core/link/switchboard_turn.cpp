// The switchboard's part of every turn: confirming, sending, greeting; and what it tells of itself.
#include <algorithm>

#include "core/link/switchboard.h"
#include "core/log.h"
#include "schema/hash.h"
#include "schema/limits.h"

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::Fetch;
using schema::Leg;
using schema::Message;
using schema::StoreId;

namespace {

/// Blocks read and packed for one line before the next line has its turn.
constexpr int kBlocksATurn = 4;

constexpr std::int64_t kSilence = schema::kSilenceMax.count() * kSecond;

std::string join(const std::map<std::string, schema::Sequence>& topics) {
    std::string text;
    for (const auto& [topic, after] : topics) text += (text.empty() ? "" : ",") + topic;
    return text;
}

}  // namespace

void Switchboard::confirm() {
    const auto confirm_one = [&](Line& line, const StoreId& store) {
        const Receiver::Flow* flow = line.session()->receiver.find(store);
        if (flow == nullptr || !flow->stopped.empty()) return;
        Want want{store, flow->epoch, {}};
        for (const auto& [topic, after] : flow->next_after) want.after.push_back({topic, after});
        Fetch fetch = line.session()->receiver.confirm(store, host_.durable(want));
        fetch.session = line.session()->to_peer();
        line.send(Message{std::move(fetch)});
    };
    for (Line* line : lines()) {
        if (line->session() == nullptr) continue;
        for (const StoreId& store : line->staged) confirm_one(*line, store);
        line->staged.clear();
    }
}

bool Switchboard::serve(Line& line) {
    Session& session = *line.session();
    const BootTime now = clock_.boot();
    const auto end = [&](const StoreId& store) { return host_.end(store); };
    for (int blocks = 0; blocks < kBlocksATurn; ++blocks) {
        if (!line.idle()) return false;
        const auto request = session.sender.next(end, now);
        if (!request) return false;
        auto range = host_.read(*request);
        if (!range) {
            log(schema::error_info(range.error().code).retry ? Level::warn : Level::error,
                "a log cannot be read for a receiver",
                {{"peer", session.peer().name},
                 {"store", request->store.value()},
                 {"error", range.error().message}});
            session.sender.drop(request->store);
            refuse(line, range.error(), request->store.value(), request->topics);
            continue;
        }
        auto block = session.sender.supply(*range, now);
        if (!block) continue;
        counters_["blocks_out"] += 1;
        counters_["events_out"] += static_cast<std::int64_t>(block->count);
        line.send(Message{schema::BlockMessage{session.to_peer(), std::move(*block)}});
    }
    return true;
}

bool Switchboard::pump() {
    bool more = false;
    for (Line* each : lines()) {
        Line& line = *each;
        line.push();
        if (line.session() == nullptr || !line.session()->established()) continue;
        if (!line.local() && !line.dialled() &&
            (allow_ == nullptr || allow_->find_store(line.session()->peer().store) == nullptr)) {
            end(line, "no longer admitted");
            continue;
        }
        send_marks(line);
        if (serve(line)) more = true;
    }
    return more;
}

void Switchboard::send_marks(Line& line) {
    if (line.announced.empty() || !line.idle()) return;
    for (const StoreId& store : line.announced) {
        const HeldMark* held = marks_.find(store);
        if (held == nullptr) continue;
        schema::MarkMessage message = marks_.outgoing(*held, clock_);
        message.session = line.session()->to_peer();
        line.send(Message{std::move(message)});
    }
    line.announced.clear();
}

std::optional<Error> Switchboard::take_over(const Line& line) {
    const Peer& peer = line.session()->peer();
    std::vector<Line*> older;
    for (const auto& [key, other] : called_) {
        const bool same = other.get() != &line && other->session() != nullptr &&
                          other->session()->peer().name == peer.name;
        if (same) older.push_back(other.get());
    }
    for (const Line* other : older) {
        const Peer& there = other->session()->peer();
        // A log that goes on elsewhere does so in a later epoch.
        if (there.incarnation == peer.incarnation || there.epoch < peer.epoch) continue;
        return Error{Errc::forked, "another machine speaks as " + peer.store +
                                       " and is connected: two may not have one store's name"};
    }
    // A receiver has one session: what an older one of the same name still says is not heard.
    for (Line* other : older) end(*other, "the same receiver greeted again");
    return std::nullopt;
}

void Switchboard::refuse_greeting(Line& line, const Error& error) {
    counters_["greetings_refused"] += 1;
    if (last_refusal_ != error.message) {
        log(Level::warn, "a greeting was refused",
            {{"peer", line.session()->peer().name}, {"error", error.message}});
    }
    last_refusal_ = error.message;
    refuse(line, error, "", {});
    line.end();
}

void Switchboard::greet(Line& line) {
    const BootTime now = clock_.boot();
    if (line.next_hello > now) return;
    line.next_hello = BootTime{now.value() + line.hello_wait_us};
    if (!line.dial()->connected()) {
        const auto why = line.dial()->trouble();
        line.trouble = why ? why->message : "not connected";
        line.next_try = BootTime{now.value() + line.dial()->next_try_us()};
        line.hello_wait_us = kHelloWaitMin;
        return;
    }
    if (line.quiet_us().value_or(0) >= kSilence) {
        line.dial()->hang_up();
        return;
    }
    line.begin(std::make_unique<Session>(make_hello(line.name()), true, line.local()));
    line.send(Message{line.session()->hello()});
    line.hello_wait_us = std::min(line.hello_wait_us * 2, kHelloWaitMax);
}

void Switchboard::tick() {
    const BootTime now = clock_.boot();
    for (const auto& line : dialled_) {
        const bool stands = line->session() != nullptr && line->session()->established();
        if (stands && !line->dial()->connected()) {
            end(*line, "the connection was lost");
        } else if (!stands) {
            greet(*line);
        }
    }
    for (Line* line : lines()) {
        Session* session = line->session();
        if (session == nullptr || !session->established()) continue;
        if (line->gone()) {
            end(*line, "the connection was lost");
            continue;
        }
        // A message that takes long to come is heard by its bytes.
        const auto quiet = session->silent(now) ? line->quiet_us() : std::nullopt;
        if (quiet) session->bytes_came(BootTime{now.value() - *quiet});
        if (session->silent(now)) {
            end(*line,
                "nothing was heard for " + std::to_string(schema::kSilenceMax.count()) + " s");
            if (line->dialled()) line->dial()->hang_up();
            continue;
        }
        if (const auto ping = session->ping(now)) line->send(Message{*ping});
        for (const StoreId& store : session->receiver.due(now, session->asked()))
            want(*line, store);
    }
    std::erase_if(called_, [](const auto& entry) {
        return entry.second->session() == nullptr && entry.second->idle();
    });
}

void Switchboard::announce(const StoreId& store, const Line* from) {
    for (Line* line : lines()) {
        if (line != from && line->session() != nullptr) line->announced.insert(store);
    }
}

void Switchboard::tell_applied(const schema::Applied& applied) {
    for (const auto& line : dialled_) {
        if (!line->local() || line->session() == nullptr || !line->session()->established())
            continue;
        schema::Applied message = applied;
        message.session = line->session()->to_peer();
        line->send(Message{std::move(message)});
    }
}

void Switchboard::want_again() {
    for (Line* line : lines()) {
        if (line->session() == nullptr || !line->session()->established()) continue;
        std::set<StoreId> stores;
        for (const std::string& store : line->session()->peer().offers) stores.emplace(store);
        for (const auto& [store, flow] : line->session()->receiver.flows()) stores.insert(store);
        for (const StoreId& store : stores) want(*line, store);
    }
}

std::vector<Leg> Switchboard::incoming_legs() const {
    std::vector<Leg> legs;
    const BootTime now = clock_.boot();
    const auto add = [&](const Line& line) {
        const Session* session = line.session();
        if (session == nullptr || !session->established()) {
            if (!line.dialled()) return;
            Leg leg;
            leg.peer = line.remote().name;
            leg.direction = "in";
            const BootTime next = std::max(line.next_hello, line.next_try);
            leg.next_try_us = std::max<std::int64_t>(next.value() - now.value(), 0);
            leg.note = line.trouble;
            legs.push_back(std::move(leg));
            return;
        }
        for (const auto& [store, flow] : session->receiver.flows()) {
            Leg leg;
            leg.peer = session->peer().name;
            leg.direction = "in";
            leg.origin = store.value();
            leg.topics = join(flow.next_after);
            leg.connected = true;
            std::uint64_t lowest = UINT64_MAX;
            for (const auto& [topic, after] : flow.next_after) {
                lowest = std::min(lowest, after.value());
            }
            leg.position = flow.next_after.empty() ? 0 : lowest;
            leg.end = std::max(flow.end.value(), leg.position);
            leg.depth_events = leg.end - leg.position;
            if (leg.depth_events == 0) leg.depth_bytes = 0;
            leg.last_heard_us = now.value() - session->last_heard().value();
            if (flow.retry)
                leg.next_try_us = std::max<std::int64_t>(flow.retry->value() - now.value(), 0);
            leg.note = flow.stopped;
            legs.push_back(std::move(leg));
        }
    };
    for (const Line* line : lines()) add(*line);
    return legs;
}

bool Switchboard::session_of(const std::string& receiver, std::int64_t& heard_us) const {
    for (const Line* line : lines()) {
        const Session* session = line->session();
        if (session == nullptr || !session->established()) continue;
        if (session->peer().name != receiver) continue;
        heard_us = clock_.boot().value() - session->last_heard().value();
        return true;
    }
    return false;
}

std::vector<std::pair<std::string, std::int64_t>> Switchboard::counters() const {
    std::vector<std::pair<std::string, std::int64_t>> list(counters_.begin(), counters_.end());
    std::int64_t bytes_out = 0;
    for (const Line* line : lines()) bytes_out += static_cast<std::int64_t>(line->bytes_out);
    list.emplace_back("bytes_out", bytes_out);
    return list;
}

}  // namespace filial::core
