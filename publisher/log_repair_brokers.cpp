// The repair's part with brokers and the own replica: what is asked of them, and what they said.
#include <algorithm>

#include "publisher/log_repair.h"
#include "publisher/mark_maker.h"
#include "schema/names.h"

namespace filial::publisher {

using core::Peer;
using schema::Errc;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// A broker with which no session came about in this time counts as one that cannot be reached, and
/// a replica as one that does not run.
constexpr std::int64_t kReachWithin = 10 * core::kSecond;
/// A mark that a broker has comes this soon once it has said where the log ends there.
constexpr std::int64_t kMarkWithin = 10 * core::kSecond;

}  // namespace

bool LogRepair::is_own_replica(const Peer& peer) const {
    return peer.local && peer.role == "subscriber" && peer.store == options_.store.value();
}

/// Null for who is not asked.
LogRepair::Source* LogRepair::source_of(const Peer& peer) {
    if (is_own_replica(peer)) return &replica_;
    if (peer.role != "broker" || !peer.dialled) return nullptr;
    return &brokers_[peer.store];
}

std::optional<core::Want> LogRepair::want(const Peer& peer, const StoreId& store) {
    const Source* source = source_of(peer);
    if (store != options_.store || source == nullptr || !stuck_ || accepted_) return std::nullopt;
    core::Want want;
    want.store = store;
    // A broker proves what follows by its chain. A replica that has not read the log's last epoch
    // has events that this one may have gone on without.
    const bool replica = source == &replica_;
    want.epoch = replica ? rebuild_->epoch() : rebuild_->head().epoch;
    want.incarnation = replica ? rebuild_->incarnation() : rebuild_->head().incarnation;
    for (const std::string& topic : topics_of(*source)) {
        want.after.push_back({topic, rebuild_->end()});
    }
    return want;
}

std::vector<std::string> LogRepair::topics_of(const Source& source) const {
    if (source.trimmed.empty()) return {std::string(schema::kAllTopics)};
    std::set<std::string> topics{
        std::string(schema::kTopicAccounts), std::string(schema::kTopicControl),
        std::string(schema::kTopicCustomers), std::string(schema::kTopicStock),
        std::string(schema::kTopicDebts)};
    for (std::string& topic : rebuild_->topics()) topics.insert(std::move(topic));
    for (const std::string& topic : source.gone) topics.erase(topic);
    return {topics.begin(), topics.end()};
}

Result<void> LogRepair::take(const Peer& peer, schema::Range range) {
    Source* source = source_of(peer);
    if (source == nullptr) {
        return schema::fail(Errc::not_allowed,
                            "the own log is taken from brokers and the own replica only");
    }
    if (accepted_) return {};  // It was on its way when the log was ended without it.
    source->busy.clear();
    source->end = range.end;
    const Sequence before = rebuild_->end();
    const bool all = range.topics == topics_of({});
    if (all) source->trimmed.clear();
    const auto taken =
        all ? rebuild_->take(range, clock_.wall()) : rebuild_->take_some(range, clock_.wall());
    source->trouble =
        taken || taken.error().code == Errc::gap ? std::string() : taken.error().message;
    fetched_ += static_cast<std::int64_t>(rebuild_->end().value() - before.value());
    return taken;
}

void LogRepair::turned_away(const Peer& peer, const schema::Error& error) {
    const auto broker = brokers_.find(peer.store);
    if (broker != brokers_.end()) broker->second.refused = error.message;
}

void LogRepair::not_served(const Peer& peer, const schema::Trouble& trouble) {
    Source* source = source_of(peer);
    if (source == nullptr || trouble.store != options_.store.value()) return;
    if (trouble.code == Errc::snapshot_needed) {
        if (source->trimmed.empty()) source->trimmed = trouble.message;
        for (const std::string& topic : trouble.topics) source->gone.insert(topic);
        return;
    }
    if (trouble.code == Errc::busy) {
        source->end.reset();
        source->trouble.clear();
        source->busy = trouble.message;
        return;
    }
    source->busy.clear();
    const bool none = trouble.code == Errc::not_held;
    if (none || trouble.code == Errc::gap) source->end = Sequence{trouble.end};
    if (!none && trouble.code != Errc::gap) source->trouble = trouble.message;
}

void LogRepair::marked(const Peer&, const schema::Mark& mark) {
    if (mark.store == options_.store) mark_counter_ = std::max(mark_counter_, mark.counter);
}

/// Who does not offer this store's log has nothing of it.
void LogRepair::look_at_peers() {
    for (const Peer& peer : exchange_->peers()) {
        Source* source = source_of(peer);
        // Nothing rests on it here; who has to be accepted is shown.
        if (peer.role == "broker" && peer.dialled) static_cast<void>(hubs_.trusts(peer));
        if (source == nullptr || source->end) continue;
        const bool offers = std::any_of(
            peer.offers.begin(), peer.offers.end(),
            [&](const std::string& each) { return each == options_.store.value() || each == "*"; });
        if (!offers) source->end = Sequence{0};
    }
}

/// Each broker has said where the log ends there, and all of that is here; or it cannot be reached
/// now, or gives what does not fit. One that does not keep what is missing now has what follows,
/// and one that has yet to write what came is waited for also where its line is down.
bool LogRepair::brokers_have_no_more() const {
    const auto legs = exchange_->incoming_legs();
    return std::all_of(brokers_.begin(), brokers_.end(), [&](const auto& entry) {
        const auto& [name, broker] = entry;
        if (!broker.trimmed.empty() || !broker.busy.empty()) return false;
        if (!broker.trouble.empty()) return true;
        if (broker.end) return *broker.end <= rebuild_->end();
        if (clock_.boot().value() - started_.value() < kReachWithin) return false;
        return std::any_of(legs.begin(), legs.end(), [&](const schema::Leg& leg) {
            return schema::store_of(leg.peer) == name && !leg.connected;
        });
    });
}

/// It has said where the log ends there, and all of that is here; or it does not run, or gives what
/// does not fit. What it lacks itself it cannot give, and says so.
bool LogRepair::replica_has_no_more() const {
    if (!replica_.trouble.empty()) return true;
    if (replica_.end) return *replica_.end <= rebuild_->end();
    if (clock_.boot().value() - started_.value() < kReachWithin) return false;
    const auto peers = exchange_->peers();
    return std::none_of(peers.begin(), peers.end(),
                        [&](const Peer& peer) { return is_own_replica(peer); });
}

/// Where the state is gone, a broker says how far the own marks have counted: its newest one comes
/// right behind the greeting, if it has any.
bool LogRepair::marks_known(core::BootTime now) {
    if (!whole_since_) whole_since_ = now;
    return counts_on() || mark_counter_ > 0 || now.value() - whole_since_->value() >= kMarkWithin;
}

}  // namespace filial::publisher
