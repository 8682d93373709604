#include "schema/event.h"

#include "schema/limits.h"
#include "schema/names.h"

namespace filial::schema {
namespace {

constexpr std::size_t kRowFields = 9;
/// Most events are hashed from fewer bytes.
constexpr std::size_t kHashedBytes = 256;

/// How many values stand one after the other in `extra`; they came out of an array once.
std::size_t extra_count(const Event& event) {
    if (event.extra.empty()) return 0;
    const auto count = Parser::count_values(event.extra);
    check(count.has_value(), "an event's trailing fields are whole values");
    return *count;
}

Result<void> check_sizes(ByteView row, const Event& event) {
    const auto refuse = [](const char* what, std::size_t size, std::size_t most) {
        return fail(Errc::too_large, std::string("event: ") + what + " of " + std::to_string(size) +
                                         " bytes, at most " + std::to_string(most));
    };
    if (row.size() > kEventBytesMax) return refuse("row", row.size(), kEventBytesMax);
    if (event.key.size() > kKeyBytesMax) return refuse("key", event.key.size(), kKeyBytesMax);
    if (event.kind.size() > kTopicBytesMax) {
        return refuse("kind", event.kind.size(), kTopicBytesMax);
    }
    return {};
}

void write_optional(Writer& out, const std::string& text) {
    if (text.empty()) {
        out.nil();
    } else {
        out.str(text);
    }
}

}  // namespace

Bytes encode_row(const Event& event) {
    Writer out;
    const std::size_t extras = extra_count(event);
    out.array(kRowFields + extras).str(event.kind).u64(event.version).i64(event.at.value());
    out.str(event.key);
    write_optional(out, event.addressee);
    out.u64(event.number).u64(event.index).u64(event.count).bin(event.payload).raw(event.extra);
    return out.take();
}

Result<void> decode_row(Parser& parser, ByteView row, Event& event) {
    auto fields = parser.array(row);
    if (!fields) return fail("event", fields.error());
    event.kind = fields->str();
    event.version = fields->u32();
    event.at = Timestamp{fields->i64()};
    event.key = fields->str();
    event.addressee = read_store_or_none(*fields).value();
    event.number = fields->u64();
    event.index = fields->u32();
    event.count = fields->u32();
    event.payload = fields->bin();
    event.extra.clear();
    if (fields->size() > kRowFields) {
        const auto extra = Parser::elements_from(row, kRowFields);
        if (!extra) return fail("event", extra.error());
        event.extra = *extra;
    }
    if (fields->size() < kRowFields) return fail(Errc::corrupt, "event: fields are missing");
    if (const auto ok = check_sizes(row, event); !ok) return ok;
    return parser.finish("event");
}

Hash event_hash(const StoreId& store, const LoggedEvent& logged) {
    const Event& event = logged.event;
    const std::size_t extras = extra_count(event);
    Writer out;
    out.reserve(kHashedBytes);
    out.array(14 + extras).str(store.value()).u64(logged.epoch.value()).u64(logged.seq.value());
    out.str(event.topic).bin(view(event.client)).str(event.kind).u64(event.version);
    out.i64(event.at.value()).str(event.key);
    write_optional(out, event.addressee);
    out.u64(event.number).u64(event.index).u64(event.count);
    out.bin(view(hash_of(event.payload))).raw(event.extra);
    return hash_of(out.bytes());
}

}  // namespace filial::schema
