#include "ledger/verdicts.h"

#include "schema/verdict_payload.h"

namespace filial::ledger {

using schema::Errc;
using schema::Event;
using schema::Result;

namespace {

schema::Bytes told_key(const schema::StoreVerdict& verdict) {
    return "verdict/" + verdict.cause.store.value() + "/" +
           std::to_string(verdict.cause.epoch.value()) + "/" +
           std::to_string(verdict.cause.seq.value()) + "/" + verdict.finding;
}

/// A verdict names its event's key and amounts: it goes to those who may know them.
std::string_view topic_of(const schema::StoreVerdict& verdict) {
    const std::string& about = verdict.topic;
    const bool of_customer = about == schema::kTopicDebts || about == schema::kTopicCustomers ||
                             about == schema::kTopicAccounts;
    return of_customer ? schema::kTopicAccounts : schema::kTopicControl;
}

}  // namespace

Result<std::vector<Event>> decide_verdict(const State& state, const Setting& setting,
                                          const schema::Operation& operation) {
    const auto verdict = schema::decode_store_verdict(parser(), operation.payload);
    if (!verdict) return schema::fail(Errc::invalid, verdict.error().message);
    const bool names_event = verdict->cause.seq.value() > 0 && !verdict->finding.empty();
    if (!names_event || verdict->cause.store.value() != operation.peer) {
        return schema::fail(Errc::invalid, "a verdict names an event of the store that it is for");
    }
    if (verdict->cause.store == setting.self) {
        return schema::fail(Errc::invalid, "a store does not judge its own log");
    }
    if (state.get(told_key(*verdict))) {
        return schema::fail(Errc::already_done, operation.peer + " was told so about " +
                                                    schema::to_string(verdict->cause) + " before");
    }
    Event event;
    event.topic = topic_of(*verdict);
    event.kind = schema::kStoreVerdict;
    event.at = operation.at;
    event.key = operation.subject;
    event.addressee = operation.peer;
    event.payload = operation.payload;
    return std::vector<Event>{std::move(event)};
}

Result<void> apply_verdict(State& state, const Event& event) {
    const auto verdict = schema::decode_store_verdict(parser(), event.payload);
    if (!verdict) return tl::unexpected(verdict.error());
    state.put(told_key(*verdict), "");
    return {};
}

}  // namespace filial::ledger
