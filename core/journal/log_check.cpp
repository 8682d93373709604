#include "core/journal/log_check.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <utility>

#include "core/journal/log_cursor.h"

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::Hash;
using schema::Segment;
using schema::Sequence;

std::string events_text(Sequence after, Sequence upto) {
    const std::string first = std::to_string(after.value() + 1);
    if (upto.value() <= after.value() + 1) return "event " + first;
    return "events " + first + " to " + std::to_string(upto.value());
}

std::string to_string(const LogDamage& damage) {
    if (damage.topic.empty()) return "the state beside the logs: " + damage.why;
    return damage.store.value() + ", " + damage.topic + ": " +
           events_text(damage.after, damage.upto) + ": " + damage.why;
}

std::string to_string(const std::vector<LogDamage>& damages) {
    constexpr std::size_t kShown = 5;
    std::string text;
    for (std::size_t i = 0; i < damages.size() && i < kShown; ++i) {
        text += (text.empty() ? "" : "; ") + to_string(damages[i]);
    }
    if (damages.size() <= kShown) return text;
    return text + "; and " + std::to_string(damages.size() - kShown) + " more";
}

/// The topic that is read, in the database as it is in this step.
struct LogCheck::Place {
    rocksdb::DB& db;
    rocksdb::ColumnFamilyHandle* log;
    const LogHead& head;
    const TopicHead& topic;
    std::unique_ptr<LogCursor> cursor;

    schema::Result<void> seek(Sequence after) {
        cursor = std::make_unique<LogCursor>(db, log, head, topic, LogCursor::Cache::leave);
        return cursor->seek(after);
    }
};

LogCheck::LogCheck(LogHead head, bool whole) : head_(std::move(head)), whole_(whole) {
    begin_topic();
    std::uint64_t events = 0;
    for (const TopicHead& topic : head_.topics) events += topic.events;
    if (!whole_ || events == head_.end.value()) return;
    damages_.push_back({head_.store, std::string(schema::kAllTopics), Sequence{0}, head_.end,
                        "its head counts " + std::to_string(events) + " events"});
}

void LogCheck::damaged(Sequence after, Sequence upto, std::string why) {
    damages_.push_back({head_.store, head_.topics[topic_].topic, after, upto, std::move(why)});
}

bool LogCheck::step(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log, std::size_t bytes) {
    const std::uint64_t goal = bytes_ + bytes;
    while (topic_ < head_.topics.size()) {
        const TopicHead& topic = head_.topics[topic_];
        if (topic.kept_after > topic.last) {  // Trimmed meanwhile, all that this look is of.
            at_ = topic.last;
            chain_.reset();
        }
        Place place{db, log, head_, topic, nullptr};
        if (const auto ok = place.seek(at_); !ok) look_behind(place, ok.error());
        while (bytes_ < goal && at_ < topic.last && read_commit(place)) {
        }
        if (at_ < topic.last && bytes_ >= goal) return true;
        end_topic();
    }
    return false;
}

/// What stands behind `at_` cannot be read: looks for the next commit that can.
void LogCheck::look_behind(Place& place, const Error& error) {
    const Sequence last = place.topic.last;
    std::uint64_t bad = at_.value(), good = last.value();
    bool found = false;
    for (std::uint64_t step = 1; at_.value() + step < last.value(); step *= 2) {
        if (place.seek(Sequence{at_.value() + step})) {
            good = at_.value() + step;
            found = true;
            break;
        }
        bad = at_.value() + step;
    }
    while (found && good - bad > 1) {
        const std::uint64_t middle = bad + (good - bad) / 2;
        (place.seek(Sequence{middle}) ? good : bad) = middle;
    }
    const bool stands = found && place.seek(Sequence{good}) && place.cursor->valid();
    chain_.reset();
    events_.reset();
    holds_trim_ = false;
    if (!stands) {
        damaged(at_, last, error.message);
        at_ = last;
        return;
    }
    const auto value = place.cursor->value(parser_);
    const Sequence upto = value ? Sequence{value->segment.first().value() - 1} : Sequence{good};
    damaged(at_, upto, error.message);
    at_ = Sequence{good};  // A search from further back would meet the same place again.
    if (value) events_ = value->events_before;
    if (const auto ok = place.seek(at_); !ok) {
        damaged(at_, last, ok.error().message);
        at_ = last;
    }
}

