#include "schema/trade_payloads.h"

#include "schema/names.h"
#include "schema/payloads.h"

namespace filial::schema {
namespace {

void write_positions(Writer& out, const std::vector<Position>& positions) {
    out.array(positions.size());
    for (const Position& position : positions) write_position(out, position);
}

std::vector<Position> read_positions(Fields& fields) {
    std::vector<Position> positions;
    Fields list = fields.array();
    while (list.more()) positions.push_back(read_position(list));
    return positions;
}

}  // namespace

Bytes encode(const SeenWrites& seen) {
    Writer out;
    out.array(1).array(seen.fields.size());
    for (const SeenWrites::Field& field : seen.fields) {
        out.array(2).str(field.name);
        write_positions(out, field.writes);
    }
    return out.take();
}

Result<SeenWrites> decode_seen_writes(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("seen writes", fields.error());
    SeenWrites seen;
    Fields list = fields->array();
    while (list.more()) {
        Fields parts = list.array();
        SeenWrites::Field field;
        field.name = parts.str();
        field.writes = read_positions(parts);
        seen.fields.push_back(std::move(field));
    }
    if (const auto done = parser.finish("seen writes"); !done) return tl::unexpected(done.error());
    return seen;
}

Bytes encode(const DayClosed& day) {
    Writer out;
    out.array(4).i64(day.offset_minutes);
    write_positions(out, day.cut);
    out.array(day.late.size());
    for (const std::string& store : day.late) out.str(store);
    out.str(day.previous);
    return out.take();
}

Result<DayClosed> decode_day_closed(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kDayClosed, fields.error());
    DayClosed day;
    day.offset_minutes = fields->i64();
    day.cut = read_positions(*fields);
    Fields late = fields->array();
    while (late.more()) day.late.push_back(read_store(late).value());
    day.previous = fields->str();
    if (const auto done = parser.finish(kDayClosed); !done) return tl::unexpected(done.error());
    return day;
}

}  // namespace filial::schema
