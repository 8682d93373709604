#include "schema/base_row.h"

#include "schema/limits.h"

namespace filial::schema {

namespace {

constexpr std::uint64_t kBaseRowVersion = 1;
constexpr std::size_t kEpochBytes = 4;
constexpr std::size_t kSeqBytes = 8;

void append_number(Bytes& to, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) to += static_cast<char>(value >> 8 * i & 0xff);
}

std::uint64_t read_number(ByteView bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

Bytes key_of(const BaseRow& row) {
    Bytes key(1, static_cast<char>(row.kind));
    if (row.kind == BaseRow::Kind::event) {
        append_number(key, row.seq.value(), kSeqBytes);
        return key;
    }
    if (row.kind != BaseRow::Kind::held) append_number(key, row.epoch.value(), kEpochBytes);
    return key + row.key;
}

Bytes value_of(const BaseRow& row) {
    Writer out;
    switch (row.kind) {
        case BaseRow::Kind::sum:
            out.array(3).u64(kBaseRowVersion).u64(row.events).i64(row.sum);
            break;
        case BaseRow::Kind::held:
            out.array(1).u64(kBaseRowVersion);
            break;
        case BaseRow::Kind::newest:
            out.array(4).u64(kBaseRowVersion).u64(row.seq.value()).bin(view(row.client));
            out.bin(row.row);
            break;
        case BaseRow::Kind::event:
            out.array(4).u64(kBaseRowVersion).u64(row.epoch.value()).bin(view(row.client));
            out.bin(row.row);
            break;
    }
    return out.take();
}

Result<BaseRow> decode_base_row(Parser& parser, ByteView key, ByteView value) {
    const auto damaged = [] { return fail(Errc::corrupt, "a base's row has no such key"); };
    if (key.empty()) return damaged();
    BaseRow row;
    row.kind = static_cast<BaseRow::Kind>(key.front());
    key.remove_prefix(1);
    const bool of_epoch = row.kind == BaseRow::Kind::sum || row.kind == BaseRow::Kind::newest;
    const bool of_key = of_epoch || row.kind == BaseRow::Kind::held;
    if (row.kind == BaseRow::Kind::event) {
        if (key.size() != kSeqBytes) return damaged();
        row.seq = Sequence{read_number(key)};
    } else if (!of_key) {
        return damaged();
    }
    if (of_epoch) {
        if (key.size() < kEpochBytes) return damaged();
        row.epoch = Epoch{static_cast<std::uint32_t>(read_number(key.substr(0, kEpochBytes)))};
        key.remove_prefix(kEpochBytes);
    }
    if (of_key) row.key = key;
    if (row.key.size() > kKeyBytesMax) return damaged();

    auto fields = parser.array(value);
    if (!fields) return fail("a base's row", fields.error());
    if (fields->u64() > kBaseRowVersion) {
        return fail(Errc::schema_too_new, "a base's row is of a newer version");
    }
    if (row.kind == BaseRow::Kind::sum) {
        row.events = fields->u64();
        row.sum = fields->i64();
    } else if (row.kind == BaseRow::Kind::newest) {
        row.seq = Sequence{fields->u64()};
    } else if (row.kind == BaseRow::Kind::event) {
        row.epoch = Epoch{fields->u32()};
    }
    if (row.kind == BaseRow::Kind::newest || row.kind == BaseRow::Kind::event) {
        row.client = id16_from(fields->bin());
        row.row = fields->bin();
        if (row.row.size() > kEventBytesMax) fields->refuse("an event's row");
    }
    if (const auto done = parser.finish("a base's row"); !done) return tl::unexpected(done.error());
    return row;
}

}  // namespace filial::schema
