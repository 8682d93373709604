#include "subscriber/number_row.h"

#include "schema/ids.h"
#include "schema/limits.h"

namespace filial::subscriber {

using schema::ByteView;

namespace {

constexpr std::size_t kRowFields = 9;
constexpr std::size_t kDebtFields = 4;

/// Takes msgpack values off the front of `rest`. Once something does not fit, `ok` stays false.
struct Front {
    ByteView rest;
    bool ok = true;

    std::uint8_t byte() {
        if (rest.empty()) {
            ok = false;
            return 0;
        }
        const auto value = static_cast<std::uint8_t>(rest.front());
        rest.remove_prefix(1);
        return value;
    }

    std::uint64_t big_endian(std::size_t bytes) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | byte();
        return value;
    }

    ByteView take(std::uint64_t size) {
        if (size > rest.size()) {
            ok = false;
            return {};
        }
        const ByteView taken = rest.substr(0, size);
        rest.remove_prefix(size);
        return taken;
    }

    void array(std::size_t elements) { ok = byte() == (0x90 | elements) && ok; }

    std::string_view str() {
        const std::uint8_t head = byte();
        if ((head & 0xe0) == 0xa0) return take(head & 0x1f);
        if (head == 0xd9) return take(big_endian(1));
        if (head == 0xda) return take(big_endian(2));
        ok = false;
        return {};
    }

    ByteView bin() {
        const std::uint8_t head = byte();
        if (head == 0xc4) return take(big_endian(1));
        if (head == 0xc5) return take(big_endian(2));
        ok = false;
        return {};
    }

    std::uint64_t u64() {
        const std::uint8_t head = byte();
        if (head < 0x80) return head;
        if (head >= 0xcc && head <= 0xcf) return big_endian(std::size_t{1} << (head - 0xcc));
        ok = false;
        return 0;
    }

    void u32() { ok = u64() <= UINT32_MAX && ok; }

    std::int64_t i64() {
        const std::uint8_t head = rest.empty() ? 0xc1 : static_cast<std::uint8_t>(rest.front());
        if (head >= 0xe0 || (head >= 0xd0 && head <= 0xd3)) {
            byte();
            if (head >= 0xe0) return static_cast<std::int8_t>(head);
            const std::size_t bytes = std::size_t{1} << (head - 0xd0);
            const std::uint64_t raw = big_endian(bytes) << (64 - 8 * bytes);
            return static_cast<std::int64_t>(raw) >> (64 - 8 * bytes);
        }
        const std::uint64_t value = u64();
        ok = value <= INT64_MAX && ok;
        return static_cast<std::int64_t>(value);
    }

    std::string_view str_or_nil() {
        if (rest.empty() || static_cast<std::uint8_t>(rest.front()) != 0xc0) return str();
        byte();
        return {};
    }
};

}  // namespace

bool read_number_row(ByteView row, std::string_view kind, std::size_t payload_fields,
                     NumberRow& out) {
    Front front{row};
    front.array(kRowFields);
    if (front.str() != kind) return false;
    if (front.u64() != 1) return false;  // The kind's version.
    front.i64();                         // When.
    out.key = front.str();
    out.addressee = front.str_or_nil();
    front.u64();  // Number, index and count of the ticket.
    front.u32();
    front.u32();
    Front payload{front.bin()};
    if (!front.ok || !front.rest.empty()) return false;
    // The same names and sizes as everywhere.
    if (row.size() > schema::kEventBytesMax || out.key.size() > schema::kKeyBytesMax) return false;
    if (!out.addressee.empty() && !schema::parse_store_id(out.addressee)) return false;

    const std::uint8_t head = payload.byte();
    const bool beyond = payload_fields == kDebtFields && head == (0x90 | (kDebtFields + 1));
    payload.ok = payload.ok && (beyond || head == (0x90 | payload_fields));
    out.delta = payload.i64();
    payload.str();  // Reason and document.
    payload.str();
    out.flags = payload.u64();
    if (beyond || payload_fields != kDebtFields) payload.i64();  // Beyond, or the unit's cost.
    return payload.ok && payload.rest.empty();
}

}  // namespace filial::subscriber
