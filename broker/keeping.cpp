// What the broker keeps for readers, and what it gives for the rest.
#include "broker/broker.h"
#include "core/log.h"

namespace filial::broker {

using schema::Errc;
using schema::Sequence;

Sequence Broker::kept_after(const schema::StoreId& store, const std::string& topic) const {
    const auto head = journal_.head(store);
    Sequence kept;
    if (!head) return kept;
    for (const core::TopicHead& each : head->topics) {
        const bool asked = topic == each.topic || topic == schema::kAllTopics;
        if (asked) kept = std::max(kept, each.kept_after);
    }
    return kept;
}

schema::Result<schema::Chunk> Broker::snapshot(const core::Peer& peer,
                                               const schema::SnapshotAsk& ask, std::size_t most) {
    auto chunk = retention_.piece(peer.name, ask, most, clock_.boot());
    if (!chunk && chunk.error().code == Errc::corrupt) broken_ = chunk.error();
    return chunk;
}

void Broker::trim(core::BootTime now) {
    if (logs_.staged()) return;  // Space is short: the logs come first.
    const auto done = retention_.turn(now, clock_.wall(), registry_);
    if (!done) write_failed(done.error());
}

}  // namespace filial::broker