/// One commit further; false where nothing more of the topic is there.
bool LogCheck::read_commit(Place& place) {
    if (!place.cursor->valid()) {
        damaged(at_, place.topic.last, "they are missing");
        at_ = place.topic.last;
        return false;
    }
    const Sequence before = at_;
    const Sequence upto = place.cursor->upto();
    const auto value = place.cursor->value(parser_);
    at_ = upto;
    if (value) {
        take(value->segment, value->events_before, before);
        if (const auto ok = place.cursor->next(); !ok && upto < place.topic.last) {
            look_behind(place, ok.error());
        }
        return true;
    }
    damaged(before, std::min(upto, place.topic.last), value.error().message);
    holds_trim_ = false;
    chain_.reset();
    events_.reset();
    if (const auto ok = place.seek(upto); !ok) look_behind(place, ok.error());
    return true;
}

void LogCheck::take(const Segment& segment, std::uint64_t events_before, Sequence before) {
    const Sequence kept = head_.topics[topic_].kept_after;
    if (std::exchange(holds_trim_, false) && segment.first() > kept) {
        damaged(before, Sequence{segment.first().value() - 1},
                "the commits at the beginning of what is kept are missing");
    }
    if (events_ && events_before != *events_) {
        damaged(before, Sequence{segment.first().value() - 1}, "a commit is missing");
        chain_.reset();
    }
    if (chain_) {
        const auto now = schema::chain_after(head_.store, segment, *chain_);
        if (!now) {
            damaged(before, segment.last(), now.error().message);
        } else if (!segment.chain.empty() && segment.chain != schema::view(*now)) {
            damaged(before, segment.last(), "the chain of hashes differs");
        }
        chain_ = now ? std::optional(*now) : std::nullopt;
    }
    if (!segment.chain.empty()) chain_ = schema::hash_from(segment.chain);
    events_ = events_before + segment.rows.size();
    rows_ += segment.rows.size();
    bytes_ += segment.size() + 1;
}

void LogCheck::end_topic() {
    const TopicHead& topic = head_.topics[topic_];
    const bool differs = chain_ && topic.chain != Hash{} && *chain_ != topic.chain;
    const bool mine = !damages_.empty() && damages_.back().topic == topic.topic;
    if (differs && !mine) {
        damaged(Sequence{topic.last.value() - 1}, topic.last,
                "the chain of hashes ends elsewhere than the log's head says");
    }
    ++topic_;
    begin_topic();
}

void LogCheck::begin_topic() {
    at_ = Sequence{};
    chain_ = Hash{};
    events_ = 0;
    holds_trim_ = false;
    const bool any = topic_ < head_.topics.size();
    if (any && head_.topics[topic_].kept_after.value() > 0) begin_behind_trim();
}

/// What stood before the commit that the trim has left is not there to be compared with.
void LogCheck::begin_behind_trim() {
    chain_.reset();
    events_.reset();
    holds_trim_ = true;
}

void LogCheck::trimmed(const LogHead& now) {
    for (std::size_t i = topic_; i < head_.topics.size(); ++i) {
        TopicHead& topic = head_.topics[i];
        const TopicHead* changed = now.find(topic.topic);
        if (changed == nullptr || changed->kept_after <= topic.kept_after) continue;
        topic.kept_after = changed->kept_after;
        if (i == topic_ && at_ < topic.kept_after) begin_behind_trim();
    }
}

}  // namespace filial::core
