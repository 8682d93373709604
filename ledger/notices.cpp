#include "ledger/notices.h"

#include "ledger/stock.h"
#include "ledger/transfers.h"
#include "schema/payloads.h"

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
    taken.topic = schema::kTopicControl;
    taken.kind = schema::kNoticeTaken;
    taken.at = at;
    taken.key = notice.key;
    taken.payload = schema::encode(schema::NoticeTaken{origin, notice.kind, flags});
    return taken;
}

/// One notice and what is needed to answer it.
struct Notice {
    const State& state;
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
        differs(step, "it was never sent from here");
        return notice.own(schema::kTransferSettled, std::move(step));
    }
    const SentTransfer& known = **sent;
    if (known.quantity != step.quantity) differs(step, "sent were " + to_string(known.quantity));
    if (known.sku != step.sku) differs(step, "sent was " + known.sku);
    if (known.to != notice.origin.store.value()) differs(step, "it was sent to " + known.to);
    if (known.settled) differs(step, "it had been received before");
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
    if (arriving->received) {
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
    TransferStep step;
    step.sku = (*sent)->sku;
    step.quantity = (*sent)->quantity;
    auto moved = stock_moved(notice.state, notice.at, step.sku,
                             {step.quantity, "transfer", notice.event.key, 0, {}});
    std::vector<Event> events;
    if (!moved && moved.error().code != Errc::overflow) return tl::unexpected(moved.error());
    if (!moved) differs(step, "not booked: " + moved.error().message);
    events.push_back(notice.own(schema::kTransferTakenBack, std::move(step)));
    if (moved) events.push_back(std::move(*moved));
    return events;
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

Result<std::vector<Event>> take_notice(const State& state, const StoreId& self,
                                       const Position& origin, const Event& notice,
                                       schema::Timestamp at) {
    if (notice.addressee != self.value() || origin.store == self) return std::vector<Event>{};
    const auto last = last_taken(state, origin.store);
    if (!last) return tl::unexpected(last.error());
    if (*last >= origin) return std::vector<Event>{};

    Notice known{state, origin, notice, {}, at};
    bool readable = notice.version == 1 && is_transfer_kind(notice.kind);
    if (readable) {
        auto step = schema::decode_transfer_step(parser(), notice.payload);
        readable = step.has_value();
        if (step) known.step = std::move(*step);
    }
    auto events = readable ? events_of(known)
                           : Result<std::vector<Event>>(std::vector<Event>{known.only_taken()});
    if (!events) return events;
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
    Event taken = taken_event(origin, notice, at, schema::kFlagUndecided);
    taken.client = notice_client(origin.store);
    taken.number = origin.seq.value();
    return taken;
}

Result<void> apply_notice_taken(State& state, const Event& event) {
    const auto taken = schema::decode_notice_taken(parser(), event.payload);
    if (!taken) return tl::unexpected(taken.error());
    note_taken(state, taken->cause);
    return {};
}

}  // namespace filial::ledger
