#include "publisher/group.h"

#include <algorithm>
#include <utility>

namespace filial::publisher {

using schema::Hash;
using schema::LoggedEvent;
using schema::Segment;

core::Append append_of(const Group& group) {
    core::Append append;
    append.store = group.head.store;
    append.epoch = group.head.epoch;
    append.incarnation = group.head.incarnation;
    append.after = group.head.end;
    append.upto = group.events.back().seq;
    append.at = group.at;
    std::vector<Hash> chains;  // Of each segment.
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
            const core::TopicHead* before = group.head.find(topic);
            chains.push_back(before ? before->chain : Hash{});
        }
        const Hash hash = schema::event_hash(append.store, logged);
        chains[at] = schema::hash_of(schema::view(chains[at]), schema::view(hash));
        append.segments[at].add(logged.seq, logged.event.client, schema::encode_row(logged.event));
    }
    for (std::size_t i = 0; i < chains.size(); ++i) {
        append.segments[i].chain = schema::Bytes(schema::view(chains[i]));
    }
    return append;
}

}  // namespace filial::publisher
