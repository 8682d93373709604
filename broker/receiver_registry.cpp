#include "broker/receiver_registry.h"

#include "schema/codec.h"
#include "schema/limits.h"
#include "schema/names.h"

namespace filial::broker {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

namespace {

constexpr std::string_view kPrefix = "receiver\n";

/// "receiver\nstore2/subscriber\nstore1": names hold no line ends.
Bytes key_of(const ReceiverRegistry::Key& key) {
    return Bytes(kPrefix) + key.first + "\n" + key.second.value();
}

Bytes encode(const schema::StoreId& origin, const Held& held) {
    schema::Writer out;
    out.array(4).u64(1).i64(held.heard.value());
    schema::write_reached(out, schema::Reached{origin, held.epoch, held.after});
    out.boolean(held.by_key);
    return out.take();
}

Result<Held> decode(ByteView bytes) {
    schema::Parser parser;
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("receiver registry", fields.error());
    fields->skip();  // Version.
    Held held;
    held.heard = schema::Timestamp{fields->i64()};
    // As write_reached wrote it; a receiver of a whole log has the one topic "*".
    schema::Fields reached = fields->array();
    reached.skip();  // The origin stands in the key.
    held.epoch = schema::Epoch{reached.u32()};
    schema::Fields topics = reached.array();
    while (topics.more()) {
        schema::Fields pair = topics.array();
        schema::TopicEnd end;
        end.topic = schema::read_topic_or_all(pair);
        end.seq = schema::Sequence{pair.u64()};
        held.after.push_back(std::move(end));
    }
    held.by_key = fields->boolean();
    if (const auto ok = parser.finish("receiver registry"); !ok) return tl::unexpected(ok.error());
    return held;
}

}  // namespace

Result<ReceiverRegistry> ReceiverRegistry::load(const core::Journal& journal) {
    ReceiverRegistry registry;
    Result<void> all_read;
    const auto scanned = journal.scan(kPrefix, {}, [&](ByteView key, ByteView value) {
        const ByteView rest = key.substr(kPrefix.size());
        const auto cut = rest.find('\n');
        auto held = decode(value);
        if (!held || cut == ByteView::npos) {
            all_read = schema::fail(
                schema::Errc::corrupt,
                held ? "receiver registry: a key without an origin" : held.error().message);
            return false;
        }
        registry.held_[{Bytes(rest.substr(0, cut)), schema::StoreId{Bytes(rest.substr(cut + 1))}}] =
            std::move(*held);
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!all_read) return tl::unexpected(all_read.error());
    return registry;
}

bool ReceiverRegistry::reached(const core::Peer& peer, const schema::Fetch& fetch,
                               schema::Timestamp now) {
    if (!knows(peer.name)) {
        std::set<std::string> others;
        const std::string prefix = peer.store + "/";
        for (auto at = held_.lower_bound({prefix, schema::StoreId{}});
             at != held_.end() && at->first.first.starts_with(prefix); ++at) {
            others.insert(at->first.first);
        }
        if (others.size() >= schema::kReceiversPerStoreMax) return false;
    }
    const Key key{peer.name, fetch.store};
    held_[key] = Held{fetch.epoch, fetch.after, now, !peer.local && !peer.dialled};
    changed_.insert(key);
    return true;
}

std::set<std::string> ReceiverRegistry::revoked(const core::AllowList& allow) const {
    std::set<std::string> names;
    for (const auto& [key, held] : held_) {
        const std::string store(schema::store_of(key.first));
        if (held.by_key && allow.find_store(store) == nullptr) names.insert(key.first);
    }
    return names;
}

bool ReceiverRegistry::knows(const std::string& receiver) const {
    const auto at = held_.lower_bound({receiver, schema::StoreId{}});
    return at != held_.end() && at->first.first == receiver;
}

void ReceiverRegistry::forgotten(const std::string& receiver, core::JournalWrite& write) const {
    for (const auto& [key, held] : held_) {
        if (key.first == receiver) write.state.emplace_back(key_of(key), std::nullopt);
    }
}

void ReceiverRegistry::forget(const std::string& receiver) {
    std::erase_if(held_, [&](const auto& entry) { return entry.first.first == receiver; });
    std::erase_if(changed_, [&](const Key& key) { return key.first == receiver; });
}

void ReceiverRegistry::save(core::JournalWrite& write) {
    for (const Key& key : changed_)
        write.state.emplace_back(key_of(key), encode(key.second, held_[key]));
    changed_.clear();
}

}  // namespace filial::broker
