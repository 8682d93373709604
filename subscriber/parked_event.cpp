#include "subscriber/parked_event.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

namespace {

/// 0: an earlier event is in its way, or an older version did not say.
std::uint64_t parked_code(const Obstacle& obstacle) {
    return obstacle.code ? static_cast<std::uint64_t>(*obstacle.code) : 0;
}

std::optional<schema::Errc> parked_code_of(std::uint64_t number) {
    if (number == 0) return std::nullopt;
    return schema::errc_from_wire(number);
}

}  // namespace

Bytes encode(const ParkedEvent& event) {
    schema::Writer out;
    out.array(event.waiver ? 11 : 8).u64(1).str(event.key).str(event.obstacle.reason);
    out.u64(event.epoch.value()).bin(schema::view(event.client)).bin(event.row);
    out.i64(event.since.value()).u64(parked_code(event.obstacle));
    if (event.waiver) {
        out.str(event.waiver->who).i64(event.waiver->at.value()).str(event.waiver->reason);
    }
    return out.take();
}

Result<ParkedEvent> decode_parked_event(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("a parked event", fields.error());
    ParkedEvent event;
    fields->skip();  // Version.
    event.key = fields->str();
    event.obstacle.reason = fields->str();
    event.epoch = schema::Epoch{fields->u32()};
    event.client = schema::id16_from(fields->bin());
    event.row = fields->bin();
    event.since = schema::Timestamp{fields->i64()};
    event.obstacle.code = parked_code_of(fields->u64());
    if (fields->more()) {
        event.waiver.emplace();
        event.waiver->who = fields->str();
        event.waiver->at = schema::Timestamp{fields->i64()};
        event.waiver->reason = fields->str();
    }
    if (const auto done = parser.finish("a parked event"); !done) {
        return tl::unexpected(done.error());
    }
    return event;
}

Bytes encode(const ParkedState& state) {
    schema::Writer out;
    out.array(9).u64(1).u64(state.events).u64(state.epoch.value()).u64(state.first.value());
    out.u64(state.last.value()).str(state.obstacle.reason).i64(state.since.value());
    out.u64(parked_code(state.obstacle)).u64(state.tried);
    return out.take();
}

Result<ParkedState> decode_parked_state(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("what is parked of a key", fields.error());
    ParkedState state;
    fields->skip();  // Version.
    state.events = fields->u64();
    state.epoch = schema::Epoch{fields->u32()};
    state.first = schema::Sequence{fields->u64()};
    state.last = schema::Sequence{fields->u64()};
    state.obstacle.reason = fields->str();
    state.since = schema::Timestamp{fields->i64()};
    state.obstacle.code = parked_code_of(fields->u64());
    state.tried = fields->u64();
    if (const auto done = parser.finish("what is parked of a key"); !done) {
        return tl::unexpected(done.error());
    }
    return state;
}

}  // namespace filial::subscriber
