#include "core/journal/redo_record.h"

#include "schema/limits.h"

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr std::uint64_t kRedoVersion = 1;
constexpr std::size_t kNumberBytes = 8;
/// The heads of a key and a value, at most.
constexpr std::size_t kEntryOverhead = 10;

static_assert(kRedoBytesGoal + kStateEntryBytesMax < schema::kMessageBytesMax,
              "a record can be read again");
static_assert(2 * kRedoEntriesMax < schema::kArrayElementsMax, "a record is one array");

std::size_t entry_bytes(const StateEntry& entry) {
    return entry.first.size() + (entry.second ? entry.second->size() : 0) + kEntryOverhead;
}

}  // namespace

std::size_t redo_entries(std::span<const StateEntry> entries) {
    std::size_t bytes = 0;
    std::size_t count = 0;
    while (count < entries.size() && count < kRedoEntriesMax && bytes < kRedoBytesGoal) {
        bytes += entry_bytes(entries[count++]);
    }
    return count;
}

RedoPtr make_redo(std::span<const StateEntry> entries) {
    schema::Writer out;
    out.array(1 + 2 * entries.size()).u64(kRedoVersion);
    std::vector<std::pair<std::size_t, std::size_t>> ends;  // Of each key and value.
    ends.reserve(entries.size());
    for (const auto& [key, value] : entries) {
        out.bin(key);
        const std::size_t key_end = out.size();
        value ? out.bin(*value) : out.nil();
        ends.emplace_back(key_end, out.size());
    }
    auto record = std::make_unique<RedoRecord>();
    record->bytes = out.take();
    record->changes.reserve(entries.size());
    const ByteView all = record->bytes;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& [key, value] = entries[i];
        StateChange change;
        change.key = all.substr(ends[i].first - key.size(), key.size());
        if (value) change.value = all.substr(ends[i].second - value->size(), value->size());
        record->changes.push_back(change);
    }
    return record;
}

Result<std::vector<StateChange>> decode_redo(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("redo record", fields.error());
    const std::uint64_t version = fields->u64();
    if (version > kRedoVersion) {
        return fail(Errc::schema_too_new,
                    "redo record: version " + std::to_string(version) + " is not known here");
    }
    if (fields->size() % 2 == 0) return fail(Errc::corrupt, "redo record: a key without a value");
    std::vector<StateChange> changes;
    changes.reserve(fields->size() / 2);
    while (fields->more()) {
        StateChange change;
        change.key = fields->bin();
        const bool erases = fields->next_is_nil();
        const ByteView value = fields->bin();
        if (!erases) change.value = value;
        changes.push_back(change);
    }
    if (const auto ok = parser.finish("redo record"); !ok) return tl::unexpected(ok.error());
    return changes;
}

Result<RedoPtr> read_redo(schema::Parser& parser, ByteView bytes) {
    auto record = std::make_unique<RedoRecord>();
    record->bytes = bytes;
    auto changes = decode_redo(parser, record->bytes);
    if (!changes) return tl::unexpected(changes.error());
    record->changes = std::move(*changes);
    return record;
}

Bytes redo_key(std::uint64_t number) {
    Bytes key;
    for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift & 0xff);
    return key;
}

Result<std::uint64_t> redo_number(ByteView key) {
    if (key.size() != kNumberBytes) {
        return fail(Errc::corrupt,
                    "the key of a redo record has " + std::to_string(key.size()) + " bytes");
    }
    std::uint64_t number = 0;
    for (const char byte : key) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

}  // namespace filial::core
