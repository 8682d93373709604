#include "publisher/receivers.h"

#include <algorithm>

#include "schema/limits.h"
#include "schema/names.h"

namespace filial::publisher {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

namespace {

constexpr std::string_view kReceiverPrefix = "receiver/";

/// [1, role, heard, [[topic, seq]...], by key]
Bytes encode(const Receiver& receiver) {
    schema::Writer out;
    out.array(5).u64(1).str(receiver.role).i64(receiver.heard.value());
    out.array(receiver.after.size());
    for (const schema::TopicEnd& end : receiver.after) {
        out.array(2).str(end.topic).u64(end.seq.value());
    }
    out.boolean(receiver.by_key);
    return out.take();
}

Result<Receiver> decode_receiver(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("receiver", fields.error());
    fields->skip();  // Version.
    Receiver receiver;
    receiver.role = fields->str();
    receiver.heard = schema::Timestamp{fields->i64()};
    schema::Fields list = fields->array();
    while (list.more()) {
        schema::Fields parts = list.array();
        schema::TopicEnd end;
        end.topic = parts.str();
        end.seq = schema::Sequence{parts.u64()};
        receiver.after.push_back(std::move(end));
    }
    receiver.by_key = fields->boolean();
    if (const auto ok = parser.finish("receiver"); !ok) return tl::unexpected(ok.error());
    return receiver;
}

}  // namespace

Result<Receivers> Receivers::load(const core::Journal& journal) {
    Receivers receivers;
    schema::Parser parser;
    Result<void> all_read;
    const auto scanned = journal.scan(kReceiverPrefix, {}, [&](ByteView key, ByteView value) {
        auto receiver = decode_receiver(parser, value);
        if (!receiver) {
            all_read = tl::unexpected(receiver.error());
            return false;
        }
        receivers.receivers_[Bytes(key.substr(kReceiverPrefix.size()))] = std::move(*receiver);
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!all_read) return tl::unexpected(all_read.error());
    return receivers;
}

void Receivers::reached(const core::Peer& peer, const schema::Fetch& fetch, schema::Timestamp now) {
    const bool named = !peer.name.empty() && peer.name.back() != '/';
    if (!named || peer.role == "cli") return;
    if (!receivers_.contains(peer.name)) {
        const auto of_store = [&](const auto& entry) {
            return schema::store_of(entry.first) == peer.store;
        };
        const auto others = std::count_if(receivers_.begin(), receivers_.end(), of_store);
        if (static_cast<std::size_t>(others) >= schema::kReceiversPerStoreMax) return;
    }
    const bool by_key = !peer.local && !peer.dialled;
    receivers_[peer.name] = Receiver{peer.role, fetch.after, now, by_key};
    unsaved_.insert(peer.name);
}

std::vector<std::string> Receivers::revoked(const core::AllowList& allow) const {
    std::vector<std::string> names;
    for (const auto& [name, receiver] : receivers_) {
        const std::string store(schema::store_of(name));
        if (receiver.by_key && allow.find_store(store) == nullptr) names.push_back(name);
    }
    return names;
}

void Receivers::forget(const std::string& receiver) {
    receivers_.erase(receiver);
    unsaved_.insert(receiver);
}

void Receivers::save(StateWrites& writes) const {
    for (const std::string& name : unsaved_) {
        const auto at = receivers_.find(name);
        auto value = at == receivers_.end() ? std::nullopt : std::optional(encode(at->second));
        writes.emplace_back(Bytes(kReceiverPrefix) + name, std::move(value));
    }
}

}  // namespace filial::publisher
