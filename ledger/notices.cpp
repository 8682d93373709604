#include "ledger/notices.h"

#include "ledger/accounts.h"
#include "ledger/claims.h"
#include "ledger/grants.h"
#include "ledger/leaving.h"
#include "ledger/lives.h"
#include "ledger/stock.h"
#include "ledger/told.h"
#include "ledger/transfers.h"
#include "schema/payloads.h"
#include "schema/verdict_payload.h"

namespace filial::ledger {

using schema::Bytes;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Position;
using schema::Result;
using schema::StoreId;
using schema::TransferStep;

namespace {

Bytes taken_key(const StoreId& origin) { return "taken/" + origin.value(); }

Event taken_event(const Position& origin, const Event& notice, schema::Timestamp at,
                  std::uint64_t flags) {
    Event taken;
    const bool of_accounts = notice.topic == schema::kTopicAccounts;
    taken.topic = of_accounts ? schema::kTopicAccounts : schema::kTopicControl;
    taken.kind = schema::kNoticeTaken;
    taken.at = at;
    taken.key = notice.key;
    taken.client = notice_client(origin.store);
    taken.number = origin.seq.value();
    taken.payload = schema::encode(schema::NoticeTaken{origin, notice.kind, flags});
    return taken;
}

/// One notice and what is needed to answer it.
struct Notice {
    const State& state;
    const Setting& setting;
    const Position& origin;
    const Event& event;
    TransferStep step;  ///< As its sender wrote it.
    schema::Timestamp at;

