// The reading side of a simulated journal.
#include <algorithm>

#include "core/journal/log_head.h"
#include "schema/limits.h"
#include "test/sim/commit_counts.h"
#include "test/sim/sim_journal.h"

namespace filial::sim {

using core::LogHead;
using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;
using Commit = SimJournal::Commit;

namespace {

std::vector<Commit>::const_iterator first_above(const std::vector<Commit>& commits,
                                                Sequence after) {
    return std::upper_bound(commits.begin(), commits.end(), after,
                            [](Sequence at, const Commit& each) { return at < each.upto; });
}

std::string unread(const StoreId& store, const Commit& commit) {
    return core::events_text(commit.after, commit.upto) + " of " + store.value() +
           " cannot be read";
}

/// Adds to where a topic ended what a commit has of it up to `upto`.
void count(const Commit& commit, Sequence upto, const StoreId& store, core::TopicHead& end) {
    const std::uint64_t before = commit.before.at(end.topic);
    for (const Segment& segment : commit.segments) {
        if (segment.topic != end.topic || segment.first() > upto) continue;
        const bool whole = segment.last() <= upto;
        // What stood before may be trimmed, or lost.
        const bool known = before == end.events && (before == 0 || end.chain != schema::Hash{});
        Segment part = segment;
        part.cut(upto);
        if (whole) {
            end.chain = schema::hash_from(segment.chain);
        } else if (known) {
            end.chain = schema::chain_after(store, part, end.chain).value_or(schema::Hash{});
        } else {
            end.chain = {};
        }
        end.last = part.last();
        end.events = before + part.rows.size();
    }
}

}  // namespace

/// The chain that a commit says of its last event of a topic is taken for it, as the real one does.
Result<LogHead> SimJournal::head_at(const StoreId& store, Sequence at) const {
    schema::check(!in_hand(), "what was begun is finished before anything else is asked");
    const auto found = data_.logs.find(store);
    if (found == data_.logs.end()) return fail(Errc::not_found, "no log of " + store.value());
    const Log& log = found->second;
    if (at > log.head.end) return fail(Errc::gap, "the log ends below");
    if (at == log.head.end) return log.head;
    const auto behind = first_above(log.commits, at);
    LogHead then{store, log.head.epoch, log.head.incarnation, at, {}};
    for (const core::TopicHead& topic : log.head.topics) {
        core::TopicHead end{topic.topic, {}, 0, 0, {}};
        const auto whole =
            std::find_if(std::make_reverse_iterator(behind), log.commits.rend(),
                         [&](const Commit& each) { return each.before.contains(topic.topic); });
        const bool begun = whole != log.commits.rend();
        if (begun && whole->bad) return fail(Errc::corrupt, unread(store, *whole));
        if (begun) count(*whole, Sequence{UINT64_MAX}, store, end);
        const bool part = behind != log.commits.end() && behind->before.contains(topic.topic);
        if (at < topic.kept_after) {
            end = {topic.topic, at, 1, 0, {}};
        } else if (part) {
            if (behind->bad) return fail(Errc::corrupt, unread(store, *behind));
            count(*behind, at, store, end);
        }
        if (end.events > 0) then.topics.push_back(std::move(end));
    }
    return then;
}

Result<schema::Range> SimJournal::read(const core::ReadRequest& request) const {
    schema::check(!in_hand(), "what was begun is finished before anything else is asked");
    const auto found = data_.logs.find(request.store);
    if (found == data_.logs.end())
        return fail(Errc::not_found, "no log of " + request.store.value());
    const Log& log = found->second;
    if (request.after > log.head.end) return fail(Errc::gap, "the log ends below");
    if (const auto kept = core::check_kept(log.head, request.topics, request.after); !kept) {
        return tl::unexpected(kept.error());
    }
    schema::Range range;
    range.store = request.store;
    range.topics = request.topics;
    range.after = range.upto = request.after;
    range.end = log.head.end;
    std::optional<schema::Epoch> epoch;
    std::size_t bytes = 0;
    auto at = first_above(log.commits, request.after);
    bool all = true;
    CommitCounts counts(log, request);
    const std::size_t goal = rare(Rare::short_read) ? 1 : request.bytes_goal;
    for (; counts.any() && at != log.commits.end(); ++at) {
        bool any = false;
        for (const Segment& segment : at->segments) {
            any = any || (asked(request.topics, segment.topic) && segment.last() > request.after);
        }
        if (!counts.go_on(*at) || (any && at->bad)) {
            return fail(Errc::corrupt, core::events_text(range.upto, at->upto) + " of " +
                                           request.store.value() + " cannot be read");
        }
        if (!any) continue;
        const bool next_epoch = epoch && *epoch != at->epoch;
        if (next_epoch || (range.upto > range.after && bytes >= goal)) {
            all = false;
            break;
        }
        for (const Segment& segment : at->segments) {
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
        range.upto = at->upto;
        epoch = at->epoch;
    }
    if (all && !counts.complete()) {
        return fail(Errc::corrupt, "the log of " + request.store.value() + " ends early");
    }
    range.epoch = epoch.value_or(log.head.epoch);
    if (all && range.epoch == log.head.epoch) range.upto = log.head.end;
    return range;
}

Result<core::Depth> SimJournal::depth(const StoreId& store, const std::vector<std::string>& topics,
                                      Sequence after) const {
    schema::check(!in_hand(), "what was begun is finished before anything else is asked");
    const auto found = data_.logs.find(store);
    if (found == data_.logs.end()) return fail(Errc::not_found, "no log of " + store.value());
    core::Depth depth;
    const std::vector<Commit>& commits = found->second.commits;
    for (auto commit = first_above(commits, after); commit != commits.end(); ++commit) {
        for (const Segment& segment : commit->segments) {
            if (!asked(topics, segment.topic)) continue;
            for (std::size_t i = 0; i < segment.rows.size(); ++i) {
                if (segment.seqs[i] <= after) continue;
                ++depth.events;
                depth.bytes += segment.rows[i].size();
                if (!depth.oldest) depth.oldest = commit->at;
            }
        }
    }
    return depth;
}

Result<std::optional<Bytes>> SimJournal::get(ByteView key) const {
    const auto value = data_.state.find(key);
    if (value == data_.state.end()) return std::optional<Bytes>{};
    return std::optional<Bytes>{value->second};
}

Result<void> SimJournal::scan(ByteView prefix, ByteView after,
                              const std::function<bool(ByteView, ByteView)>& each) const {
    auto at = after > prefix ? data_.state.upper_bound(after) : data_.state.lower_bound(prefix);
    for (; at != data_.state.end(); ++at) {
        if (at->first.compare(0, prefix.size(), prefix) != 0) break;
        if (!each(at->first, at->second)) break;
    }
    return {};
}

}  // namespace filial::sim
