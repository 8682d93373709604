#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schema/limits.h"
#include "test/sim/sim_journal.h"

namespace filial::sim {

inline bool asked(const std::vector<std::string>& topics, const std::string& topic) {
    return std::any_of(topics.begin(), topics.end(), [&](const std::string& each) {
        return each == topic || each == schema::kAllTopics;
    });
}

inline std::uint64_t events_in(const SimJournal::Commit& commit, const std::string& topic) {
    std::uint64_t events = 0;
    for (const schema::Segment& segment : commit.segments) {
        if (segment.topic == topic) events += segment.rows.size();
    }
    return events;
}

/// Finds commits that are gone as the real journal's readers do: by what each commit of a topic,
/// and the head, say of how many events came before.
class CommitCounts {
  public:
    CommitCounts(const SimJournal::Log& log, const core::ReadRequest& request)
        : log_(log), request_(request) {
        const auto behind =
            std::upper_bound(log.commits.begin(), log.commits.end(), request.after,
                             [](auto after, const auto& each) { return after < each.upto; });
        for (const core::TopicHead& topic : log.head.topics) {
            if (!is_read(topic)) continue;
            any_ = true;
            const auto from = std::find_if(
                std::make_reverse_iterator(behind), log.commits.rend(),
                [&](const auto& commit) { return commit.before.contains(topic.topic); });
            if (from == log.commits.rend()) {
                if (topic.kept_after.value() == 0) events_[topic.topic] = 0;
            } else if (!from->bad) {  // What follows such a one is not known.
                events_[topic.topic] = from->before.at(topic.topic) + events_in(*from, topic.topic);
            }
        }
    }

    /// Whether there is anything to read.
    bool any() const { return any_; }

    bool go_on(const SimJournal::Commit& commit) {
        return std::all_of(commit.before.begin(), commit.before.end(), [&](const auto& each) {
            const auto& [topic, before] = each;
            if (!asked(request_.topics, topic)) return true;
            const auto [at, first] = events_.try_emplace(topic, before);
            const bool follows = at->second == before;
            at->second = before + events_in(commit, topic);
            return follows;
        });
    }

    bool complete() const {
        return std::all_of(log_.head.topics.begin(), log_.head.topics.end(), [&](const auto& each) {
            if (!is_read(each)) return true;
            const auto at = events_.find(each.topic);
            return at != events_.end() && at->second == each.events;
        });
    }

  private:
    bool is_read(const core::TopicHead& topic) const {
        return topic.last > request_.after && asked(request_.topics, topic.topic);
    }

    const SimJournal::Log& log_;
    const core::ReadRequest& request_;
    bool any_ = false;
    std::map<std::string, std::uint64_t> events_;  ///< Up to the last commit read, by topic.
};

}  // namespace filial::sim
