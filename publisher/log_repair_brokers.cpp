// The repair's part with brokers: what is asked of them, and what they said.
#include <algorithm>

#include "publisher/log_repair.h"
#include "publisher/mark_maker.h"

namespace filial::publisher {

using core::Peer;
using schema::Errc;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// A broker with which no session came about in this time counts as one that cannot be reached.
constexpr std::int64_t kReachWithin = 10 * core::kSecond;
/// A mark that a broker has comes this soon once it has said where the log ends there.
constexpr std::int64_t kMarkWithin = 10 * core::kSecond;

}  // namespace

std::optional<core::Want> LogRepair::want(const Peer& peer, const StoreId& store) {
    const bool asked = store == options_.store && peer.role == "broker" && peer.dialled;
    if (!asked || !stuck_) return std::nullopt;
    core::Want want;
    want.store = store;
    want.epoch = rebuild_->head().epoch;
    want.incarnation = rebuild_->head().incarnation;
    for (const std::string& topic : topics_of(brokers_[peer.store])) {
        want.after.push_back({topic, rebuild_->end()});
    }
    return want;
}

std::vector<std::string> LogRepair::topics_of(const Broker& broker) const {
    if (broker.trimmed.empty()) return {std::string(schema::kAllTopics)};
    std::set<std::string> topics{
        std::string(schema::kTopicControl), std::string(schema::kTopicCustomers),
        std::string(schema::kTopicStock), std::string(schema::kTopicDebts)};
    for (std::string& topic : rebuild_->topics()) topics.insert(std::move(topic));
    for (const std::string& topic : broker.gone) topics.erase(topic);
    return {topics.begin(), topics.end()};
}

Result<void> LogRepair::take(const Peer& peer, schema::Range range) {
    Broker& broker = brokers_[peer.store];
    broker.busy.clear();
    broker.end = range.end;
    const Sequence before = rebuild_->end();
    const bool all = range.topics == topics_of({});
    if (all) broker.trimmed.clear();
    const auto taken =
        all ? rebuild_->take(range, clock_.wall()) : rebuild_->take_some(range, clock_.wall());
    broker.trouble =
        taken || taken.error().code == Errc::gap ? std::string() : taken.error().message;
    fetched_ += static_cast<std::int64_t>(rebuild_->end().value() - before.value());
    return taken;
}

void LogRepair::not_served(const Peer& peer, const schema::Trouble& trouble) {
    if (trouble.store != options_.store.value()) return;
    Broker& broker = brokers_[peer.store];
    if (trouble.code == Errc::snapshot_needed) {
        if (broker.trimmed.empty()) broker.trimmed = trouble.message;
        for (const std::string& topic : trouble.topics) broker.gone.insert(topic);
        return;
    }
    if (trouble.code == Errc::busy) {
        broker.end.reset();
        broker.trouble.clear();
        broker.busy = trouble.message;
        return;
    }
    broker.busy.clear();
    const bool none = trouble.code == Errc::not_held;
    if (none || trouble.code == Errc::gap) broker.end = Sequence{trouble.end};
    if (!none && trouble.code != Errc::gap) broker.trouble = trouble.message;
}

void LogRepair::marked(const Peer&, const schema::Mark& mark) {
    if (mark.store == options_.store) mark_counter_ = std::max(mark_counter_, mark.counter);
}

/// Who does not offer this store's log has nothing of it.
void LogRepair::look_at_brokers() {
    for (const Peer& peer : exchange_->peers()) {
        const auto broker = brokers_.find(peer.store);
        if (broker == brokers_.end() || broker->second.end) continue;
        const bool offers = std::any_of(
            peer.offers.begin(), peer.offers.end(),
            [&](const std::string& each) { return each == options_.store.value() || each == "*"; });
        if (!offers) broker->second.end = Sequence{0};
    }
}

/// Each broker has said where the log ends there, and all of that is here; or it cannot be reached
/// now, or gives what does not fit. One that does not keep what is missing now has what follows,
/// and one that has yet to write what came is waited for also where its line is down.
bool LogRepair::nobody_has_more() const {
    const auto legs = exchange_->incoming_legs();
    return std::all_of(brokers_.begin(), brokers_.end(), [&](const auto& entry) {
        const auto& [name, broker] = entry;
        if (!broker.trimmed.empty() || !broker.busy.empty()) return false;
        if (!broker.trouble.empty()) return true;
        if (broker.end) return *broker.end <= rebuild_->end();
        if (clock_.boot().value() - started_.value() < kReachWithin) return false;
        return std::any_of(legs.begin(), legs.end(), [&](const schema::Leg& leg) {
            return leg.peer == name && !leg.connected;
        });
    });
}

/// Where the state is gone, a broker says how far the own marks have counted: its newest one comes
/// right behind the greeting, if it has any.
bool LogRepair::marks_known(core::BootTime now) {
    if (!whole_since_) whole_since_ = now;
    return counts_on() || mark_counter_ > 0 || now.value() - whole_since_->value() >= kMarkWithin;
}

}  // namespace filial::publisher
