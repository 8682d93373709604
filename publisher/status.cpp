// What the publisher says of itself: its legs with their depths, counters, health.
#include <algorithm>

#include "core/process.h"
#include "publisher/publisher.h"
#include "schema/names.h"

namespace filial::publisher {

using schema::Leg;
using schema::Sequence;

namespace {

constexpr const char* kNoBroker =
    "no broker: transfers with other stores never settle, since notices come from brokers alone";

/// "store9 was last heard 2 days ago".
std::string last_heard(const core::HeldMark* held, const std::string& store,
                       const core::Clock& clock) {
    if (held == nullptr) return store + " was not heard since this program started";
    bool exact = true;
    const std::int64_t seconds = held->age_us(clock.boot(), clock.boot_id(), exact) / core::kSecond;
    const auto about = [](std::int64_t count, const char* unit) {
        return std::to_string(count) + " " + unit;
    };
    const std::string ago = seconds < 120          ? about(seconds, "seconds")
                            : seconds < 2 * 3'600  ? about(seconds / 60, "minutes")
                            : seconds < 2 * 86'400 ? about(seconds / 3'600, "hours")
                                                   : about(seconds / 86'400, "days");
    return store + " was last heard " + ago + " ago";
}

}  // namespace

Leg Publisher::outgoing_leg(const std::string& name, const Receiver& receiver) const {
    const std::int64_t now = clock_.wall().value();
    Leg leg;
    leg.peer = name;
    leg.direction = "out";
    leg.origin = outbox_->store().value();
    leg.end = outbox_->end().value();
    leg.position = leg.end;
    leg.depth_bytes = 0;
    std::optional<schema::Timestamp> oldest;
    for (const schema::TopicEnd& topic : receiver.after) {
        leg.topics += (leg.topics.empty() ? "" : ",") + topic.topic;
        leg.position = std::min(leg.position, topic.seq.value());
        const Sequence after = std::min(topic.seq, outbox_->end());
        const auto depth = journal_.depth(outbox_->store(), {topic.topic}, after);
        if (!depth) {
            leg.note = depth.error().message;
            continue;
        }
        leg.depth_events += depth->events;
        leg.depth_bytes += static_cast<std::int64_t>(depth->bytes);
        if (depth->oldest && (!oldest || *depth->oldest < *oldest)) oldest = depth->oldest;
    }
    if (oldest) leg.oldest_age_us = std::max<std::int64_t>(now - oldest->value(), 0);
    leg.connected = legs_->session_of(name, leg.last_heard_us);
    if (!leg.connected && receiver.heard.value() > 0) {
        leg.last_heard_us = std::max<std::int64_t>(now - receiver.heard.value(), 0);
    }
    return leg;
}

/// What waits for a hub that never fetched: all of the log.
Leg Publisher::leg_never_asked(const std::string& hub) const {
    Leg leg = outgoing_leg(hub, Receiver{"broker", {{"*", Sequence{0}}}, {}, false});
    leg.connected = legs_->session_of(hub + "/broker", leg.last_heard_us);
    leg.note = leg.connected ? "it has not asked for this log yet" : "it never asked for this log";
    return leg;
}

std::vector<Leg> Publisher::legs() const {
    std::vector<Leg> all;
    std::vector<Leg> incoming = legs_->incoming();
    for (const auto& [name, receiver] : receivers_->all()) {
        all.push_back(outgoing_leg(name, receiver));
        const bool other = schema::store_of(name) != outbox_->store().value();
        if (other && options_.hubs.empty() && incoming.empty()) all.back().note = kNoBroker;
    }
    for (const core::Remote& hub : options_.hubs) {
        const bool asked = receivers_->all().contains(hub.name + "/broker");
        if (!asked) all.push_back(leg_never_asked(hub.name));
    }
    const std::size_t outgoing = all.size();
    for (Leg& leg : incoming) {
        // A remote that cannot be reached now is where the own log waits for, too.
        for (std::size_t i = 0; i < outgoing && !leg.connected; ++i) {
            if (schema::store_of(all[i].peer) != schema::store_of(leg.peer) || all[i].connected)
                continue;
            all[i].next_try_us = leg.next_try_us;
            all[i].note = leg.note;
        }
        all.push_back(std::move(leg));
    }
    return all;
}

schema::Status Publisher::status(std::uint64_t request) const {
    schema::Status status;
    status.request = request;
    status.process = "publisher";
    status.store = outbox_->store().value();
    status.version = FILIAL_VERSION;
    status.health =
        full_.empty() ? hubs_.changed() : "no room, tickets are answered busy: " + full_;
    if (status.health.empty()) status.health = "ok";
    status.uptime_us = static_cast<std::uint64_t>(clock_.boot().value() - started_.value());
    status.memory_bytes = core::resident_bytes();
    status.epoch = outbox_->epoch().value();
    status.end = outbox_->end().value();
    status.legs = legs();
    const IntakeCounts& counts = intake_.counts();
    status.counters = {{"tickets", counts.tickets},
                       {"repeated", counts.repeated},
                       {"refused", counts.refused},
                       {"busy", counts.busy},
                       {"events", events_},
                       {"groups", groups_},
                       {"notices", control_->notices_taken()},
                       {"notices_undecided", control_->notices_undecided()},
                       {"looks", pace_.looks()}};
    status.waiting = rounds_.waiting(*outbox_, [&](const std::string& store) {
        return last_heard(legs_->marks().find(schema::StoreId{store}), store, clock_);
    });
    for (auto& counter : legs_->counters()) status.counters.push_back(std::move(counter));
    return status;
}

}  // namespace filial::publisher
