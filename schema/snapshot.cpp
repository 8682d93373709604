#include "schema/snapshot.h"

#include "schema/names.h"

namespace filial::schema {

void write_snapshot_ask(Writer& out, const SnapshotAsk& ask) {
    out.u64(ask.session).str(ask.store.value()).str(ask.topic).u64(ask.upto.value());
    out.bin(ask.after).u64(ask.most);
}

SnapshotAsk read_snapshot_ask(Fields& fields) {
    SnapshotAsk ask;
    ask.session = fields.u64();
    ask.store = read_store(fields);
    ask.topic = read_topic(fields);
    ask.upto = Sequence{fields.u64()};
    ask.after = fields.bin();
    ask.most = fields.u64();
    return ask;
}

void write_chunk(Writer& out, const Chunk& chunk) {
    const BaseInfo& info = chunk.info;
    out.u64(chunk.session).str(chunk.store.value()).str(chunk.topic).u64(info.epoch.value());
    out.u64(info.upto.value()).u64(info.events).bin(view(info.chain)).bin(chunk.after);
    out.boolean(chunk.last).u64(chunk.checksum).bin(chunk.rows);
}

Chunk read_chunk(Fields& fields) {
    Chunk chunk;
    chunk.session = fields.u64();
    chunk.store = read_store(fields);
    chunk.topic = read_topic(fields);
    chunk.info.epoch = Epoch{fields.u32()};
    chunk.info.upto = Sequence{fields.u64()};
    chunk.info.events = fields.u64();
    chunk.info.chain = hash_from(fields.bin());
    chunk.after = fields.bin();
    chunk.last = fields.boolean();
    chunk.checksum = fields.u64();
    chunk.rows = fields.bin();
    return chunk;
}

Bytes encode_rows(const EncodedRows& rows) {
    Writer out;
    out.array(2 * rows.size());
    for (const auto& [key, value] : rows) out.bin(key).bin(value);
    return out.take();
}

Result<std::vector<BaseRow>> decode_rows(ByteView bytes) {
    std::vector<BaseRow> rows;
    Parser outer, inner;
    auto fields = outer.array(bytes);
    if (!fields) return fail("rows of a base", fields.error());
    Bytes before;
    while (fields->more()) {
        const ByteView key = fields->bin();
        const ByteView value = fields->bin();
        if (key <= before) return fail(Errc::corrupt, "rows of a base: not in their order");
        auto row = decode_base_row(inner, key, value);
        if (!row) return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
        before = key;
    }
    if (const auto done = outer.finish("rows of a base"); !done) {
        return tl::unexpected(done.error());
    }
    return rows;
}

}  // namespace filial::schema
