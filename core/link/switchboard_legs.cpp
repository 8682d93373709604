// What the switchboard tells of the logs that come in.
#include <algorithm>

#include "core/link/switchboard.h"

namespace filial::core {

using schema::Leg;
using schema::StoreId;

namespace {

Leg incoming(const std::string& peer) {
    Leg leg;
    leg.peer = peer;
    leg.direction = "in";
    return leg;
}

/// The leg of one log, whether its session stands or was lost; `after` is what is held of it.
Leg leg_of(const std::string& peer, const StoreId& store, const Receiver::Flow& flow,
           const std::map<std::string, schema::Sequence>& after) {
    Leg leg = incoming(peer);
    leg.origin = store.value();
    std::uint64_t lowest = UINT64_MAX;
    for (const auto& [topic, position] : after) {
        leg.topics += (leg.topics.empty() ? "" : ",") + topic;
        lowest = std::min(lowest, position.value());
    }
    leg.position = after.empty() ? 0 : lowest;
    leg.end = std::max(flow.end.value(), leg.position);
    leg.depth_events = leg.end - leg.position;
    if (leg.depth_events == 0) leg.depth_bytes = 0;
    return leg;
}

std::int64_t until(BootTime when, BootTime now) {
    return std::max<std::int64_t>(when.value() - now.value(), 0);
}

}  // namespace

std::vector<Leg> Switchboard::lost_legs(const Line& line) const {
    std::vector<Leg> legs;
    const BootTime now = clock_.boot();
    for (const auto& [store, flow] : line.lost.flows) {
        Want want{store, flow.epoch, {}};
        for (const auto& [topic, position] : flow.next_after)
            want.after.push_back({topic, position});
        // Another line may have brought more since.
        auto after = flow.next_after;
        for (const auto& [topic, position] : host_.durable(want)) after[topic] = position;
        legs.push_back(leg_of(line.lost.peer, store, flow, after));
        legs.back().last_heard_us = now.value() - line.lost.heard.value();
    }
    if (legs.empty()) legs.push_back(incoming(line.remote().name));
    for (Leg& leg : legs) {
        if (line.up()) leg.next_try_us = until(std::max(line.next_hello, line.next_try), now);
        leg.note = line.trouble;
    }
    return legs;
}

std::vector<Leg> Switchboard::incoming_legs() const {
    std::vector<Leg> legs;
    const BootTime now = clock_.boot();
    for (const Line* line : lines()) {
        const Session* session = line->session();
        if (session == nullptr || !session->established()) {
            if (!line->dialled()) continue;
            for (Leg& leg : lost_legs(*line)) legs.push_back(std::move(leg));
            continue;
        }
        for (const auto& [store, flow] : session->receiver.flows()) {
            Leg leg = leg_of(session->peer().name, store, flow, flow.next_after);
            leg.connected = true;
            leg.last_heard_us = now.value() - session->last_heard().value();
            if (flow.retry) leg.next_try_us = until(*flow.retry, now);
            leg.note = flow.stopped;
            legs.push_back(std::move(leg));
        }
    }
    return legs;
}

void Switchboard::remember_legs(Line& line) {
    const Session& session = *line.session();
    line.lost.peer = session.peer().name;
    line.lost.heard = session.last_heard();
    // One that ended before it asked for anything knows no better than the one before it.
    if (!session.receiver.flows().empty()) line.lost.flows = session.receiver.flows();
}

}  // namespace filial::core
