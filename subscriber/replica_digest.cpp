// The replica's part in digests: every topic of every log made a second time, one after the other.
#include <algorithm>

#include "core/log.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

using schema::Result;
using schema::Sequence;
using schema::StoreId;

void Replica::begin_walks() {
    walks_.clear();
    for (const auto& [store, log] : logs_) {
        for (const auto& [topic, seq] : log.written) {
            if (seq.value() > 0) walks_.emplace_back(store, topic);
        }
    }
}

Result<bool> Replica::walk(std::size_t bytes) {
    if (walks_.empty()) return true;
    if (retry_) return false;  // What is parked is about to change.
    if (const auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
    const auto [store, topic] = walks_.back();
    const Sequence at = position(store, topic);
    if (at.value() == 0) {
        walk_.reset();
        walks_.pop_back();
        return walks_.empty();
    }
    if (!walk_ || walk_began_ != upsets_) {
        walk_.reset();
        walk_ = std::make_unique<DigestWalk>(*store_, parked_, store, topic, options_.own);
        walk_began_ = upsets_;
    }
    const auto more = walk_->step(epoch(store), at, bytes);
    if (!more) return tl::unexpected(more.error());
    if (*more) return false;
    LogDigest digest = walk_->digest();
    walk_.reset();
    walks_.pop_back();
    if (digest.damage) damages_.push_back(*digest.damage);
    digests_[{store, topic}] = std::move(digest);
    return walks_.empty();
}

Result<void> Replica::copies(const StoreId& store, const std::string& topic) const {
    if (!topic.empty() && !wants_topic(topic)) {
        std::string known;
        for (const std::string& each : topics_) known += (known.empty() ? "" : ", ") + each;
        return schema::fail(schema::Errc::not_found,
                            "topic " + topic + " is not copied here; topics here: " + known);
    }
    if (store.value().empty() || logs_.contains(store)) return {};
    std::string known;
    for (const auto& [each, log] : logs_) known += (known.empty() ? "" : ", ") + each.value();
    return schema::fail(
        schema::Errc::not_found,
        "the log of " + store.value() + " is not copied here; " +
            (known.empty() ? "no store's log has come here yet" : "logs here: " + known));
}

Result<void> Replica::reload(const StoreId& store, const std::string& topic) {
    if (!topic.empty() && topic == schema::kTopicControl) {
        return schema::fail(schema::Errc::invalid,
                            "the other topics rest on control: reload the whole log");
    }
    if (const auto known = copies(store, topic); !known) return known;
    std::vector<StoreId> stores;
    for (const auto& [each, log] : logs_) {
        if (store.value().empty() || each == store) stores.push_back(each);
    }
    if (stores.empty()) return schema::fail(schema::Errc::not_found, "no log is copied here");
    for (const StoreId& each : stores) {
        core::log(core::Level::warn, "dropped, to be loaded again",
                  {{"origin", each.value()}, {"topic", topic.empty() ? "all" : topic}});
        const auto dropped = topic.empty() ? drop_log(each) : drop_topics(each, {topic});
        if (!dropped) return dropped;
    }
    return {};
}

Result<std::optional<schema::ChainAt>> Replica::chain_at(const StoreId& store,
                                                         const std::string& topic,
                                                         Sequence at) const {
    const auto digest = digests_.find({store, topic});
    if (digest == digests_.end()) return std::optional<schema::ChainAt>();
    const auto found = subscriber::chain_at(*store_, digest->second, at);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return std::optional<schema::ChainAt>();
    const auto& [last, chain] = **found;
    return std::optional<schema::ChainAt>({at, last, schema::Bytes(schema::view(chain))});
}

}  // namespace filial::subscriber
