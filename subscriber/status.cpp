#include <algorithm>

#include "core/process.h"
#include "subscriber/subscriber.h"

namespace filial::subscriber {

using schema::Leg;
using schema::StoreId;

namespace {

constexpr std::size_t kParkedNamed = 3;  ///< Keys named in the health line.

}  // namespace

void Subscriber::judge_leg(Leg& leg) const {
    const StoreId origin{leg.origin};
    const core::HeldMark* held = exchange_->marks().find(origin);
    leg.position = UINT64_MAX;
    std::uint64_t behind = 0;
    std::string late = replica_.topics().front();
    for (const std::string& topic : replica_.topics()) {
        const std::uint64_t at = replica_.position(origin, topic).value();
        leg.position = std::min(leg.position, at);
        if (held == nullptr) continue;
        for (const schema::TopicEnd& end : held->mark.ends) {
            if (end.topic != topic || end.seq.value() <= at + behind) continue;
            behind = end.seq.value() - at;
            late = topic;
        }
    }
    const std::uint64_t said = leg.end > leg.position ? leg.end - leg.position : 0;
    leg.depth_events = std::max(behind, said);
    leg.end = leg.position + leg.depth_events;
    if (leg.depth_events == 0) {
        leg.depth_bytes = 0;
        return;
    }
    const ledger::Heard heard = replica_.heard(origin, late, clock_);
    if (heard.ever) leg.oldest_age_us = heard.age_us;
}

std::string Subscriber::health() const {
    std::string text = trouble_;
    for (const StoreId& store : replica_.forked()) {
        text += (text.empty() ? "" : "; ") + replica_.fork_of(store);
    }
    const auto parked = replica_.parked().all(kParkedNamed);
    if (parked.empty()) return text.empty() ? "ok" : text;
    if (!text.empty()) text += "; ";
    text += std::to_string(replica_.parked().size());
    text += replica_.parked().size() == 1 ? " key is parked:" : " keys are parked:";
    for (const schema::ParkedKey& each : parked) {
        text += " " + each.store.value() + "/" + each.topic + "/" + each.key;
    }
    const std::string reason = replica_.parked().first_reason();
    if (!reason.empty()) text += " (" + reason + ")";
    return text + "; see `filial parked list`";
}

schema::Status Subscriber::status(std::uint64_t request) const {
    schema::Status status;
    status.request = request;
    status.process = "subscriber";
    status.store = options_.store.value();
    status.version = FILIAL_VERSION;
    status.health = health();
    status.uptime_us = static_cast<std::uint64_t>(
        std::max<std::int64_t>(clock_.boot().value() - started_.value(), 0));
    status.memory_bytes = core::resident_bytes();
    for (Leg& leg : status.legs = exchange_->incoming_legs()) {
        if (!leg.origin.empty()) judge_leg(leg);
    }
    status.counters = exchange_->counters();
    for (const auto& [name, count] : replica_.counters()) status.counters.emplace_back(name, count);
    status.counters.emplace_back("snapshots_taken", snapshots_.taken());
    status.counters.emplace_back("queries", queries_);
    status.counters.emplace_back("queries_refused", queries_refused_);
    status.counters.emplace_back("looks", pace_.looks());
    for (const core::LogDamage& each : replica_.damages()) {
        if (status.damages.size() == schema::kDamagesTold) break;
        status.damages.push_back(
            {each.store.value(), each.topic, each.after.value(), each.upto.value(), each.why});
    }
    return status;
}

}  // namespace filial::subscriber
