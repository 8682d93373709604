#include "test/support/memory_journal.h"

#include <algorithm>

#include "core/journal/log_head.h"

namespace filial::test {

using core::LogHead;
using core::TopicHead;
using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;

namespace {

bool asked(const std::vector<std::string>& topics, const std::string& topic) {
    return std::any_of(topics.begin(), topics.end(), [&](const std::string& each) {
        return each == topic || each == schema::kAllTopics;
    });
}

void add_to_head(LogHead& head, const Segment& segment) {
    auto topic = std::find_if(head.topics.begin(), head.topics.end(),
                              [&](const TopicHead& each) { return each.topic == segment.topic; });
    if (topic == head.topics.end()) {
        topic = head.topics.insert(topic, TopicHead{segment.topic, {}, 0, 0, {}});
    }
    topic->last = segment.last();
    topic->events += segment.rows.size();
    topic->bytes += segment.size();
    topic->chain = schema::hash_from(segment.chain);
}

}  // namespace

std::vector<StoreId> MemoryJournal::logs() const {
    std::vector<StoreId> stores;
    for (const auto& [store, log] : live_.logs) stores.push_back(store);
    return stores;
}

std::optional<LogHead> MemoryJournal::head(const StoreId& store) const {
    const auto log = live_.logs.find(store);
    if (log == live_.logs.end()) return std::nullopt;
    return log->second.head;
}

Sequence MemoryJournal::end(const StoreId& store) const {
    const auto log = live_.logs.find(store);
    return log == live_.logs.end() ? Sequence{0} : log->second.head.end;
}

Result<void> MemoryJournal::check(const Data& data, const core::Append& append) {
    const auto log = data.logs.find(append.store);
    const Sequence end = log == data.logs.end() ? Sequence{0} : log->second.head.end;
    if (append.after != end) {
        return fail(Errc::gap, "append to " + append.store.value() + " after " +
                                   std::to_string(append.after.value()) + ", but it ends at " +
                                   std::to_string(end.value()));
    }
    for (const Segment& segment : append.segments) {
        schema::check(!segment.empty(), "a segment of a commit has rows");
        schema::check(segment.first() > append.after && segment.last() <= append.upto,
                      "a segment lies within its commit");
    }
    return {};
}

void MemoryJournal::apply(Data& data, const core::JournalWrite& write) {
    for (const core::Append& append : write.appends) {
        Log& log = data.logs[append.store];
        log.head.store = append.store;
        log.head.epoch = append.epoch;
        if (append.incarnation != schema::Incarnation{}) {
            log.head.incarnation = append.incarnation;
        }
        log.head.end = append.upto;
        for (const TopicHead& begun : append.begun) log.head.topics.push_back(begun);
        for (const Segment& segment : append.segments) add_to_head(log.head, segment);
        log.commits.push_back({append.upto, append.at, append.segments});
    }
    for (const core::Trim& trim : write.trims) {
        Log& log = data.logs[trim.store];
        log.head = *core::trimmed(log.head, trim);
        for (Commit& commit : log.commits) {
            std::erase_if(commit.segments, [&](const Segment& segment) {
                return segment.topic == trim.topic && segment.last() < trim.upto;
            });
        }
    }
    for (const auto& [key, value] : write.state) {
        if (value) {
            data.state[key] = *value;
        } else {
            data.state.erase(key);
        }
    }
}

Result<void> MemoryJournal::commit(const core::JournalWrite& write, bool sync) {
    schema::check(begun_.empty(), "a commit that was begun is finished first");
    return write_now(write, sync);
}

Result<void> MemoryJournal::write_now(const core::JournalWrite& write, bool sync) {
    if (failing_ && before_failing_ == 0) return fail(*failing_, "commit: the disk says no");
    if (failing_) --before_failing_;
    for (const core::Append& append : write.appends) {
        if (const auto ok = check(live_, append); !ok) return ok;
    }
    for (const core::Trim& trim : write.trims) {
        const auto log = live_.logs.find(trim.store);
        const auto head =
            core::trimmed(log == live_.logs.end() ? LogHead{} : log->second.head, trim);
        if (!head) return tl::unexpected(head.error());
    }
    apply(live_, write);
    unsynced_.push_back(write);
    ++commits_;
    if (!sync) return {};
    for (const core::JournalWrite& each : unsynced_) apply(durable_, each);
    unsynced_.clear();
    ++syncs_;
    return {};
}

Result<void> MemoryJournal::begin(core::MakeWrite make, std::size_t) {
    schema::check(begun_.size() < core::kBegunMost, "not more commits are begun than may be");
    if (no_begins_) return fail(*no_begins_, "begin: the disk says no");
    begun_.push_back(std::move(make));
    return {};
}

Result<void> MemoryJournal::finish() {
    schema::check(!begun_.empty(), "a commit was begun");
    const core::MakeWrite make = std::move(begun_.front());
    begun_.pop_front();
    auto done = [&]() -> Result<void> {
        if (behind_) return tl::unexpected(*behind_);
        const auto write = make();
        return write ? write_now(*write, true) : tl::unexpected(write.error());
    }();
    if (!done) behind_ = done.error();
    if (begun_.empty()) behind_.reset();
    return done;
}

Result<void> MemoryJournal::room() {
    if (failing_) return fail(*failing_, "room: the disk says no");
    return {};
}

void MemoryJournal::crash() {
    begun_.clear();
    behind_.reset();
    live_ = durable_;
    unsynced_.clear();
    failing_.reset();
    reads_fail_ = false;
}

Result<schema::Range> MemoryJournal::read(const core::ReadRequest& request) const {
    const auto found = live_.logs.find(request.store);
    if (found == live_.logs.end()) {
        return fail(Errc::not_found, "no log of " + request.store.value());
    }
    const Log& log = found->second;
    if (request.after > log.head.end) {
        return fail(Errc::gap, "the log of " + request.store.value() + " ends before " +
                                   std::to_string(request.after.value()));
    }
    if (const auto kept = core::check_kept(log.head, request.topics, request.after); !kept) {
        return tl::unexpected(kept.error());
    }
    schema::Range range;
    range.store = request.store;
    range.epoch = log.head.epoch;
    range.topics = request.topics;
    range.after = request.after;
    range.upto = log.head.end;
    range.end = log.head.end;
    std::size_t bytes = 0;
    Sequence covered = request.after;
    std::optional<schema::Epoch> epoch;
    for (const Commit& commit : log.commits) {
        if (commit.upto <= request.after) continue;
        const bool known = !commit.segments.empty();
        if (known && epoch && commit.segments.front().epoch != *epoch) {
            range.upto = covered;
            break;
        }
        if (known) epoch = commit.segments.front().epoch;
        covered = commit.upto;
        for (const Segment& segment : commit.segments) {
            if (!asked(request.topics, segment.topic) || segment.last() <= request.after) continue;
            auto into =
                std::find_if(range.segments.begin(), range.segments.end(),
                             [&](const Segment& each) { return each.topic == segment.topic; });
            if (into == range.segments.end()) {
                into = range.segments.emplace(into);
                into->topic = segment.topic;
                into->epoch = segment.epoch;
            }
            const std::size_t before = into->size();
            into->append(segment, request.after);
            bytes += into->size() - before;
        }
        if (bytes >= request.bytes_goal && bytes > 0) {
            range.upto = commit.upto;
            break;
        }
    }
    if (epoch) range.epoch = *epoch;
    return range;
}

Result<core::Depth> MemoryJournal::depth(const StoreId& store,
                                         const std::vector<std::string>& topics,
                                         Sequence after) const {
    const auto found = live_.logs.find(store);
    if (found == live_.logs.end()) return fail(Errc::not_found, "no log of " + store.value());
    core::Depth depth;
    for (const Commit& commit : found->second.commits) {
        for (const Segment& segment : commit.segments) {
            if (!asked(topics, segment.topic)) continue;
            for (std::size_t i = 0; i < segment.rows.size(); ++i) {
                if (segment.seqs[i] <= after) continue;
                ++depth.events;
                depth.bytes += segment.rows[i].size();
                if (!depth.oldest) depth.oldest = commit.at;
            }
        }
    }
    return depth;
}

Result<std::optional<Bytes>> MemoryJournal::get(ByteView key) const {
    if (reads_fail_) return fail(Errc::io, "read state: the disk says no");
    const auto value = live_.state.find(key);
    if (value == live_.state.end()) return std::optional<Bytes>{};
    return std::optional<Bytes>{value->second};
}

Result<void> MemoryJournal::scan(ByteView prefix, ByteView after,
                                 const std::function<bool(ByteView, ByteView)>& each) const {
    if (reads_fail_) return fail(Errc::io, "read state: the disk says no");
    auto at = after > prefix ? live_.state.upper_bound(after) : live_.state.lower_bound(prefix);
    for (; at != live_.state.end(); ++at) {
        if (at->first.compare(0, prefix.size(), prefix) != 0) break;
        if (!each(at->first, at->second)) break;
    }
    return {};
}

}  // namespace filial::test
