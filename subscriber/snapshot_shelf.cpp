#include "subscriber/snapshot_shelf.h"

#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::BaseRow;
using schema::Bytes;
using schema::ByteView;
using schema::Chunk;
using schema::Errc;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::uint64_t kShelvedVersion = 1;
constexpr char kHeld = 'z';
constexpr char kComing = 'j';

Bytes piece_key(const StoreId& store, const std::string& topic, Sequence upto,
                std::uint32_t number) {
    Bytes key = log_key('i', store.value(), topic) + '\0';
    append_u64(key, upto.value());
    append_u32(key, number);
    return key;
}

}  // namespace

Bytes encode(const Shelved& shelved) {
    const schema::BaseInfo& info = shelved.info;
    schema::Writer out;
    out.array(8).u64(kShelvedVersion).u64(info.epoch.value()).u64(info.upto.value());
    out.u64(info.events).bin(schema::view(info.chain)).bin(shelved.after).u64(shelved.pieces);
    out.boolean(shelved.whole);
    return out.take();
}

Result<Shelved> decode_shelved(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("shelved base", fields.error());
    if (const std::uint64_t version = fields->u64(); version > kShelvedVersion) {
        return schema::fail(Errc::schema_too_new,
                            "shelved base: version " + std::to_string(version));
    }
    Shelved shelved;
    shelved.info.epoch = schema::Epoch{fields->u32()};
    shelved.info.upto = Sequence{fields->u64()};
    shelved.info.events = fields->u64();
    shelved.info.chain = schema::hash_from(fields->bin());
    shelved.after = fields->bin();
    shelved.pieces = fields->u32();
    shelved.whole = fields->boolean();
    if (const auto done = parser.finish("shelved base"); !done) {
        return tl::unexpected(done.error());
    }
    return shelved;
}

Result<void> SnapshotShelf::load(const ReplicaStore& store) {
    schema::Parser parser;
    Result<void> result;
    for (const char family : {kHeld, kComing}) {
        Bases& into = family == kHeld ? held_ : coming_;
        const auto scanned = store.scan(Bytes(1, family), {}, [&](ByteView key, ByteView value) {
            auto shelved = decode_shelved(parser, value);
            if (!shelved) result = tl::unexpected(shelved.error());
            if (shelved) into[parse_log_key(key)] = std::move(*shelved);
            return result.has_value();
        });
        if (!scanned) return scanned;
    }
    return result;
}

const Shelved* SnapshotShelf::held(const StoreId& store, const std::string& topic) const {
    const auto found = held_.find({store, topic});
    return found == held_.end() ? nullptr : &found->second;
}

const Shelved* SnapshotShelf::coming(const StoreId& store, const std::string& topic) const {
    const auto found = coming_.find({store, topic});
    return found == coming_.end() ? nullptr : &found->second;
}

Result<bool> SnapshotShelf::add(const Chunk& chunk) {
    const Place place{chunk.store, chunk.topic};
    const auto known = coming_.find(place);
    const bool goes_on = known != coming_.end() && known->second.info == chunk.info;
    if (goes_on ? chunk.after != known->second.after || known->second.whole
                : !chunk.after.empty() || chunk.info.upto.value() == 0) {
        return false;
    }
    if (schema::checksum_of(chunk.rows) != chunk.checksum) {
        return schema::fail(Errc::corrupt, "a piece of a snapshot differs from its checksum");
    }
    const auto rows = schema::decode_rows(chunk.rows);
    if (!rows) return tl::unexpected(rows.error());
    if (rows->empty() && !chunk.last) return false;
    if (!rows->empty() && key_of(rows->front()) <= chunk.after) {
        return schema::fail(Errc::corrupt, "a piece of a snapshot begins before its place");
    }
    if (!goes_on) give_up(chunk.store, chunk.topic);
    Shelved& now = coming_[place];
    now.info = chunk.info;
    if (!rows->empty()) now.after = key_of(rows->back());
    now.whole = chunk.last;
    records_.put(piece_key(chunk.store, chunk.topic, chunk.info.upto, now.pieces), chunk.rows);
    ++now.pieces;
    records_.put(log_key(kComing, chunk.store.value(), chunk.topic), encode(now));
    return true;
}

void SnapshotShelf::give_up(const StoreId& store, const std::string& topic) {
    const auto found = coming_.find({store, topic});
    if (found == coming_.end()) return;
    const Shelved& old = found->second;
    for (std::uint32_t i = 0; i < old.pieces; ++i) {
        records_.erase(piece_key(store, topic, old.info.upto, i));
    }
    records_.erase(log_key(kComing, store.value(), topic));
    coming_.erase(found);
}

void SnapshotShelf::adopt(ReplicaWrite& write, const StoreId& store,
                          const std::string& topic) const {
    if (const Shelved* old = held(store, topic)) {
        for (std::uint32_t i = 0; i < old->pieces; ++i) {
            write.erase(piece_key(store, topic, old->info.upto, i));
        }
    }
    write.put(log_key(kHeld, store.value(), topic), encode(*coming(store, topic)));
    write.erase(log_key(kComing, store.value(), topic));
}

void SnapshotShelf::adopted(const StoreId& store, const std::string& topic) {
    const auto found = coming_.find({store, topic});
    held_[{store, topic}] = found->second;
    coming_.erase(found);
}

void SnapshotShelf::forget(const StoreId& store, const std::string& topic) {
    held_.erase({store, topic});
    coming_.erase({store, topic});
}

Result<std::optional<Shelved>> held_base(const ReplicaStore& store, const StoreId& origin,
                                         const std::string& topic) {
    const auto value = store.get(log_key(kHeld, origin.value(), topic));
    if (!value) return tl::unexpected(value.error());
    if (!*value) return std::optional<Shelved>();
    schema::Parser parser;
    auto shelved = decode_shelved(parser, **value);
    if (!shelved) return tl::unexpected(shelved.error());
    return std::optional<Shelved>(std::move(*shelved));
}

Result<void> each_base_row(const ReplicaStore& store, const StoreId& origin,
                           const std::string& topic, const Shelved& base, const BaseVisit& each) {
    for (std::uint32_t i = 0; i < base.pieces; ++i) {
        const auto piece = store.get(piece_key(origin, topic, base.info.upto, i));
        if (!piece) return tl::unexpected(piece.error());
        if (!*piece) {
            return schema::fail(Errc::corrupt, "a piece of the snapshot of " + origin.value() +
                                                   ", " + topic + " is missing");
        }
        const auto rows = schema::decode_rows(**piece);
        if (!rows) return tl::unexpected(rows.error());
        for (const BaseRow& row : *rows) {
            if (const auto done = each(row); !done) return done;
        }
    }
    return {};
}

schema::Segment segment_of(const std::string& topic, const BaseRow& row) {
    schema::Segment segment;
    segment.topic = topic;
    segment.epoch = row.epoch;
    segment.add(row.seq, row.client, row.row);
    return segment;
}

}  // namespace filial::subscriber
