#include "core/link/receiver.h"

#include <algorithm>

#include "schema/limits.h"

namespace filial::core {

using schema::Block;
using schema::Fetch;
using schema::Sequence;
using schema::StoreId;
using schema::TopicEnd;

Fetch Receiver::begin(const Want& want, BootTime now) {
    Flow& flow = flows_[want.store];
    const bool again = !flow.next_after.empty();
    flow.epoch = want.epoch;
    flow.next_after.clear();
    for (const TopicEnd& end : want.after) flow.next_after[end.topic] = end.seq;
    flow.progress = now;
    flow.restarted = now;
    flow.catching = again;
    flow.stopped.clear();
    flow.retry.reset();
    return Fetch{0, want.store, want.epoch, want.after, schema::kCreditBytes, true};
}

Receiver::Step Receiver::judge(const Block& block, BootTime now) {
    const auto found = flows_.find(block.store);
    if (found == flows_.end() || !found->second.stopped.empty()) return Step::ignore;
    Flow& flow = found->second;
    for (const std::string& topic : block.topics) {
        if (!flow.next_after.contains(topic)) return Step::ignore;
    }
    if (block.topics.empty()) return Step::ignore;

    bool missing = false, news = false;
    for (const std::string& topic : block.topics) {
        missing = missing || flow.next_after[topic] < block.after;
        news = news || flow.next_after[topic] < block.upto;
    }
    if (missing) return flow.catching ? Step::ignore : Step::restart;
    // It may begin below: another source was faster, or the sender cuts its blocks elsewhere now.
    if (!news) return Step::ignore;

    for (const std::string& topic : block.topics) {
        flow.next_after[topic] = std::max(flow.next_after[topic], block.upto);
    }
    flow.end = std::max(flow.end, std::max(block.end, block.upto));
    flow.progress = now;
    flow.catching = false;
    return Step::take;
}

Fetch Receiver::confirm(const StoreId& store, const std::vector<TopicEnd>& durable) {
    const auto found = flows_.find(store);
    schema::check(found != flows_.end(), "only a log that is fetched is confirmed");
    Flow& flow = found->second;
    // What another source brought meanwhile need not come over this session.
    for (const TopicEnd& end : durable) {
        const auto at = flow.next_after.find(end.topic);
        if (at != flow.next_after.end()) at->second = std::max(at->second, end.seq);
    }
    return Fetch{0, store, flow.epoch, durable, schema::kCreditBytes, false};
}

void Receiver::stop(const StoreId& store, const std::string& why, BootTime now) {
    const auto found = flows_.find(store);
    if (found == flows_.end()) return;
    Flow& flow = found->second;
    flow.stopped = why;
    flow.progress = now;
    flow.retry.reset();
}

void Receiver::pause(const StoreId& store, const std::string& why, BootTime when) {
    const auto found = flows_.find(store);
    if (found == flows_.end()) return;
    found->second.stopped = why;
    found->second.retry = when;
}

bool Receiver::behind(const Flow& flow) {
    for (const auto& [topic, after] : flow.next_after) {
        if (after < flow.end) return true;
    }
    return false;
}

bool Receiver::overdue(const Flow& flow, BootTime at) {
    return flow.stopped.empty() && behind(flow) && at.value() - flow.progress.value() >= kOverdue;
}

bool Receiver::waits(BootTime now) const {
    return std::any_of(flows_.begin(), flows_.end(),
                       [&](const auto& entry) { return overdue(entry.second, now); });
}

std::vector<StoreId> Receiver::due(BootTime now, BootTime asked) {
    std::vector<StoreId> stores;
    for (auto& [store, flow] : flows_) {
        const bool retry = flow.retry && *flow.retry <= now;
        if (!retry && !overdue(flow, asked)) continue;
        stores.push_back(store);
        // Where the host does not want it now, not in every turn.
        flow.progress = now;
        if (retry) flow.retry = BootTime{now.value() + kOverdue};
    }
    return stores;
}

void Receiver::learn_end(const StoreId& store, Sequence end, BootTime now) {
    const auto found = flows_.find(store);
    if (found == flows_.end()) return;
    if (!behind(found->second)) found->second.progress = now;
    found->second.end = std::max(found->second.end, end);
}

const Receiver::Flow* Receiver::find(const StoreId& store) const {
    const auto found = flows_.find(store);
    return found == flows_.end() ? nullptr : &found->second;
}

}  // namespace filial::core
