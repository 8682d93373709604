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
        for (const core::TopicHead& topic : log.head.topics) {
            if (topic.kept_after.value() == 0) events_[topic.topic] = 0;
        }
        for (const SimJournal::Commit& commit : log.commits) {
            if (commit.upto > request.after) break;
            for (const auto& [topic, before] : commit.before) {
                events_[topic] = before + events_in(commit, topic);
                if (commit.bad) events_.erase(topic);  // What follows it is not known.
            }
        }
    }

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
            if (!asked(request_.topics, each.topic) || each.last <= request_.after) return true;
            const auto at = events_.find(each.topic);
            return at != events_.end() && at->second == each.events;
        });
    }

  private:
    const SimJournal::Log& log_;
    const core::ReadRequest& request_;
    std::map<std::string, std::uint64_t> events_;  ///< Up to the last commit read, by topic.
};

}  // namespace filial::sim
