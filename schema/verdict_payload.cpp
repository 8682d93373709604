#include "schema/verdict_payload.h"

#include "schema/names.h"
#include "schema/payloads.h"

namespace filial::schema {

Bytes encode(const StoreVerdict& verdict) {
    Writer out;
    out.array(7);
    write_position(out, verdict.cause);
    out.str(verdict.topic).bin(view(verdict.client)).u64(verdict.number).u64(verdict.index);
    out.str(verdict.finding).str(verdict.text);
    return out.take();
}

Result<StoreVerdict> decode_store_verdict(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kStoreVerdict, fields.error());
    StoreVerdict verdict;
    verdict.cause = read_position(*fields);
    verdict.topic = fields->str();
    verdict.client = id16_from(fields->bin());
    verdict.number = fields->u64();
    verdict.index = fields->u64();
    verdict.finding = fields->str();
    verdict.text = fields->str();
    if (const auto done = parser.finish(kStoreVerdict); !done) return tl::unexpected(done.error());
    return verdict;
}

}  // namespace filial::schema
