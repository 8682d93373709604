// What the broker keeps for readers, and what it gives for the rest.
#include <algorithm>

#include "broker/broker.h"
#include "core/log.h"

namespace filial::broker {

using schema::Errc;
using schema::Sequence;

namespace {

/// In the health line.
constexpr std::size_t kStoresNamed = 3;

}  // namespace

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

/// The broker that is dialled does not keep what would come next here. A broker takes whole logs,
/// so it has to come from the store.
void Broker::not_served(const core::Peer& peer, const schema::Trouble& trouble) {
    if (trouble.code != Errc::snapshot_needed) return;
    const schema::StoreId store{trouble.store};
    const Sequence held = journal_.end(store);
    const auto known = cut_off_.find(store);
    if (known != cut_off_.end() && known->second.held == held) return;
    core::log(core::Level::error, "a log cannot be followed: what comes next is not kept there",
              {{"peer", peer.name},
               {"store", store.value()},
               {"held", held.value()},
               {"why", trouble.message}});
    cut_off_[store] = {peer.name, held, trouble.message};
}

std::string Broker::health() const {
    std::string text = trouble_.empty() ? retention_.trouble() : trouble_;
    const auto add = [&](const std::string& one) {
        if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
    };
    add(time_.trouble());
    for (const auto& [store, incarnation] : second_machines_) {
        add(store.value() +
            " is offered by a second machine, from which nothing is taken: see the log");
    }
    const auto peers = exchange_->peers();
    for (const auto& [store, attempt] : readmissions_.open()) {
        const bool waits = std::any_of(peers.begin(), peers.end(), [&](const core::Peer& peer) {
            return peer.incarnation == attempt.incarnation;
        });
        if (waits) {
            add(store.value() + " stands still until it is readmitted: `filial readmit " +
                store.value() + "`");
        }
    }
    std::string stores;
    std::size_t named = 0, cut_off = 0;
    for (const auto& [store, cut] : cut_off_) {
        if (journal_.end(store) > cut.held) continue;  // It came from elsewhere.
        ++cut_off;
        if (named == kStoresNamed) continue;
        ++named;
        stores += (stores.empty() ? "" : ", ") + store.value() + " (held to " +
                  std::to_string(cut.held.value()) + ", " + cut.why + ")";
    }
    if (cut_off > named) stores += " and " + std::to_string(cut_off - named) + " more";
    if (cut_off > 0) {
        add("logs that the other broker does not keep from where this one stands: " + stores +
            "; have these stores dial this broker, too, for as long as they send it their logs");
    }
    return text.empty() ? "ok" : text;
}

void Broker::trim(core::BootTime now) {
    if (logs_.staged()) return;  // Space is short: the logs come first.
    if (!retention_.is_due(now)) return;
    const auto passed = time_.passed();
    if (!passed) return;  // Nothing came since, either, that would have to go.
    const auto done = retention_.turn(now, *passed, registry_);
    if (!done) write_failed(done.error());
}

}  // namespace filial::broker
