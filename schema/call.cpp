#include "schema/call.h"

namespace filial::schema {

namespace {

void write_need(Writer& out, const Need& need) { out.array(2).str(need.topic).str(need.store); }

Need read_need(Fields& fields) {
    Fields parts = fields.array();
    Need need;
    need.topic = parts.str();
    need.store = parts.str();
    return need;
}

}  // namespace

void write_call(Writer& out, const Call& call) {
    out.u64(call.request).u64(call.lease_ms).u64(call.bytes_left).array(call.needs.size());
    for (const Need& need : call.needs) write_need(out, need);
}

Call read_call(Fields& fields) {
    Call call;
    call.request = fields.u64();
    call.lease_ms = fields.u64();
    call.bytes_left = fields.u64();
    Fields needs = fields.array();
    while (needs.more()) call.needs.push_back(read_need(needs));
    return call;
}

void write_call_state(Writer& out, const CallState& state) {
    out.u64(state.request).array(state.legs.size());
    for (const CallLeg& leg : state.legs) {
        out.array(11).str(leg.remote).boolean(leg.up).boolean(leg.connected).boolean(leg.settled);
        out.u64(leg.bytes_in).u64(leg.bytes_out).u64(leg.events_in).u64(leg.events_out);
        out.u64(leg.waiting_in).u64(leg.waiting_out).str(leg.note);
    }
    out.array(state.needs.size());
    for (const NeedState& each : state.needs) {
        out.array(6);
        write_need(out, each.need);
        out.boolean(each.met).boolean(each.ever).i64(each.as_of.value()).i64(each.age_us);
        out.boolean(each.age_exact);
    }
}

CallState read_call_state(Fields& fields) {
    CallState state;
    state.request = fields.u64();
    Fields legs = fields.array();
    while (legs.more()) {
        Fields parts = legs.array();
        CallLeg leg;
        leg.remote = parts.str();
        leg.up = parts.boolean();
        leg.connected = parts.boolean();
        leg.settled = parts.boolean();
        leg.bytes_in = parts.u64();
        leg.bytes_out = parts.u64();
        leg.events_in = parts.u64();
        leg.events_out = parts.u64();
        leg.waiting_in = parts.u64();
        leg.waiting_out = parts.u64();
        leg.note = parts.str();
        state.legs.push_back(std::move(leg));
    }
    Fields needs = fields.array();
    while (needs.more()) {
        Fields parts = needs.array();
        NeedState each;
        each.need = read_need(parts);
        each.met = parts.boolean();
        each.ever = parts.boolean();
        each.as_of = Timestamp{parts.i64()};
        each.age_us = parts.i64();
        each.age_exact = parts.boolean();
        state.needs.push_back(std::move(each));
    }
    return state;
}

}  // namespace filial::schema
