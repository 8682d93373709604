#include "core/journal/log_copy.h"

#include "core/journal/log_head.h"
#include "schema/epoch_record.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Incarnation;
using schema::Range;
using schema::Result;
using schema::Segment;
using schema::Sequence;

namespace {

std::string at_text(const schema::StoreId& store, Sequence seq) {
    return "log of " + store.value() + " at " + std::to_string(seq.value());
}

/// The chain head behind `rows`, which must be what they say themselves. Where the one before them
/// is not known, as at a relay of old, theirs is believed.
Result<schema::Bytes> chain_behind(const LogHead& held, const Segment& rows) {
    const TopicHead* topic = held.find(rows.topic);
    const schema::Hash before = topic != nullptr ? topic->chain : schema::Hash{};
    if (topic != nullptr && topic->events > 0 && before == schema::Hash{}) return rows.chain;
    const auto head = schema::chain_after(held.store, rows, before);
    if (!head) return tl::unexpected(head.error());
    if (!rows.chain.empty() && rows.chain != schema::view(*head)) {
        return fail(Errc::forked, at_text(held.store, rows.last()) + ": the chain of " +
                                      rows.topic +
                                      " differs: these events are not the ones that "
                                      "go on behind what is here");
    }
    return schema::Bytes(schema::view(*head));
}

}  // namespace

LogCopy::LogCopy(Journal& to, schema::StoreId store) : to_(to) {
    head_ = to.head(store).value_or(LogHead{});
    head_.store = std::move(store);
}

void LogCopy::expect(Sequence seq, const schema::Hash& chains) {
    if (seq > head_.end) expected_ = {seq, chains};
}

/// The incarnation that `range` is a part of, if it may stand behind what is here.
Result<Incarnation> LogCopy::check_life(const Range& range, bool holes) const {
    if (range.epoch < head_.epoch) {
        return fail(Errc::stale_incarnation,
                    at_text(range.store, range.after) + ": it is of epoch " +
                        std::to_string(range.epoch.value()) + ", behind epoch " +
                        std::to_string(head_.epoch.value()));
    }
    const auto record = schema::find_epoch_record(range);
    if (!record) return tl::unexpected(record.error());
    const bool behind = *record && (*record)->seq > head_.end;
    const bool begins = behind && (holes || (*record)->seq == schema::next(head_.end));
    const bool new_epoch = head_.end.value() == 0 || range.epoch != head_.epoch;
    if (new_epoch && !begins) {
        return fail(Errc::corrupt, at_text(range.store, range.after) + ": epoch " +
                                       std::to_string(range.epoch.value()) +
                                       " does not begin there with its record");
    }
    if (!begins) return head_.incarnation;
    const Incarnation& speaks = (*record)->opened.incarnation;
    if (!new_epoch && speaks != head_.incarnation) {
        return fail(Errc::forked, at_text(range.store, range.after) +
                                      ": another machine began the same epoch there");
    }
    return speaks;
}

Result<void> LogCopy::take(const Range& range, schema::Timestamp at) {
    if (range.upto <= head_.end) return {};
    if (range.after > head_.end) {
        return fail(Errc::gap, at_text(range.store, head_.end) + ": what came begins after " +
                                   std::to_string(range.after.value()));
    }
    Append append;
    append.at = at;
    if (!expected_ || expected_->first <= head_.end || expected_->first >= range.upto) {
        return stage(range, append, false);
    }
    Range first = range;
    first.upto = expected_->first;
    for (Segment& segment : first.segments) segment.cut(first.upto);
    std::erase_if(first.segments, [](const Segment& segment) { return segment.empty(); });
    const auto staged = stage(first, append, false);
    return staged ? stage(range, append, false) : staged;
}

Result<void> LogCopy::take_trimmed(const Range& range, schema::Timestamp at,
                                   std::vector<TopicHead> begun, std::vector<Trim> trims) {
    if (range.upto <= head_.end) return {};
    Append append;
    append.at = at;
    append.begun = std::move(begun);
    if (const auto staged = stage(range, std::move(append), true); !staged) return staged;
    for (Trim& trim : trims) {
        auto now = trimmed(head_, trim);
        if (!now) return tl::unexpected(now.error());
        head_ = std::move(*now);
        staged_.trims.push_back(std::move(trim));
    }
    return {};
}

void LogCopy::drop_staged() {
    staged_ = {};
    bytes_ = 0;
}

/// `append` says what `range` does not.
Result<void> LogCopy::stage(const Range& range, Append append, bool holes) {
    const auto incarnation = check_life(range, holes);
    if (!incarnation) return tl::unexpected(incarnation.error());
    LogHead held = head_;
    held.topics.insert(held.topics.end(), append.begun.begin(), append.begun.end());
    append.store = head_.store;
    append.epoch = range.epoch;
    append.incarnation = *incarnation;
    append.after = head_.end;
    append.upto = range.upto;
    std::uint64_t rows = 0;
    std::size_t bytes = 0;
    for (const Segment& segment : range.segments) {
        Segment rest;
        rest.topic = segment.topic;
        rest.epoch = segment.epoch;
        rest.append(segment, head_.end);
        if (rest.empty()) continue;
        auto chain = chain_behind(held, rest);
        if (!chain) return tl::unexpected(chain.error());
        rest.chain = std::move(*chain);
        rows += rest.rows.size();
        bytes += rest.size();
        append.segments.push_back(std::move(rest));
    }
    const std::uint64_t positions = range.upto.value() - head_.end.value();
    if (rows != positions && !holes) {
        return fail(Errc::corrupt, at_text(range.store, head_.end) + ": " + std::to_string(rows) +
                                       " events for " + std::to_string(positions) + " positions");
    }
    auto now = advance(head_, append);
    if (!now) return tl::unexpected(now.error());
    const bool reached = expected_ && now->end == expected_->first;
    if (reached && chains_of(*now) != expected_->second) {
        return fail(Errc::forked, at_text(range.store, now->end) +
                                      ": it differs from what this store had acknowledged there");
    }
    head_ = std::move(*now);
    bytes_ += bytes;
    staged_.appends.push_back(std::move(append));
    return {};
}

Result<void> LogCopy::commit() {
    if (staged_.appends.empty()) return {};
    if (const auto ok = to_.commit(staged_, true); !ok) return ok;
    staged_ = {};
    bytes_ = 0;
    return {};
}

}  // namespace filial::core
