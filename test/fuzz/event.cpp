// One event's row, and the places of trailing fields in any array.
#include "schema/event.h"

#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Parser parser;
    const ByteView bytes = fuzz::view(data, size);
    const auto fields = parser.array(bytes);
    const auto elements = Parser::elements_from(bytes, 0);
    if (fields) {
        fuzz::require(elements.has_value(), "what parses can be walked");
        const auto count = Parser::count_values(*elements);
        fuzz::require(count && *count == fields->size(), "walking counts what parsing counts");
    }

    LoggedEvent logged{Epoch{1}, Sequence{1}, {}};
    if (!decode_row(parser, bytes, logged.event)) return 0;
    const Bytes row = encode_row(logged.event);
    fuzz::require(row.size() <= size, "the canonical form is the shortest");
    LoggedEvent second{Epoch{1}, Sequence{1}, {}};
    fuzz::require(decode_row(parser, row, second.event).has_value(), "a written row is read");
    fuzz::require(second == logged, "a row that was read is written and read alike");
    fuzz::require(encode_row(second.event) == row, "one event has one row");
    const StoreId store{"store1"};
    fuzz::require(event_hash(store, second) == event_hash(store, logged), "one event has one hash");
    return 0;
}
