#include "schema/status.h"

#include "schema/names.h"

namespace filial::schema {

bool is_due(const Leg& leg) { return leg.connected || leg.direction != "out" || !is_tap(leg.peer); }

void write_status(Writer& out, const Status& status) {
    out.u64(status.request).str(status.process).str(status.store).str(status.version);
    out.str(status.health).u64(status.uptime_us).u64(status.memory_bytes).u64(status.epoch);
    out.u64(status.end).array(status.legs.size());
    for (const Leg& leg : status.legs) {
        out.array(13).str(leg.peer).str(leg.direction).str(leg.origin).str(leg.topics);
        out.boolean(leg.connected).u64(leg.position).u64(leg.end).u64(leg.depth_events);
        out.i64(leg.depth_bytes).i64(leg.oldest_age_us).i64(leg.last_heard_us);
        out.i64(leg.next_try_us).str(leg.note);
    }
    out.array(status.counters.size());
    for (const auto& [name, value] : status.counters) out.array(2).str(name).i64(value);
    if (status.waiting.empty() && status.damages.empty()) return;
    out.array(status.waiting.size());
    for (const std::string& each : status.waiting) out.str(each);
    if (status.damages.empty()) return;
    out.array(status.damages.size());
    for (const DamagedEvents& each : status.damages) {
        out.array(5).str(each.store).str(each.topic).u64(each.after).u64(each.upto).str(each.why);
    }
}

Status read_status(Fields& fields) {
    Status status;
    status.request = fields.u64();
    status.process = fields.str();
    status.store = fields.str();
    status.version = fields.str();
    status.health = fields.str();
    status.uptime_us = fields.u64();
    status.memory_bytes = fields.u64();
    status.epoch = fields.u64();
    status.end = fields.u64();
    Fields legs = fields.array();
    while (legs.more()) {
        Fields parts = legs.array();
        Leg leg;
        leg.peer = parts.str();
        leg.direction = parts.str();
        leg.origin = parts.str();
        leg.topics = parts.str();
        leg.connected = parts.boolean();
        leg.position = parts.u64();
        leg.end = parts.u64();
        leg.depth_events = parts.u64();
        for (auto* known_or_minus :
             {&leg.depth_bytes, &leg.oldest_age_us, &leg.last_heard_us, &leg.next_try_us}) {
            if (parts.more()) *known_or_minus = parts.i64();
        }
        leg.note = parts.str();
        status.legs.push_back(std::move(leg));
    }
    Fields counters = fields.array();
    while (counters.more()) {
        Fields parts = counters.array();
        std::string name(parts.str());
        status.counters.emplace_back(std::move(name), parts.i64());
    }
    Fields waiting = fields.array();
    while (waiting.more()) status.waiting.emplace_back(waiting.str());
    Fields damages = fields.array();
    while (damages.more()) {
        Fields parts = damages.array();
        DamagedEvents each;
        each.store = parts.str();
        each.topic = parts.str();
        each.after = parts.u64();
        each.upto = parts.u64();
        each.why = parts.str();
        status.damages.push_back(std::move(each));
    }
    return status;
}

}  // namespace filial::schema
