#include "core/journal/log_base.h"

#include "core/journal/topic_base.h"
#include "schema/limits.h"
#include "schema/planted.h"

namespace filial::core {

using schema::BaseInfo;
using schema::Bytes;
using schema::ByteView;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::string_view kInfoPrefix = "base\n";
constexpr std::string_view kRowPrefix = "baserow\n";
constexpr std::uint64_t kInfoVersion = 1;
/// What the rows of a piece take at most beside their own bytes: each key's and value's head.
constexpr std::size_t kBesideAPair = 10;

Bytes info_key(const StoreId& store, const std::string& topic) {
    return Bytes(kInfoPrefix) + store.value() + "\n" + topic;
}

Bytes row_prefix(const StoreId& store, const std::string& topic) {
    return Bytes(kRowPrefix) + store.value() + "\n" + topic + "\n";
}

/// As it stands in the state.
struct KeptBase {
    BaseInfo info;
    std::optional<std::uint64_t> rows;  ///< The sum of their checksums, where it is kept.
};

Bytes encode_base(const KeptBase& base) {
    const BaseInfo& info = base.info;
    schema::Writer out;
    out.array(base.rows ? 6 : 5).u64(kInfoVersion).u64(info.epoch.value());
    out.u64(info.upto.value()).u64(info.events).bin(schema::view(info.chain));
    if (base.rows) out.u64(*base.rows);
    return out.take();
}

Result<KeptBase> decode_base(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("base", fields.error());
    if (const std::uint64_t version = fields->u64(); version > kInfoVersion) {
        return schema::fail(schema::Errc::schema_too_new,
                            "base: version " + std::to_string(version));
    }
    KeptBase base;
    base.info.epoch = schema::Epoch{fields->u32()};
    base.info.upto = Sequence{fields->u64()};
    base.info.events = fields->u64();
    base.info.chain = schema::hash_from(fields->bin());
    if (fields->more()) base.rows = fields->u64();
    if (const auto done = parser.finish("base"); !done) return tl::unexpected(done.error());
    return base;
}

Result<std::optional<KeptBase>> kept_base(const Journal& journal, const StoreId& store,
                                          const std::string& topic) {
    const auto value = journal.get(info_key(store, topic));
    if (!value) return tl::unexpected(value.error());
    if (!*value) return std::optional<KeptBase>();
    schema::Parser parser;
    const auto base = decode_base(parser, **value);
    if (!base) return schema::fail("base of " + store.value() + ", " + topic, base.error());
    return std::optional<KeptBase>(*base);
}

/// By what its events say themselves.
Result<bool> is_young(const schema::Segment& segment, const FoldStep& step) {
    schema::Parser parser;
    for (std::size_t i = 0; i < segment.rows.size(); ++i) {
        const auto logged = segment.event(parser, i);
        if (!logged) return tl::unexpected(logged.error());
        const schema::Timestamp at = logged->event.at;
        if (at >= step.before && at <= step.now) return true;
    }
    return false;
}

/// Why the base of `topic` cannot be used; empty where it can.
std::string why_not(const KeptBase& base, const std::map<Bytes, Bytes>& state, const Bytes& prefix,
                    bool whole) {
    if (!base.rows && whole) return {};
    if (!base.rows) return "whether all of its rows are there is not known";
    std::uint64_t sum = 0;
    for (auto at = state.lower_bound(prefix); at != state.end() && at->first.starts_with(prefix);
         ++at) {
        sum += schema::checksum_of(ByteView(at->first).substr(prefix.size()), at->second);
    }
    return sum == *base.rows ? "" : "some of its rows are missing or older";
}

}  // namespace

bool is_base_key(ByteView key) {
    return key.starts_with(kInfoPrefix) || key.starts_with(kRowPrefix);
}

bool is_key_of_base(ByteView key, const StoreId& store, const std::string& topic) {
    return key == info_key(store, topic) || key.starts_with(row_prefix(store, topic));
}

std::map<StoreId, std::map<std::string, BaseInfo>> whole_bases(const std::map<Bytes, Bytes>& state,
                                                               bool whole,
                                                               std::vector<std::string>& why) {
    std::map<StoreId, std::map<std::string, BaseInfo>> bases;
    schema::Parser parser;
    const Bytes prefix(kInfoPrefix);
    for (auto at = state.lower_bound(prefix); at != state.end() && at->first.starts_with(prefix);
         ++at) {
        const Bytes place = at->first.substr(prefix.size());
        const std::size_t name_ends = std::min(place.find('\n'), place.size());
        const auto store = schema::parse_store_id(place.substr(0, name_ends));
        const std::string topic = place.substr(std::min(name_ends + 1, place.size()));
        const auto base = decode_base(parser, at->second);
        if (!store || !base) {
            why.push_back("the base of " + (store ? store->value() + ", " + topic : "a topic") +
                          " cannot be read");
            continue;
        }
        const auto bad = why_not(*base, state, row_prefix(*store, topic), whole);
        if (bad.empty()) {
            bases[*store][topic] = base->info;
        } else {
            why.push_back("the base of " + store->value() + ", " + topic + " up to event " +
                          std::to_string(base->info.upto.value()) + ": " + bad);
        }
    }
    return bases;
}

