#include "broker/retention.h"

#include <algorithm>
#include <iterator>
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

std::int64_t look_after(const KeepPolicy& policy) {
    return std::clamp(policy.keep_us / 10, kLookLeast, kLookMost);
}

/// Where the receiver stands in the topic; nullopt if it does not take it.
std::optional<Sequence> position_of(const Held& held, const std::string& topic) {
    for (const schema::TopicEnd& end : held.after) {
        if (end.topic == topic || end.topic == schema::kAllTopics) return end.seq;
    }
    return std::nullopt;
}

}  // namespace

bool Retention::is_held(const Place& place, Sequence upto, core::BootTime now) {
    bool held = false;
    auto at = holds_.lower_bound({place, {}});
    while (at != holds_.end() && at->first.first == place) {
        const Hold& hold = at->second;
        const bool goes_on = hold.upto == upto && now.value() - hold.asked.value() < kHoldQuiet;
        held = held || (goes_on && now.value() - hold.began.value() < kHoldMost);
        at = goes_on ? std::next(at) : holds_.erase(at);
    }
    return held;
}

/// Nothing above it may be trimmed, for the sake of whoever wants each event.
Result<Sequence> Retention::most_trimmed(const Place& place, Sequence last, Timestamp wall,
                                         const ReceiverRegistry& registry) const {
    Sequence most = last;
    for (const auto& [key, held] : registry.all()) {
        if (key.second != place.first || !wants_each(key.first)) continue;
        const auto at = position_of(held, place.second);
        if (!at || *at >= most) continue;
        const core::TopicHead* topic = nullptr;
        const auto head = journal_.head(place.first);
        if (head) topic = head->find(place.second);
        // What it lacks is gone already: waiting for it would be for ever.
        if (topic == nullptr || *at < topic->kept_after) continue;
        if (!schema::is_tap(key.first)) {
            most = *at;
            continue;
        }
        const auto depth = journal_.depth(place.first, {place.second}, *at);
        if (!depth) return tl::unexpected(depth.error());
        const bool young =
            depth->oldest && wall.value() - depth->oldest->value() < policy_.tap_keep_us;
        if (young && depth->bytes <= policy_.tap_quota_bytes) most = *at;
    }
    return most;
}

Result<bool> Retention::trim(const Place& place, core::BootTime now, Timestamp passed,
                             const ReceiverRegistry& registry) {
    const auto head = journal_.head(place.first);
    const core::TopicHead* topic = head ? head->find(place.second) : nullptr;
    if (topic == nullptr || topic->kept_after == topic->last) return false;
    if (is_held(place, topic->kept_after, now)) return false;
    const Timestamp before{passed.value() - policy_.keep_us};
    const auto most = most_trimmed(place, topic->last, passed, registry);
    if (!most) return tl::unexpected(most.error());
    core::JournalWrite write;
    const auto found = core::fold_step(journal_, place.first, place.second,
                                       {*most, before, passed, kStepRows, kStepBytes}, write);
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

Result<void> Retention::turn(core::BootTime now, Timestamp passed,
                             const ReceiverRegistry& registry) {
    if (!is_due(now)) return {};
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
            const auto trimmed = trim(place, now, passed, registry);
            if (!trimmed) {
                // The same fold again in every turn would find no more room.
                next_look_ = core::BootTime{now.value() + look_after(policy_)};
                return tl::unexpected(trimmed.error());
            }
            if (*trimmed) return {};
        }
    }
    at_ = {};
    trouble_ = std::exchange(found_, {});
    next_look_ = core::BootTime{now.value() + look_after(policy_)};
    return {};
}

Result<schema::Chunk> Retention::piece(const std::string& receiver, const schema::SnapshotAsk& ask,
                                       std::size_t most, core::BootTime now) {
    auto chunk = core::base_piece(journal_, ask, most);
    if (!chunk) return chunk;
    const std::pair<Place, std::string> name{{ask.store, ask.topic}, receiver};
    const Sequence upto = chunk->info.upto;
    if (chunk->last) {
        holds_.erase(name);
        snapshots_given_ += upto.value() > 0 ? 1 : 0;
        return chunk;
    }
    Hold& hold = holds_.try_emplace(name, Hold{upto, now, now}).first->second;
    if (hold.upto != upto) hold = {upto, now, now};
    hold.asked = now;
    return chunk;
}

std::string Retention::why_suspended(const std::string& receiver, const StoreId& origin,
                                     const Held& held) const {
    if (!wants_each(receiver)) return {};
    const auto head = journal_.head(origin);
    if (!head) return {};
    for (const core::TopicHead& topic : head->topics) {
        const auto at = position_of(held, topic.topic);
        if (!at || *at >= topic.kept_after) continue;
        const std::string kept = topic.topic + " is kept from behind event " +
                                 std::to_string(topic.kept_after.value()) + " on";
        if (!schema::is_tap(receiver)) {
            return "it gets nothing of this log: " + kept + ", and it holds less; let " +
                   origin.value() + " dial it";
        }
        return "suspended: past its quota, " + kept +
               "; begin it anew under another name, and `filial receiver remove` this one";
    }
    return {};
}

}  // namespace filial::broker
