// The publisher's part in calls.
#include <algorithm>

#include "publisher/publisher.h"

namespace filial::publisher {

using schema::Errc;
using schema::Message;

namespace {

/// A lease is renewed several times a second; whoever asks for more has lost count.
constexpr std::uint64_t kLeaseMax = 60'000;

}  // namespace

void Publisher::call(const core::Requester& from, const schema::Call& call) {
    if (!from.local) {
        return trouble(from, call.request, Errc::not_allowed,
                       "calls are begun on the store's own machine");
    }
    if (call.lease_ms > 0) {
        const auto lease =
            static_cast<std::int64_t>(std::min(call.lease_ms, kLeaseMax)) * core::kMillisecond;
        legs_->call(core::BootTime{clock_.boot().value() + lease}, call.bytes_left);
    } else if (call.needs.empty()) {
        legs_->hang_up();
    }
    legs_->reply(from, Message{call_state(call.request)});
}

/// What of the own log a hub does not hold durably, as far as it has said.
std::uint64_t Publisher::waiting_for(const std::string& receiver) const {
    const auto known = receivers_->all().find(receiver);
    std::vector<schema::TopicEnd> after{{std::string(schema::kAllTopics), schema::Sequence{0}}};
    if (known != receivers_->all().end()) after = known->second.after;
    std::uint64_t events = 0;
    for (const schema::TopicEnd& topic : after) {
        const auto at = std::min(topic.seq, outbox_->end());
        const auto depth = journal_.depth(outbox_->store(), {topic.topic}, at);
        if (depth) events += depth->events;
    }
    return events;
}

schema::CallState Publisher::call_state(std::uint64_t request) const {
    schema::CallState state;
    state.request = request;
    std::uint64_t notices = 0;
    for (const auto& [store, held] : legs_->marks().all()) {
        if (store == outbox_->store()) continue;
        const std::uint64_t end = std::max(held.mark.end_of(schema::kTopicControl),
                                           held.mark.end_of(schema::kTopicAccounts))
                                      .value();
        const std::uint64_t at = control_->durable(store).value();
        if (end > at) notices += end - at;
    }
    for (const core::DialledLeg& leg : legs_->dialled()) {
        schema::CallLeg& out = state.legs.emplace_back();
        out.remote = leg.remote;
        out.up = leg.up;
        out.connected = leg.connected;
        out.waiting_in = notices;
        out.waiting_out = waiting_for(leg.remote + "/broker");
        out.settled = leg.settled && out.waiting_out == 0 && !control_->waiting();
        out.bytes_in = leg.bytes_in;
        out.bytes_out = leg.bytes_out;
        out.events_in = static_cast<std::uint64_t>(leg.events_in);
        out.events_out = static_cast<std::uint64_t>(leg.events_out);
        out.note = leg.note;
    }
    return state;
}

}  // namespace filial::publisher
