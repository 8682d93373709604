// What people type: amounts, times, names.
#include "schema/amounts.h"
#include "schema/codec.h"
#include "schema/ids.h"
#include "schema/timestamp.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView text = fuzz::view(data, size);
    if (const auto money = parse_money(text)) {
        const auto again = parse_money(to_string(*money));
        fuzz::require(again && *again == *money, "money is printed and read alike");
    }
    if (const auto quantity = parse_quantity(text)) {
        const auto again = parse_quantity(to_string(*quantity));
        fuzz::require(again && *again == *quantity, "a quantity is printed and read alike");
    }
    if (const auto time = parse_timestamp(text)) {
        const auto again = parse_timestamp(to_string(*time));
        fuzz::require(again && *again == *time, "a time is printed and read alike");
    }
    if (size == 8) {
        std::int64_t number = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            number = static_cast<std::int64_t>(static_cast<std::uint64_t>(number) << 8 | data[i]);
        }
        fuzz::require(!to_string(Timestamp{number}).empty(), "every time is printed");
        fuzz::require(parse_money(to_string(Money{number}))->value() == number, "and all money");
    }
    const auto store = parse_store_id(text);
    fuzz::require(!store || is_utf8(text), "a store's name is text");
    const auto topic = parse_topic(text);
    fuzz::require(!topic || is_utf8(text), "a topic is text");
    return 0;
}
