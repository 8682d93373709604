#include "broker/retention.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/journal/log_base.h"
#include "core/journal/topic_base.h"
#include "core/log.h"
#include "schema/names.h"

namespace filial::broker {

using schema::Result;
using schema::Sequence;
using schema::StoreId;
using schema::Timestamp;

namespace {

/// Of one write: a step takes some milliseconds, and a full disk needs room for no more.
constexpr std::size_t kStepRows = 4'096;
constexpr std::size_t kStepBytes = 512 * 1024;
/// From one look at all logs to the next: a tenth of the age that it looks for, within these.
constexpr std::int64_t kLookMost = 60 * core::kSecond;
constexpr std::int64_t kLookLeast = core::kSecond / 2;

/// Whether a receiver wants every event: a replica, and a publisher that takes notices, do not.
bool wants_each(std::string_view receiver) {
    const auto role = receiver.substr(std::min(receiver.size(), schema::store_of(receiver).size()));
    return role != "/subscriber" && role != "/publisher";
}

/// Where the receiver stands in the topic; nullopt if it does not take it.
std::optional<Sequence> position_of(const Held& held, const std::string& topic) {
    for (const schema::TopicEnd& end : held.after) {
        if (end.topic == topic || end.topic == schema::kAllTopics) return end.seq;
    }
    return std::nullopt;
}

}  // namespace

bool Retention::is_held(const Place& place, core::BootTime now) {
    const auto found = holds_.find(place);
    if (found == holds_.end()) return false;
    const Hold& hold = found->second;
    const bool holds = now.value() - hold.asked.value() < kHoldQuiet &&
                       now.value() - hold.began.value() < kHoldMost;
    if (!holds) holds_.erase(found);
    return holds;
}

/// Nothing above it may be trimmed, for the sake of whoever wants each event.
Result<Sequence> Retention::most_trimmed(const Place& place, Sequence last, Timestamp wall,
                                         const ReceiverRegistry& registry) const {
    Sequence most = last;
    for (const auto& [key, held] : registry.all()) {
        if (key.second != place.first || !wants_each(key.first)) continue;
        const auto at = position_of(held, place.second);
        if (!at || *at >= most) continue;
        if (!schema::is_tap(key.first)) {
            most = *at;
            continue;
        }
        const core::TopicHead* topic = nullptr;
        const auto head = journal_.head(place.first);
        if (head) topic = head->find(place.second);
        if (topic == nullptr || *at < topic->kept_after) continue;  // It is suspended already.
        const auto depth = journal_.depth(place.first, {place.second}, *at);
        if (!depth) return tl::unexpected(depth.error());
        const bool young =
            depth->oldest && wall.value() - depth->oldest->value() < policy_.tap_keep_us;
        if (young && depth->bytes <= policy_.tap_quota_bytes) most = *at;
    }
    return most;
}

Result<bool> Retention::trim(const Place& place, core::BootTime now, Timestamp wall,
                             const ReceiverRegistry& registry) {
    const auto head = journal_.head(place.first);
    const core::TopicHead* topic = head ? head->find(place.second) : nullptr;
    if (topic == nullptr || topic->kept_after == topic->last || is_held(place, now)) return false;
    const Timestamp before{wall.value() - policy_.keep_us};
    const auto most = most_trimmed(place, topic->last, wall, registry);
    if (!most) return tl::unexpected(most.error());
    core::JournalWrite write;
    const auto found = core::fold_step(journal_, place.first, place.second,
                                       {*most, before, kStepRows, kStepBytes}, write);
    if (!found) {
        core::log(core::Level::warn, "a log is not trimmed", {{"error", found.error().message}});
        found_ = "a log is not trimmed: " + found.error().message;
        return false;
    }
    if (*found == 0) return false;
    // Not synced: what a power cut takes back is trimmed again, and the base with it.
    if (const auto done = journal_.commit(write, false); !done) return tl::unexpected(done.error());
    events_trimmed_ += *found;
    return true;
}

Result<void> Retention::turn(core::BootTime now, Timestamp wall, const ReceiverRegistry& registry) {
    if (policy_.keep_us == 0 || now < next_look_) return {};
    for (const StoreId& store : journal_.logs()) {
        if (store < at_.first) continue;
        const auto head = journal_.head(store);
        std::set<std::string> topics;
        for (const core::TopicHead& topic : head->topics) {
            if (core::TopicBase::folds(topic.topic)) topics.insert(topic.topic);
        }
        for (const std::string& topic : topics) {
            const Place place{store, topic};
            if (place < at_) continue;
            at_ = place;
            const auto trimmed = trim(place, now, wall, registry);
            if (!trimmed) return tl::unexpected(trimmed.error());
            if (*trimmed) return {};
        }
    }
    at_ = {};
    trouble_ = std::exchange(found_, {});
    next_look_ =
        core::BootTime{now.value() + std::clamp(policy_.keep_us / 10, kLookLeast, kLookMost)};
    return {};
}

Result<schema::Chunk> Retention::piece(const schema::SnapshotAsk& ask, std::size_t most,
                                       core::BootTime now) {
    const Place place{ask.store, ask.topic};
    Hold& hold = holds_.try_emplace(place, Hold{now, now}).first->second;
    hold.asked = now;
    auto chunk = core::base_piece(journal_, ask, most);
    const bool over = !chunk || chunk->last;
    if (chunk && chunk->last && chunk->info.upto.value() > 0) ++snapshots_given_;
    if (over) holds_.erase(place);
    return chunk;
}

std::string Retention::why_suspended(const std::string& receiver, const StoreId& origin,
                                     const Held& held) const {
    if (!schema::is_tap(receiver)) return {};
    const auto head = journal_.head(origin);
    if (!head) return {};
    for (const core::TopicHead& topic : head->topics) {
        const auto at = position_of(held, topic.topic);
        if (!at || *at >= topic.kept_after) continue;
        return "suspended: past its quota, " + topic.topic + " is kept from behind event " +
               std::to_string(topic.kept_after.value()) +
               " on; begin it anew under another name, and `filial receiver remove` this one";
    }
    return {};
}

}  // namespace filial::broker
