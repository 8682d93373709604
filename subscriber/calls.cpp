// The subscriber's part in calls: what is asked for first, and how far that is.
#include <algorithm>

#include "core/log.h"
#include "ledger/freshness.h"
#include "subscriber/subscriber.h"

namespace filial::subscriber {

using schema::Errc;
using schema::Message;
using schema::Need;
using schema::NeedState;
using schema::StoreId;

namespace {

/// Whether the next step may begin is looked at this often.
constexpr std::int64_t kLookEvery = 20 * core::kMillisecond;
/// A lease is renewed several times a second; whoever asks for more has lost count.
constexpr std::uint64_t kLeaseMax = 60'000;

}  // namespace

std::vector<core::DialledLeg> Subscriber::legs_away() const {
    std::vector<core::DialledLeg> legs = exchange_->dialled_legs();
    std::erase_if(legs, [&](const core::DialledLeg& leg) {
        return options_.subscriber.own_publisher && leg.remote == options_.store.value();
    });
    return legs;
}

void Subscriber::call(const core::Requester& from, const schema::Call& call) {
    if (!from.local) {
        return refuse(from, call.request,
                      {Errc::not_allowed, "calls are begun on the store's own machine"});
    }
    const core::BootTime now = clock_.boot();
    if (call.lease_ms > 0) {
        const auto lease =
            static_cast<std::int64_t>(std::min(call.lease_ms, kLeaseMax)) * core::kMillisecond;
        called_until_ = core::BootTime{now.value() + lease};
        exchange_->call(called_until_, call.bytes_left);
    } else if (call.needs.empty()) {
        exchange_->hang_up();
        called_until_ = {};
    }
    if (now < called_until_) {
        bool news = false;
        for (const Need& need : call.needs) news = order_.need(need) || news;
        if (news) exchange_->want_others();
    }
    exchange_->reply(from, Message{call_state(call)});
}

std::uint64_t Subscriber::behind(const StoreId& store,
                                 const std::vector<std::string>& topics) const {
    const core::HeldMark* held = exchange_->marks().find(store);
    if (held == nullptr) return 0;
    std::uint64_t most = 0;
    for (const std::string& topic : topics) {
        const std::uint64_t end = held->mark.end_of(topic).value();
        const std::uint64_t at = replica_.position(store, topic).value();
        if (end > at) most = std::max(most, end - at);
    }
    return most;
}

NeedState Subscriber::need_state(const Need& need, bool answered) const {
    NeedState state{need, answered, {}, {}, {}, {}};
    std::vector<ledger::Heard> heard;
    for (const StoreId& store : replica_.stores()) {
        if (!replica_.wants_store(store)) continue;
        if (!need.store.empty() && need.store != store.value()) continue;
        heard.push_back(replica_.heard(store, need.topic, clock_));
        const bool own = store == options_.store && options_.subscriber.own_publisher;
        if (!own && behind(store, {need.topic}) > 0) state.met = false;
    }
    const schema::Freshness age = ledger::judge(heard, true, INT64_MAX);
    state.ever = age.ever;
    state.as_of = age.as_of;
    state.age_us = age.age_us;
    state.age_exact = age.age_exact && !age.partial;
    return state;
}

schema::CallState Subscriber::call_state(const schema::Call& call) const {
    schema::CallState state;
    state.request = call.request;
    std::uint64_t waiting = 0;
    for (const auto& [store, held] : exchange_->marks().all()) {
        const bool own = store == options_.store && options_.subscriber.own_publisher;
        if (!own && replica_.wants_store(store)) waiting += behind(store, replica_.topics());
    }
    bool answered = false;
    for (const core::DialledLeg& leg : legs_away()) {
        answered = answered || leg.answered;
        schema::CallLeg& out = state.legs.emplace_back();
        out.remote = leg.remote;
        out.up = leg.up;
        out.connected = leg.connected;
        out.settled = leg.settled && order_.last() && snapshots_.empty();
        out.bytes_in = leg.bytes_in;
        out.bytes_out = leg.bytes_out;
        out.events_in = static_cast<std::uint64_t>(leg.events_in);
        out.events_out = static_cast<std::uint64_t>(leg.events_out);
        out.waiting_in = waiting;
        out.note = leg.note;
    }
    for (const Need& need : call.needs) state.needs.push_back(need_state(need, answered));
    return state;
}

bool Subscriber::step_is_here() const {
    std::vector<std::string> stopped;  // What a leg cannot bring is not waited for.
    for (const schema::Leg& leg : exchange_->incoming_legs()) {
        if (leg.connected && !leg.note.empty()) stopped.push_back(leg.origin);
    }
    for (const auto& [store, held] : exchange_->marks().all()) {
        const bool own = store == options_.store && options_.subscriber.own_publisher;
        if (own || !replica_.wants_store(store) || !replica_.fork_of(store).empty()) continue;
        if (std::find(stopped.begin(), stopped.end(), store.value()) != stopped.end()) continue;
        if (behind(store, order_.topics(store)) > 0) return false;
    }
    return true;
}

void Subscriber::pull_on(core::BootTime now) {
    if (now >= called_until_) order_.forget_needs();
    if (!order_.stepped() || now.value() - pulled_.value() < kLookEvery) return;
    pulled_ = now;
    const auto legs = legs_away();
    const bool any = std::any_of(legs.begin(), legs.end(),
                                 [](const core::DialledLeg& leg) { return leg.connected; });
    if (!any) order_.begin();
    exchange_->want_proof(any && !order_.last());
    if (!any || order_.last()) return;
    const bool all_said = std::all_of(legs.begin(), legs.end(), [](const core::DialledLeg& leg) {
        return !leg.connected || leg.answered;
    });
    if (!all_said || !step_is_here()) return;
    order_.advance();
    exchange_->want_others();
}

}  // namespace filial::subscriber
