#include "core/journal/log_layout.h"

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Sequence;

namespace {

constexpr std::uint64_t kLogValueVersion = 1;
constexpr std::size_t kPositionBytes = 8;

}  // namespace

Bytes topic_prefix(const schema::StoreId& store, std::string_view topic) {
    Bytes prefix;
    prefix.reserve(store.value().size() + topic.size() + 2 + kPositionBytes);
    prefix += store.value();
    prefix += '\0';
    prefix += topic;
    prefix += '\0';
    return prefix;
}

Bytes log_key(const Bytes& topic_prefix, Sequence upto) {
    Bytes key = topic_prefix;
    for (int shift = 56; shift >= 0; shift -= 8) {
        key += static_cast<char>(upto.value() >> shift & 0xff);
    }
    return key;
}

Result<Sequence> upto_of(ByteView key, const Bytes& topic_prefix) {
    if (key.size() != topic_prefix.size() + kPositionBytes) {
        return fail(Errc::corrupt, "a key of the log has " + std::to_string(key.size()) + " bytes");
    }
    std::uint64_t value = 0;
    for (const char byte : key.substr(topic_prefix.size())) {
        value = value << 8 | static_cast<unsigned char>(byte);
    }
    return Sequence{value};
}

Bytes behind(ByteView prefix) {
    Bytes key(prefix);
    while (!key.empty() && key.back() == '\xff') key.pop_back();
    if (!key.empty()) key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
    return key;
}

Bytes encode_log_value(std::uint64_t events_before, std::uint64_t bytes_before,
                       schema::Timestamp at, const schema::Segment& segment) {
    schema::Writer out;
    out.array(5).u64(kLogValueVersion).u64(events_before).u64(bytes_before).i64(at.value());
    write_segment(out, segment);
    return out.take();
}

Result<LogValue> decode_log_value(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("commit", fields.error());
    const std::uint64_t version = fields->u64();
    if (version > kLogValueVersion) {
        return fail(Errc::schema_too_new,
                    "commit: version " + std::to_string(version) + " is not known here");
    }
    LogValue value;
    value.events_before = fields->u64();
    value.bytes_before = fields->u64();
    value.at = schema::Timestamp{fields->i64()};
    auto segment = read_segment(*fields);
    if (!segment) return fail("commit", segment.error());
    if (const auto done = parser.finish("commit"); !done) return tl::unexpected(done.error());
    if (segment->empty()) return fail(Errc::corrupt, "commit: holds no events");
    value.segment = std::move(*segment);
    return value;
}

std::size_t bytes_of(const JournalWrite& write) {
    std::size_t bytes = 512;
    for (const Append& append : write.appends) {
        for (const schema::Segment& segment : append.segments) {
            bytes += segment.size() + 8 * segment.rows.size() + 256;
        }
    }
    for (const auto& [key, value] : write.state) {
        bytes += key.size() + (value ? value->size() : 0) + 32;
    }
    return bytes;
}

}  // namespace filial::core
