#include "subscriber/snapshot_pull.h"

#include <algorithm>

#include "core/log.h"

namespace filial::subscriber {

using schema::Result;
using schema::StoreId;

namespace {

/// After a piece that could not be taken.
constexpr std::int64_t kAgainAfter = 5 * core::kSecond;
/// After one that was whole and could not be taken in: it comes again, over a line that may be
/// dear.
constexpr std::int64_t kAgainMost = 4 * 3'600 * core::kSecond;

}  // namespace

void SnapshotPull::needed(const std::string& peer, const StoreId& store,
                          const std::vector<std::string>& topics) {
    for (const std::string& topic : topics) {
        if (replica_.wants_store(store) && replica_.wants_topic(topic)) {
            needs_[{store, topic}].peers.insert(peer);
        }
    }
}

bool SnapshotPull::waits(const std::string& peer, const StoreId& store,
                         const std::string& topic) const {
    const auto need = needs_.find({store, topic});
    return need != needs_.end() && need->second.peers.contains(peer);
}

void SnapshotPull::session_began(const std::string& peer) {
    for (auto& [place, need] : needs_) {
        if (need.asked == peer) need.asked.clear();
    }
}

bool SnapshotPull::came(const std::string& peer, const schema::Chunk& chunk, core::BootTime now) {
    const auto need = needs_.find({chunk.store, chunk.topic});
    if (need == needs_.end() || need->second.asked != peer) return false;
    // All of it is kept there after all, or what is here goes on behind it.
    const bool not_needed = chunk.info.upto <= replica_.position(chunk.store, chunk.topic);
    if (not_needed) {
        needs_.erase(need);
        return true;
    }
    const auto added = replica_.add_piece(chunk);
    if (added) {
        need->second.asked.clear();
        return false;
    }
    core::log(core::Level::error, "a piece of a snapshot was refused",
              {{"peer", peer}, {"origin", chunk.store.value()}, {"error", added.error().message}});
    need->second.since = core::BootTime{now.value() - kPieceWithin + kAgainAfter};
    return false;
}

bool SnapshotPull::is_asked(const std::string& peer, core::BootTime now) const {
    return std::any_of(needs_.begin(), needs_.end(), [&](const auto& entry) {
        const Need& need = entry.second;
        return need.asked == peer && now.value() - need.since.value() < kPieceWithin;
    });
}

Result<bool> SnapshotPull::turn(core::BootTime now, const Ask& ask) {
    bool changed = false;
    for (auto at = needs_.begin(); at != needs_.end();) {
        const auto& [store, topic] = at->first;
        Need& need = at->second;
        if (now < need.not_before) {
            ++at;
            continue;
        }
        const Shelved* coming = replica_.coming(store, topic);
        if (coming != nullptr && coming->whole) {
            const auto done = replica_.switch_to_snapshot(store, topic);
            if (!done) {
                need.wait_us = std::clamp(2 * need.wait_us, kAgainAfter, kAgainMost);
                need.not_before = core::BootTime{now.value() + need.wait_us};
                need.asked.clear();
                return tl::unexpected(done.error());
            }
            taken_ += *done ? 1 : 0;
            changed = changed || *done;
            at = *done ? needs_.erase(at) : std::next(at);
            continue;
        }
        const std::string peer = need.peers.empty() ? std::string() : *need.peers.begin();
        if (!peer.empty() && is_asked(peer, now)) {
            ++at;
            continue;
        }
        schema::SnapshotAsk next;
        next.store = store;
        next.topic = topic;
        if (coming != nullptr) {
            next.upto = coming->info.upto;
            next.after = coming->after;
        }
        if (!peer.empty() && ask(peer, std::move(next))) {
            need.asked = peer;
            need.since = now;
            ++at;
            continue;
        }
        need.peers.erase(peer);
        changed = true;
        at = need.peers.empty() ? needs_.erase(at) : std::next(at);
    }
    return changed;
}

}  // namespace filial::subscriber
