#include "publisher/group.h"

#include <algorithm>
#include <utility>

namespace filial::publisher {

using schema::Hash;
using schema::LoggedEvent;
using schema::Segment;

Chains chains_of(const core::LogHead& head) {
    Chains chains;
    for (const core::TopicHead& topic : head.topics) chains.emplace(topic.topic, topic.chain);
    return chains;
}

core::Append append_of(const Group& group, Chains& chains) {
    core::Append append;
    append.store = group.store;
    append.epoch = group.epoch;
    append.incarnation = group.incarnation;
    append.after = schema::Sequence{group.events.front().seq.value() - 1};
    append.upto = group.events.back().seq;
    append.at = group.at;
    std::vector<Hash*> ends;  // Of each segment.
    for (const LoggedEvent& logged : group.events) {
        const std::string& topic = logged.event.topic;
        const auto found = std::find_if(append.segments.begin(), append.segments.end(),
                                        [&](const Segment& one) { return one.topic == topic; });
        const auto at = static_cast<std::size_t>(found - append.segments.begin());
        if (found == append.segments.end()) {
            Segment segment;
            segment.topic = topic;
            segment.epoch = append.epoch;
            append.segments.push_back(std::move(segment));
            ends.push_back(&chains[topic]);
        }
        const Hash hash = schema::event_hash(append.store, logged);
        *ends[at] = schema::hash_of(schema::view(*ends[at]), schema::view(hash));
        append.segments[at].add(logged.seq, logged.event.client, schema::encode_row(logged.event));
    }
    for (std::size_t i = 0; i < ends.size(); ++i) {
        append.segments[i].chain = schema::Bytes(schema::view(*ends[i]));
    }
    return append;
}

}  // namespace filial::publisher
