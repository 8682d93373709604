#include "core/link/receiver.h"

#include <algorithm>

#include "schema/limits.h"
#include "schema/planted.h"

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
    flow.held = false;
    flow.proves = !want.proof.empty();
    flow.stopped.clear();
    flow.retry.reset();
    Fetch fetch = fetch_of(want.store, flow, want.after, true);
    fetch.incarnation = want.incarnation;
    fetch.proof = want.proof;
    return fetch;
}

Fetch Receiver::fetch_of(const StoreId& store, const Flow& flow, std::vector<TopicEnd> after,
                         bool restart) const {
    Fetch fetch{0, store, flow.epoch, std::move(after), abilities_.credit, restart};
    fetch.codecs = abilities_.codecs;
    fetch.dictionaries = abilities_.dictionaries && !flow.alone;
    fetch.block_events = abilities_.block_events;
    return fetch;
}

bool Receiver::stand_alone(const StoreId& store) {
    const auto found = flows_.find(store);
    if (found == flows_.end() || found->second.alone) return false;
    found->second.alone = true;
    return true;
}

bool Receiver::confirm_pays(const StoreId& store, BootTime now) const {
    const auto found = flows_.find(store);
    if (found == flows_.end() || !found->second.unconfirmed_since) return true;
    const Flow& flow = found->second;
    const auto since = [&](BootTime then) { return now.value() - then.value(); };
    return flow.unconfirmed >= abilities_.credit / 4 ||
           since(*flow.unconfirmed_since) >= kConfirmWithin ||
           (!behind(flow) && since(flow.progress) >= kConfirmQuiet);
}

bool Receiver::overtaken(const StoreId& store, const std::vector<TopicEnd>& durable) const {
    const auto found = flows_.find(store);
    if (found == flows_.end() || !found->second.proves) return false;
    const auto& next_after = found->second.next_after;
    return std::any_of(durable.begin(), durable.end(), [&](const TopicEnd& end) {
        const auto at = next_after.find(end.topic);
        return at != next_after.end() && at->second < end.seq;
    });
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
    flow.unconfirmed += block.data.size();
    if (!flow.unconfirmed_since) flow.unconfirmed_since = now;
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
    flow.unconfirmed = 0;
    flow.unconfirmed_since.reset();
    return fetch_of(store, flow, durable, false);
}

std::optional<Fetch> Receiver::hold(const StoreId& store) {
    const auto found = flows_.find(store);
    if (found == flows_.end()) return std::nullopt;
    Flow& flow = found->second;
    if (flow.held || flow.next_after.empty() || !flow.stopped.empty()) return std::nullopt;
    flow.held = true;
    std::vector<TopicEnd> after;
    for (const auto& [topic, seq] : flow.next_after) after.push_back({topic, seq});
    Fetch fetch = fetch_of(store, flow, std::move(after), false);
    fetch.credit = 0;
    return fetch;
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
    if (!schema::planted(schema::Bug::pause_for_ever)) found->second.retry = when;
}

bool Receiver::behind(const Flow& flow) {
    for (const auto& [topic, after] : flow.next_after) {
        if (after < flow.end) return true;
    }
    return false;
}

bool Receiver::overdue(const Flow& flow, BootTime at) {
    return flow.stopped.empty() && !flow.held && behind(flow) &&
           at.value() - flow.progress.value() >= kOverdue;
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
