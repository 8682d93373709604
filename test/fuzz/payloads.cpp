// The payloads of the product's events. The first byte picks the kind.
#include "schema/payloads.h"

#include "schema/accepted_loss.h"
#include "schema/grant_payloads.h"
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
    switch (data[0] % 10) {
        case 0:
            check_payload(parser, bytes, decode_stock_moved);
            break;
        case 1:
            check_payload(parser, bytes, decode_debt_moved);
            break;
        case 2:
            check_payload(parser, bytes, decode_limit_set);
            break;
        case 3:
            check_payload(parser, bytes, decode_customer_changed);
            break;
        case 4:
            check_payload(parser, bytes, decode_transfer_step);
            break;
        case 5:
            check_payload(parser, bytes, decode_notice_taken);
            break;
        case 6:
            check_payload(parser, bytes, decode_log_opened);
            check_payload(parser, bytes, decode_accepted_loss);
            break;
        case 7:
            check_payload(parser, bytes, decode_grant_step);
            break;
        case 8:
            check_payload(parser, bytes, decode_debt_told);
            break;
        default:
            check_payload(parser, bytes, decode_account_step);
            break;
    }
    return 0;
}