    /// The own step that takes this notice.
    Event own(std::string_view kind, TransferStep own_step, std::string_view addressee = {}) const {
        own_step.peer = origin.store.value();
        own_step.cause = origin;
        return transfer_event(kind, at, event.key, addressee, own_step);
    }
    Event only_taken() const { return taken_event(origin, event, at, 0); }
};

void differs(TransferStep& step, const std::string& what) {
    step.flags |= schema::kFlagDifference;
    step.reason += (step.reason.empty() ? "" : ", ") + what;
}

Result<Event> expect(const Notice& notice) {
    const auto arriving = arriving_transfer(notice.state, notice.event.key);
    if (!arriving) return tl::unexpected(arriving.error());
    TransferStep step;
    step.sku = notice.step.sku;
    step.quantity = notice.step.quantity;
    if (arriving->received && arriving->quantity != step.quantity) {
        differs(step, "received were " + to_string(arriving->quantity));
    }
    if (arriving->received && arriving->received_sku != step.sku) {
        differs(step, "received was " + arriving->received_sku);
    }
    return notice.own(schema::kTransferExpected, std::move(step));
}

Result<Event> settle(const Notice& notice) {
    const auto sent = sent_transfer(notice.state, notice.event.key);
    if (!sent) return tl::unexpected(sent.error());
    TransferStep step;
    step.sku = notice.step.sku;
    step.quantity = notice.step.quantity;
    step.flags = notice.step.flags & schema::kFlagFound;
    if (!*sent) {
        // Where the lorry is faster than the data, that is so: transfer.sent will look at it.
        step.reason = "it was not sent from here yet";
        return notice.own(schema::kTransferSettled, std::move(step));
    }
    const SentTransfer& known = **sent;
    const auto open = known.open();
    if (!open) return tl::unexpected(open.error());
    if (known.sku != step.sku) {
        differs(step, "sent was " + known.sku);
    } else if (!known.taken_back && *open != step.quantity) {
        differs(step, "still out were " + to_string(*open));
    }
    if (known.to != notice.origin.store.value()) differs(step, "it was sent to " + known.to);
    if (known.taken_back) {
        step.flags |= schema::kFlagFound;
        step.reason += (step.reason.empty() ? "" : ", ") +
                       std::string("found there after it was taken back here");
    }
    return notice.own(schema::kTransferSettled, std::move(step));
}

/// The destination's log alone says which came first: receipt or request.
Result<Event> answer_cancel(const Notice& notice) {
    const auto arriving = arriving_transfer(notice.state, notice.event.key);
    if (!arriving) return tl::unexpected(arriving.error());
    const std::string& asker = notice.origin.store.value();
    TransferStep step;
    step.sku = notice.step.sku;
    if (arriving->received && notice.setting.rules().a_receipt_beats_its_cancellation) {
        step.reason = "it was received here before the request came";
    } else if (arriving->expected && arriving->from != asker) {
        step.reason = "it was sent by " + arriving->from;
    } else {
        return notice.own(schema::kCancelAgreed, std::move(step), asker);
    }
    return notice.own(schema::kCancelRefused, std::move(step), asker);
}

/// Restores the goods, once, and only for a transfer of this store that is still out.
Result<std::vector<Event>> take_back(const Notice& notice) {
    const auto sent = sent_transfer(notice.state, notice.event.key);
    if (!sent) return tl::unexpected(sent.error());
    const bool out = *sent && !(*sent)->settled && !(*sent)->taken_back &&
                     (*sent)->to == notice.origin.store.value();
    if (!out) return std::vector<Event>{notice.only_taken()};
    const auto open = (*sent)->open();
    if (!open) return tl::unexpected(open.error());
    TransferStep step;
    step.sku = (*sent)->sku;
    step.quantity = *open;
    auto moved = stock_moved(notice.state, notice.at, step.sku,
                             {step.quantity, "transfer", notice.event.key, 0, {}});
    std::vector<Event> events;
    if (!moved && moved.error().code != Errc::overflow) return tl::unexpected(moved.error());
    if (!moved) {
        differs(step, "not booked: " + moved.error().message);
        step.quantity = {};
    }
    events.push_back(notice.own(schema::kTransferTakenBack, std::move(step)));
    if (moved) events.push_back(std::move(*moved));
    return events;
}

/// Grants, claims, told debts and accounts; none where it cannot be read or fits nothing here.
Result<std::vector<Event>> other_events_of(const Notice& notice) {
    const Event& event = notice.event;
    const auto [state, setting, origin, at] =
        std::tie(notice.state, notice.setting, notice.origin, notice.at);
    if (is_grant_kind(event.kind) || is_claim_kind(event.kind)) {
        const auto step = schema::decode_grant_step(parser(), event.payload);
        if (!step) return std::vector<Event>{};
        if (is_claim_kind(event.kind)) return take_claim(origin, event, *step, at);
        return take_grant(state, setting, origin, event, *step, at);
    }
    if (event.kind == schema::kDebtTold) {
        const auto told = schema::decode_debt_told(parser(), event.payload);
        if (!told) return std::vector<Event>{};
        return take_told(state, setting, origin, event, *told, at);
    }
    if (is_account_kind(event.kind)) {
        const auto step = schema::decode_account_step(parser(), event.payload);
        if (!step) return std::vector<Event>{};
        return take_account(state, setting, origin, event, *step, at);
    }
    return std::vector<Event>{};
}

Result<std::vector<Event>> events_of(const Notice& notice) {
    const std::string& kind = notice.event.kind;
    if (kind == schema::kCancelAgreed) return take_back(notice);
    const auto one = [&]() -> Result<Event> {
        if (kind == schema::kTransferSent) return expect(notice);
        if (kind == schema::kTransferReceived) return settle(notice);
        if (kind == schema::kCancelRequested) return answer_cancel(notice);
        if (kind == schema::kCancelRefused) {
            TransferStep step;
            step.sku = notice.step.sku;
            step.reason = notice.step.reason;
            return notice.own(schema::kCancelFailed, std::move(step));
        }
        return notice.only_taken();
    };
    auto event = one();
    if (!event) return tl::unexpected(event.error());
    std::vector<Event> events;
    events.push_back(std::move(*event));
    return events;
}

}  // namespace

schema::ClientId notice_client(const StoreId& origin) {
    return schema::hash16_of("notice " + origin.value());
}

bool concerns_one_store(std::string_view kind) {
    return is_grant_kind(kind) || is_claim_kind(kind) || is_account_kind(kind) ||
           kind == schema::kDebtTold || kind == schema::kDebtApplied || is_leaving_kind(kind) ||
           kind == schema::kStoreRetired || kind == schema::kTailTold ||
           kind == schema::kStoreVerdict;
}

Result<Position> last_taken(const State& state, const StoreId& origin) {
    Position position{origin, {}, {}};
    const auto value = state.get(taken_key(origin));
    if (!value) return position;
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of notices", fields.error());
    position.epoch = schema::Epoch{fields->u32()};
    position.seq = schema::Sequence{fields->u64()};
    if (const auto done = parser().finish("own state of notices"); !done) {
        return tl::unexpected(done.error());
    }
    return position;
}

void note_taken(State& state, const Position& cause) {
    const auto last = last_taken(state, cause.store);
    if (last && *last >= cause) return;
    schema::Writer out;
    out.array(2).u64(cause.epoch.value()).u64(cause.seq.value());
    state.put(taken_key(cause.store), out.take());
}

Result<std::vector<Event>> take_notice(const State& state, const Setting& setting,
                                       const Position& origin, const Event& notice,
                                       schema::Timestamp at) {
    const bool for_this_store =
        notice.addressee == setting.self.value() || is_for_everybody(notice, origin.epoch);
    if (!for_this_store || origin.store == setting.self) return std::vector<Event>{};
    const auto last = last_taken(state, origin.store);
    if (!last) return tl::unexpected(last.error());
    const bool again = notice.kind != schema::kGrantGiven || setting.rules().a_notice_counts_once;
    if (*last >= origin && again) return std::vector<Event>{};

    Notice known{state, setting, origin, notice, {}, at};
    Result<std::vector<Event>> events{std::vector<Event>{}};
    if (notice.version == 1 && is_transfer_kind(notice.kind)) {
        auto step = schema::decode_transfer_step(parser(), notice.payload);
        if (step) known.step = std::move(*step);
        if (step) events = events_of(known);
    } else if (notice.version == 1) {
        events = other_events_of(known);
    }
    if (!events) return events;
    if (events->empty()) events->push_back(known.only_taken());
    const schema::ClientId client = notice_client(origin.store);
    for (std::size_t i = 0; i < events->size(); ++i) {
        Event& event = (*events)[i];
        event.client = client;
        event.number = origin.seq.value();
        event.index = static_cast<std::uint32_t>(i);
        event.count = static_cast<std::uint32_t>(events->size());
    }
    return events;
}

Event take_undecided(const Position& origin, const Event& notice, schema::Timestamp at) {
    return taken_event(origin, notice, at, schema::kFlagUndecided);
}

Result<void> apply_notice_taken(State& state, const Event& event) {
    const auto taken = schema::decode_notice_taken(parser(), event.payload);
    if (!taken) return tl::unexpected(taken.error());
    note_taken(state, taken->cause);
    return apply_life(state, taken->kind, taken->cause, event.key);
}

}  // namespace filial::ledger
