#include <algorithm>
#include <utility>

#include "core/log.h"
#include "schema/epoch_record.h"
#include "schema/planted.h"
#include "subscriber/replica.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::Errc;
using schema::Range;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

Result<void> wrong_range(const Range& range, Errc code, const std::string& what) {
    return schema::fail(code, "range of " + range.store.value() + " above " +
                                  std::to_string(range.after.value()) + ": " + what);
}

}  // namespace

Result<void> Replica::check_epoch(const Range& range, schema::Epoch begun) {
    const auto log = logs_.find(range.store);
    if (log == logs_.end() || log->second.epoch.value() == 0) return {};
    if (!(log->second.epoch < begun)) return {};
    const auto record = schema::find_epoch_record(range);
    if (!record) return wrong_range(range, Errc::corrupt, record.error().message);
    const auto& staged = log->second.staged;
    if (*record && (*record)->opened.epoch == begun) {
        const Sequence from = (*record)->opened.continues_from;
        bool past = std::any_of(staged.begin(), staged.end(),
                                [&](const auto& topic) { return topic.second > from; });
        past = past && !schema::planted(schema::Bug::dead_tail_kept);
        if (past)
            return reload(range, begun, "goes on from " + std::to_string(from.value()), reloaded_);
        const auto same = goes_on(range.store, (*record)->opened);
        if (!same) return tl::unexpected(same.error());
        if (!*same) return reload(range, begun, "goes on from other events than these", reloaded_);
        log->second.begins[begun] = from;
        return {};
    }
    return reload(range, begun,
                  "has no beginning in (" + std::to_string(range.after.value()) + ", " +
                      std::to_string(range.upto.value()) + "]",
                  reloaded_);
}

