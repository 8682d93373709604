#include "core/journal/log_head.h"

#include <algorithm>

#include "schema/limits.h"
#include "schema/names.h"

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Sequence;

namespace {

constexpr std::uint64_t kHeadVersion = 1;

std::string named(const Append& append) {
    return "append to " + to_string(schema::Position{append.store, append.epoch, append.after}) +
           " up to " + std::to_string(append.upto.value());
}

/// What is kept must be readable: limits as those of a segment's reader.
Result<void> check_limits(const schema::Segment& segment) {
    if (auto ok = schema::parse_topic(segment.topic); !ok) {
        return fail(Errc::invalid, ok.error().message);
    }
    std::size_t bytes = 0;
    for (const Bytes& row : segment.rows) {
        bytes += row.size();
        if (row.size() > schema::kEventBytesMax) {
            return fail(Errc::too_large, segment.topic + " has an event of " +
                                             std::to_string(row.size()) + " bytes");
        }
    }
    if (segment.rows.size() <= schema::kArrayElementsMax && bytes <= schema::kBlockBytesMax) {
        return {};
    }
    return fail(Errc::too_large, segment.topic + ": " + std::to_string(segment.rows.size()) +
                                     " events of " + std::to_string(bytes) +
                                     " bytes fit into no block");
}

Result<void> check_segment(const Append& append, const schema::Segment& segment) {
    const std::string& topic = segment.topic;
    if (const auto ok = check_limits(segment); !ok) return ok;
    if (segment.epoch != append.epoch) return fail(Errc::invalid, topic + " is of another epoch");
    if (segment.empty() || segment.first() <= append.after || segment.last() > append.upto) {
        return fail(Errc::invalid, topic + " holds positions outside the commit");
    }
    const auto same_topic = [&](const schema::Segment& other) { return other.topic == topic; };
    if (std::count_if(append.segments.begin(), append.segments.end(), same_topic) != 1) {
        return fail(Errc::invalid, topic + " comes twice");
    }
    return {};
}

TopicHead& topic_of(LogHead& head, const std::string& topic) {
    for (TopicHead& one : head.topics) {
        if (one.topic == topic) return one;
    }
    head.topics.push_back(TopicHead{topic, {}, 0, 0, {}});
    return head.topics.back();
}

}  // namespace

const TopicHead* LogHead::find(std::string_view topic) const {
    for (const TopicHead& one : topics) {
        if (one.topic == topic) return &one;
    }
    return nullptr;
}

namespace {

/// Bytes of one read of a log.
constexpr std::size_t kReadBytes = 1 << 20;

}  // namespace

Result<LogHead> Journal::head_at(const schema::StoreId& store, Sequence at) const {
    const auto now = head(store);
    if (!now) return fail(Errc::not_found, "there is no log of " + store.value() + " here");
    if (at > now->end) {
        return fail(Errc::gap,
                    "the log of " + store.value() + " ends at " + std::to_string(now->end.value()));
    }
    LogHead then{store, now->epoch, now->incarnation, {}, {}};
    while (then.end < at) {
        auto range = read({store, {std::string(schema::kAllTopics)}, then.end, kReadBytes});
        if (!range) return tl::unexpected(range.error());
        for (schema::Segment& segment : range->segments) {
            segment.cut(at);
            if (segment.empty()) continue;
            TopicHead& topic = topic_of(then, segment.topic);
            const auto chain = schema::chain_after(store, segment, topic.chain);
            if (!chain) return tl::unexpected(chain.error());
            topic.last = segment.last();
            topic.events += segment.rows.size();
            topic.bytes += segment.size();
            topic.chain = *chain;
        }
        then.end = std::min(range->upto, at);
    }
    return then;
}

Bytes encode(const LogHead& head) {
    schema::Writer out;
    out.array(5).u64(kHeadVersion).u64(head.epoch.value());
    out.bin(schema::view(head.incarnation)).u64(head.end.value());
    out.array(head.topics.size());
    for (const TopicHead& topic : head.topics) {
        const bool trimmed = topic.kept_after.value() > 0;
        out.array(trimmed ? 6 : 5).str(topic.topic).u64(topic.last.value()).u64(topic.events);
        out.u64(topic.bytes).bin(schema::view(topic.chain));
        if (trimmed) out.u64(topic.kept_after.value());
    }
    return out.take();
}