Result<BaseInfo> decode_base_info(schema::Parser& parser, ByteView bytes) {
    const auto base = decode_base(parser, bytes);
    if (!base) return tl::unexpected(base.error());
    return base->info;
}

Result<std::optional<BaseInfo>> base_of(const Journal& journal, const StoreId& store,
                                        const std::string& topic) {
    const auto base = kept_base(journal, store, topic);
    if (!base) return tl::unexpected(base.error());
    if (!*base) return std::optional<BaseInfo>();
    return std::optional<BaseInfo>((*base)->info);
}

Result<std::size_t> fold_step(const Journal& journal, const StoreId& store,
                              const std::string& topic, const FoldStep& step, JournalWrite& write) {
    const auto head = journal.head(store);
    const TopicHead* held = head ? head->find(topic) : nullptr;
    if (held == nullptr || !TopicBase::folds(topic)) return 0;
    const auto known = kept_base(journal, store, topic);
    if (!known) return tl::unexpected(known.error());
    KeptBase kept = known->value_or(KeptBase{{}, 0});
    BaseInfo& info = kept.info;
    if (info.upto != held->kept_after) {
        return schema::fail(schema::Errc::corrupt,
                            "base of " + store.value() + ", " + topic + ": it ends at " +
                                std::to_string(info.upto.value()) + ", the log is trimmed up to " +
                                std::to_string(held->kept_after.value()));
    }
    const Bytes prefix = row_prefix(store, topic);
    TopicBase base(topic, [&](ByteView key) { return journal.get(prefix + Bytes(key)); });
    std::size_t rows = 0;
    while (info.upto < held->last && rows < step.rows && base.bytes() < step.bytes) {
        const auto depth = journal.depth(store, {topic}, info.upto);
        if (!depth) return tl::unexpected(depth.error());
        if (!depth->oldest || *depth->oldest >= step.before) break;
        const auto range = journal.read({store, {topic}, info.upto, 1});
        if (!range) return tl::unexpected(range.error());
        if (range->segments.empty() || range->segments.front().last() > step.upto) break;
        const schema::Segment& segment = range->segments.front();
        const auto young = is_young(segment, step);
        if (!young) return tl::unexpected(young.error());
        if (*young) break;
        if (const auto added = base.add(segment); !added) return tl::unexpected(added.error());
        rows += segment.rows.size();
        info.epoch = segment.epoch;
        info.upto = segment.last();
        info.events += segment.rows.size();
        info.chain = schema::hash_from(segment.chain);
    }
    if (rows == 0) return 0;
    for (auto& [key, value] : base.changes()) {
        const auto before = journal.get(prefix + key);
        if (!before) return tl::unexpected(before.error());
        if (kept.rows && *before) *kept.rows -= schema::checksum_of(key, **before);
        if (kept.rows) *kept.rows += schema::checksum_of(key, value);
        if (schema::planted(schema::Bug::base_without_rows)) continue;
        write.state.emplace_back(prefix + key, value);
    }
    write.state.emplace_back(info_key(store, topic), encode_base(kept));
    write.trims.push_back({store, topic, info.upto});
    return rows;
}

Result<schema::Chunk> base_piece(const Journal& journal, const schema::SnapshotAsk& ask,
                                 std::size_t most) {
    schema::Chunk chunk;
    chunk.store = ask.store;
    chunk.topic = ask.topic;
    chunk.last = true;
    const auto info = base_of(journal, ask.store, ask.topic);
    if (!info) return tl::unexpected(info.error());
    schema::EncodedRows rows;
    if (*info) {
        chunk.info = **info;
        if (ask.upto == chunk.info.upto) chunk.after = ask.after;
        std::size_t bytes = 0;
        const Bytes prefix = row_prefix(ask.store, ask.topic);
        const Bytes after = chunk.after.empty() ? Bytes() : prefix + chunk.after;
        const auto scanned = journal.scan(prefix, after, [&](ByteView key, ByteView value) {
            const ByteView name = key.substr(prefix.size());
            bytes += name.size() + value.size() + kBesideAPair;
            const bool room =
                rows.empty() || (bytes <= most && 2 * rows.size() + 2 <= schema::kArrayElementsMax);
            chunk.last = room;
            if (room) rows.emplace_back(name, value);
            return room;
        });
        if (!scanned) return tl::unexpected(scanned.error());
    }
    chunk.rows = schema::encode_rows(rows);
    chunk.checksum = schema::checksum_of(chunk.rows);
    return chunk;
}

}  // namespace filial::core