/// Whether what is held of the life before is what the new one goes on from: of a log that was
/// forked a replica may have read the part that was set aside. By the events that are kept, once an
/// epoch: all of them are hashed, from the chain of the snapshot on where the topic began with one.
Result<bool> Replica::goes_on(const StoreId& store, const schema::LogOpened& opened) {
    if (const auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
    const Log& log = logs_.at(store);
    for (const auto& [topic, chain] : opened.chains) {
        const auto held = log.staged.find(topic);
        const bool there = held != log.staged.end() && held->second == opened.continues_from;
        if (!there || chain == schema::Hash{}) continue;
        LogDigest whole;
        whole.store = store;
        whole.topic = topic;
        whole.position = opened.continues_from;
        if (const Shelved* base = shelf_.held(store, topic)) whole.begin_with(base->info);
        const auto here = subscriber::chain_at(*store_, whole, whole.position);
        if (!here) return tl::unexpected(here.error());
        if (*here && (*here)->second != chain) return false;
    }
    return true;
}

/// The epoch began at or below what is held of the one before, and no position says how far below.
/// Loading the log again shows it. A source that leaves the record out shows it with no loading, so
/// that it is waited for instead.
Result<void> Replica::reload(const Range& range, schema::Epoch begun, const std::string& what,
                             std::map<StoreId, schema::Epoch>& done) {
    const Log& log = logs_.at(range.store);
    Sequence held;
    for (const auto& [topic, seq] : log.staged) held = std::max(held, seq);
    const std::string why = "epoch " + std::to_string(begun.value()) + " " + what + ", but epoch " +
                            std::to_string(log.epoch.value()) + " is held up to " +
                            std::to_string(held.value());
    if (done[range.store] >= begun) return wrong_range(range, Errc::corrupt, why);
    core::log(core::Level::warn, "a new epoch goes on below what is held here: the log is reloaded",
              {{"origin", range.store.value()}, {"reason", why}});
    if (const auto dropped = drop_log(range.store); !dropped) return dropped;
    done[range.store] = begun;
    return wrong_range(range, Errc::gap, why + ": the log is loaded again from its beginning");
}

/// Whether the range is of an earlier epoch, and not of what the next one goes on from: a topic
/// that was added later is loaded through all epochs. Where the log was begun with a topic that has
/// no event of that epoch, no record has told where it ends, and the others would never come. Nor
/// would anything where a later epoch goes on without the one that is held: what is held is of no
/// log any more then, and the log is loaded again. Or the source is behind: that costs one loading,
/// and is no reason to refuse what the record of the later epoch asks for.
Result<void> Replica::check_over(const Range& range) {
    const auto at = logs_.find(range.store);
    if (at == logs_.end() || range.epoch >= at->second.epoch) return {};
    const Log& log = at->second;
    const auto next = log.begins.upper_bound(range.epoch);
    const bool told = next != log.begins.end();
    if (told && range.upto <= next->second) return {};
    const auto lacks = [&](const schema::Segment& segment) {
        const auto held = log.staged.find(segment.topic);
        const bool nothing = held == log.staged.end() || held->second.value() == 0;
        return nothing && wants_topic(segment.topic);
    };
    const bool partly = !told && std::any_of(range.segments.begin(), range.segments.end(), lacks);
    if (partly || log.later > log.epoch) {
        return reload(range, std::max(log.epoch, log.later),
                      "goes on from epoch " + std::to_string(range.epoch.value()) +
                          " at a place that is not known here",
                      left_out_);
    }
    return wrong_range(range, Errc::stale_incarnation,
                       "epoch " + std::to_string(range.epoch.value()) + " is over");
}

/// The latest epoch of which `range` has rows that would be applied; 0 for none.
schema::Epoch Replica::epoch_of(const Range& range) const {
    const auto log = logs_.find(range.store);
    schema::Epoch latest;
    for (const schema::Segment& segment : range.segments) {
        if (log == logs_.end() || !wants_topic(segment.topic)) continue;
        const auto held = log->second.staged.find(segment.topic);
        const Sequence above = held == log->second.staged.end() ? Sequence{0} : held->second;
        latest = std::max(latest, schema::epoch_above(segment, above));
    }
    return latest;
}

Result<void> Replica::take(const Range& range, const schema::Incarnation& offered,
                           schema::Timestamp arrived) {
    if (!wants_store(range.store)) {
        return wrong_range(range, Errc::not_allowed, "this store is not subscribed");
    }
    if (range.upto < range.after) return wrong_range(range, Errc::corrupt, "ends before it begins");
    if (const auto goes = check_over(range); !goes) return goes;
    const auto incarnation = judge_incarnation(range, offered);
    if (!incarnation) return tl::unexpected(incarnation.error());
    const schema::Epoch begun = epoch_of(range);
    if (const auto whole = check_epoch(range, begun); !whole) return whole;

    Log& log = logs_[range.store];
    const bool everything =
        range.topics == std::vector<std::string>{std::string(schema::kAllTopics)};
    std::vector<std::string> topics;
    for (const std::string& topic : everything ? topics_ : range.topics) {
        if (!wants_topic(topic)) continue;
        if (log.staged[topic] < range.after) {
            return wrong_range(
                range, Errc::gap,
                topic + " is held up to " + std::to_string(log.staged[topic].value()));
        }
        topics.push_back(topic);
    }

    Result<void> result;
    for (const schema::Segment& segment : range.segments) {
        if (std::find(topics.begin(), topics.end(), segment.topic) == topics.end()) continue;
        if (segment.epoch > range.epoch) {
            result = wrong_range(range, Errc::corrupt, "a segment is of a later epoch");
            break;
        }
        Sequence& at = log.staged[segment.topic];
        if (schema::planted(schema::Bug::rows_applied_again)) at = std::min(at, range.after);
        Sequence through = at;
        result = applier_.apply(range.store, segment, at, through, arrived);
        received_.add(range.store, segment, at, through, arrived);
        at = through;
        if (!result) break;
    }
    const schema::Epoch before = log.epoch;
    log.epoch = std::max(before, before.value() == 0 ? range.epoch : begun);
    if (before < log.epoch) log.incarnation = {};
    const bool known = log.incarnation != schema::Incarnation{};
    if (log.epoch == range.epoch && !known) log.incarnation = *incarnation;
    moved_.insert(range.store);
    if (!result) return result;
    for (const std::string& topic : topics) {
        log.staged[topic] = std::max(log.staged[topic], range.upto);
    }
    return {};
}

Result<void> Replica::stage_pending() {
    const bool homes_known = wants_topic(schema::kTopicCustomers);
    for (const OwnDebt& debt : applier_.take_own_debts()) {
        std::string home = home_of(debt.customer);
        if (home.empty()) home = debt.addressee;
        if (home.empty() && !homes_known) continue;  // Nobody could ever confirm it here.
        pending_.add(records_, debt, home);
    }
    for (const TakenDebt& news : applier_.take_taken_debts()) pending_.taken(records_, news);
    return {};
}

Bytes Replica::position_row(const Log& log, Sequence seq) {
    Bytes value;
    append_u32(value, log.epoch.value());
    append_u64(value, seq.value());
    value += schema::view(log.incarnation);
    for (const auto& [epoch, from] : log.begins) {
        append_u32(value, epoch.value());
        append_u64(value, from.value());
    }
    return value;
}

Result<void> Replica::flush(bool sync) {
    if (const auto staged = stage_pending(); !staged) return staged;
    if (moved_.empty() && !records_.changed()) return {};
    const auto made = store_->begin();
    ReplicaWrite& write = *made;
    const bool apart = schema::planted(schema::Bug::position_apart);
    const auto alone = apart ? store_->begin() : std::unique_ptr<ReplicaWrite>();
    ReplicaWrite& positions = apart ? *alone : write;
    numbers_.write_into(write);
    records_.write_into(write);
    received_.write_into(write);
    for (const StoreId& store : moved_) {
        const Log& log = logs_.at(store);
        for (const auto& [topic, seq] : log.staged) {
            positions.put(log_key('p', store.value(), topic), position_row(log, seq));
        }
    }
    // Marks alone need no sync: without them an answer is only older than it could be.
    const bool must_last = !moved_.empty() || unparked_;
    const auto written = store_->write(
        write, sync && must_last && !schema::planted(schema::Bug::replica_acks_unsynced));
    if (!written) return written;
    if (apart) {
        if (const auto later = store_->write(positions, true); !later) return later;
    }

    numbers_.written();
    records_.written();
    received_.written();
    const auto moved = std::exchange(moved_, {});
    for (const StoreId& store : moved) {
        Log& log = logs_.at(store);
        log.written = log.staged;
        log.written_epoch = log.epoch;
        advance_marks(store);
    }
    if (!moved.empty() || unparked_) ++generation_;
    unparked_ = false;
    return {};
}

}  // namespace filial::subscriber
