// The payloads of schema/trade_payloads.h and schema/verdict_payload.h. The first byte picks the
// kind.
#include "schema/trade_payloads.h"
#include "schema/verdict_payload.h"

#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

namespace {

template <class T>
void check_payload(Parser& parser, ByteView bytes, Result<T> (*decode)(Parser&, ByteView)) {
    const auto value = decode(parser, bytes);
    if (!value) return;
    const Bytes again = encode(*value);
    const auto second = decode(parser, again);
    fuzz::require(second && *second == *value, "a payload that was read is written and read alike");
    fuzz::require(encode(*second) == again, "one value has one encoding");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static Parser parser;
    const ByteView bytes = fuzz::view(data + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            check_payload(parser, bytes, decode_seen_writes);
            break;
        case 1:
            check_payload(parser, bytes, decode_day_closed);
            break;
        default:
            check_payload(parser, bytes, decode_store_verdict);
            break;
    }
    return 0;
}
