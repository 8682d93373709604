// Logs and topics that are dropped, to be loaded again.
#include <algorithm>

#include "core/log.h"
#include "schema/planted.h"
#include "subscriber/replica.h"
#include "subscriber/replica_drop.h"

namespace filial::subscriber {

using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// After so long a log that a mark has overtaken is loaded again for the same epoch, at first and
/// at most, by the marks' own time: on a paid line nobody loads a log at each mark.
constexpr std::int64_t kOvertakenAgain = 60 * core::kSecond;
constexpr std::int64_t kOvertakenMost = 3'600 * core::kSecond;

}  // namespace

Result<bool> Replica::overtaken(const schema::Mark& mark) {
    const auto log = logs_.find(mark.store);
    if (log == logs_.end() || log->second.rival || mark.epoch <= log->second.epoch) return false;
    log->second.later = std::max(log->second.later, mark.epoch);
    Sequence held;
    for (const auto& [topic, seq] : log->second.staged) held = std::max(held, seq);
    // The epoch's record is in `control`: whoever holds that as far and is not in the epoch holds
    // something else there, also where it ends at the same event.
    const Sequence control = mark.end_of(schema::kTopicControl);
    const auto held_control = log->second.staged.find(std::string(schema::kTopicControl));
    const bool other = wants_topic(schema::kTopicControl) && control.value() > 0 &&
                       held_control != log->second.staged.end() && held_control->second >= control;
    const bool past = held > mark.end || other;
    if (!past || schema::planted(schema::Bug::dead_tail_kept)) return false;
    // A source that has what was left out may come first again: from once to once twice as long.
    Overtaking& last = overtakings_[mark.store];
    if (last.epoch != mark.epoch) last = {mark.epoch, mark.at, 0};
    // Any time may be said, so that the difference may not fit.
    const std::uint64_t since =
        static_cast<std::uint64_t>(mark.at.value()) - static_cast<std::uint64_t>(last.at.value());
    const bool later = mark.at.value() >= last.at.value();
    if (later && since < static_cast<std::uint64_t>(last.pause_us)) return false;
    last.at = mark.at;
    last.pause_us = std::min(std::max(2 * last.pause_us, kOvertakenAgain), kOvertakenMost);
    core::log(core::Level::warn,
              "a log goes on in a later epoch from before what is held: it is loaded again",
              {{"origin", mark.store.value()},
               {"held", held.value()},
               {"end", mark.end.value()},
               {"epoch", mark.epoch.value()}});
    if (const auto dropped = drop_log(mark.store); !dropped) return tl::unexpected(dropped.error());
    return true;
}

Result<void> Replica::drop_log(const StoreId& store) {
    if (const auto dropped = drop_topics(store, topics_); !dropped) return dropped;
    logs_[store] = {};
    return {};
}

Result<void> Replica::drop_topics(const StoreId& store, const std::vector<std::string>& topics) {
    if (const auto flushed = flush(); !flushed) return flushed;
    numbers_.forget();
    Log& log = logs_[store];
    for (const std::string& topic : topics) {
        if (const auto dropped = drop_topic(*store_, store, topic); !dropped) return dropped;
        parked_.forget(store, topic);
        shelf_.forget(store, topic);
        log.staged.erase(topic);
        log.written.erase(topic);
        digests_.erase({store, topic});
        if (store == options_.own && topic == schema::kTopicDebts) pending_.forget(records_);
    }
    // A mark stands for all topics.
    as_of_.forget(store);
    debt_as_of_.forget(store);
    ++upsets_;
    ++generation_;
    return {};
}

}  // namespace filial::subscriber