Result<LogHead> decode_log_head(schema::Parser& parser, const schema::StoreId& store,
                                ByteView bytes) {
    const auto name = "head of " + store.value();
    auto fields = parser.array(bytes);
    if (!fields) return fail(name, fields.error());
    const std::uint64_t version = fields->u64();
    if (version > kHeadVersion) {
        return fail(Errc::schema_too_new,
                    name + ": version " + std::to_string(version) + " is not known here");
    }
    LogHead head;
    head.store = store;
    head.epoch = schema::Epoch{fields->u32()};
    head.incarnation = schema::id16_from(fields->bin());
    head.end = Sequence{fields->u64()};
    schema::Fields topics = fields->array();
    while (topics.more()) {
        schema::Fields parts = topics.array();
        TopicHead topic;
        topic.topic = schema::read_topic(parts);
        topic.last = Sequence{parts.u64()};
        topic.events = parts.u64();
        topic.bytes = parts.u64();
        topic.chain = schema::hash_from(parts.bin());
        topic.kept_after = Sequence{parts.u64()};
        if (topic.last > head.end) return fail(Errc::corrupt, name + ": a topic ends behind it");
        if (topic.kept_after > topic.last) {
            return fail(Errc::corrupt, name + ": more of a topic is trimmed than there is");
        }
        head.topics.push_back(std::move(topic));
    }
    if (const auto done = parser.finish(name); !done) return tl::unexpected(done.error());
    return head;
}

Result<LogHead> advance(const LogHead& head, const Append& append) {
    if (append.epoch < head.epoch) {
        return fail(Errc::stale_incarnation,
                    named(append) + ": the log is in epoch " + std::to_string(head.epoch.value()));
    }
    const bool known = append.incarnation == schema::Incarnation{} ||
                       head.incarnation == schema::Incarnation{} ||
                       append.incarnation == head.incarnation;
    if (append.epoch == head.epoch && !known) {
        return fail(Errc::forked, named(append) + ": another machine wrote this epoch before");
    }
    if (append.after != head.end) {
        return fail(Errc::gap,
                    named(append) + ": the log ends at " + std::to_string(head.end.value()));
    }
    if (append.upto < append.after) return fail(Errc::invalid, named(append) + ": runs backwards");

    LogHead now = head;
    now.store = append.store;
    now.epoch = append.epoch;
    now.end = append.upto;
    if (append.incarnation != schema::Incarnation{}) now.incarnation = append.incarnation;
    for (const TopicHead& begun : append.begun) {
        const auto is_its = [&](const schema::Segment& one) { return one.topic == begun.topic; };
        const bool has = std::any_of(append.segments.begin(), append.segments.end(), is_its);
        if (!has || now.find(begun.topic) != nullptr) {
            return fail(Errc::invalid, named(append) + ": " + begun.topic + " does not begin here");
        }
        now.topics.push_back(begun);
    }
    for (const schema::Segment& segment : append.segments) {
        if (const auto ok = check_segment(append, segment); !ok) {
            return fail(named(append), ok.error());
        }
        TopicHead& topic = topic_of(now, segment.topic);
        topic.last = segment.last();
        topic.events += segment.rows.size();
        topic.bytes += segment.size();
        topic.chain = schema::hash_from(segment.chain);
    }
    return now;
}

Result<LogHead> trimmed(const LogHead& head, const Trim& trim) {
    LogHead now = head;
    for (TopicHead& topic : now.topics) {
        if (topic.topic != trim.topic) continue;
        if (trim.upto <= topic.kept_after || trim.upto > topic.last) break;
        topic.kept_after = trim.upto;
        return now;
    }
    return fail(Errc::invalid, "trim of " + trim.store.value() + ", " + trim.topic + " up to " +
                                   std::to_string(trim.upto.value()) +
                                   ": there is nothing of it to trim");
}

Result<void> check_kept(const LogHead& head, const std::vector<std::string>& topics,
                        Sequence after) {
    for (const TopicHead& topic : head.topics) {
        const bool asked = std::any_of(topics.begin(), topics.end(), [&](const std::string& one) {
            return one == topic.topic || one == schema::kAllTopics;
        });
        if (!asked || after >= topic.kept_after) continue;
        return fail(Errc::snapshot_needed,
                    topic.topic + " of " + head.store.value() + " is kept here from behind event " +
                        std::to_string(topic.kept_after.value()) + " on, asked for was behind " +
                        std::to_string(after.value()));
    }
    return {};
}

schema::Hash chains_of(const LogHead& head) {
    std::vector<const TopicHead*> topics;
    topics.reserve(head.topics.size());
    for (const TopicHead& topic : head.topics) topics.push_back(&topic);
    std::sort(topics.begin(), topics.end(),
              [](const TopicHead* a, const TopicHead* b) { return a->topic < b->topic; });
    schema::Writer out;
    out.array(topics.size() * 3);
    for (const TopicHead* topic : topics) {
        out.str(topic->topic).u64(topic->last.value()).bin(schema::view(topic->chain));
    }
    return schema::hash_of(out.bytes());
}

}  // namespace filial::core
