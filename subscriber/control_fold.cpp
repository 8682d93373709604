#include "subscriber/control_fold.h"

#include <algorithm>
#include <iterator>

#include "ledger/accounts.h"
#include "ledger/decide.h"
#include "ledger/notices.h"
#include "ledger/room.h"
#include "schema/amounts.h"
#include "schema/grant_payloads.h"
#include "schema/payloads.h"
#include "schema/verdict_payload.h"
#include "subscriber/account_notes.h"
#include "subscriber/number_record.h"
#include "subscriber/records.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::GrantOf;
using schema::LoggedEvent;
using schema::Result;

namespace {

/// A log's fold goes on over all its epochs.
constexpr schema::Epoch kAllEpochs{0};

/// In which topic's fold a record of the state is kept; empty for none.
std::string_view keeper_of(ByteView key) {
    if (key.starts_with("pot/c/") || key.starts_with("room/c/")) return schema::kTopicAccounts;
    const bool of_goods = key.starts_with("pot/s/") || key.starts_with("room/s/");
    return of_goods || key == "lives" ? schema::kTopicControl : "";
}

Bytes state_key(const schema::StoreId& store, ByteView key) {
    return contribution_key(
        {std::string(keeper_of(key)), store, kAllEpochs, Part::state, std::string(key)});
}

/// The part of a store's state that one topic's fold keeps, over the records of the replica.
class RecordedState : public ledger::State {
  public:
    RecordedState(Records& records, const schema::StoreId& store, const std::string& topic,
                  bool log_is_new)
        : records_(records), store_(store), topic_(topic), log_is_new_(log_is_new) {}

    std::optional<Bytes> get(ByteView key) const override {
        if (keeper_of(key) != topic_) return std::nullopt;
        auto value = records_.get(state_key(store_, key), log_is_new_);
        if (value) return std::move(*value);
        if (failed) failed = schema::fail(Errc::io, value.error().message);
        return std::nullopt;
    }
    void put(ByteView key, Bytes value) override {
        if (keeper_of(key) == topic_) records_.put(state_key(store_, key), std::move(value));
    }
    void erase(ByteView key) override {
        if (keeper_of(key) == topic_) records_.erase(state_key(store_, key));
    }

    mutable Result<void> failed;

  private:
    Records& records_;
    const schema::StoreId& store_;
    const std::string& topic_;
    bool log_is_new_;
};

/// What the other topic's fold keeps could not be kept here: nothing says such a thing.
Result<void> check_topic(const LoggedEvent& logged, const ledger::Changes& changes) {
    for (const ledger::Change& change : changes) {
        const std::string_view keeper = keeper_of(change.key);
        if (keeper.empty() || keeper == logged.event.topic) continue;
        return schema::fail(Errc::corrupt, logged.event.kind + " in topic " + logged.event.topic +
                                               " speaks of what belongs in " + std::string(keeper));
    }
    return {};
}

}  // namespace

/// By their names, not by what they begin with: a kind that a later version adds to these families
/// is not known here, whatever its payload may look like.
bool ControlFold::takes(std::string_view topic, std::string_view kind) {
    constexpr std::string_view kOfBoth[] = {
        schema::kNoticeTaken, schema::kGrantGiven,    schema::kGrantTaken,
        schema::kGrantAsked,  schema::kGrantQueued,   schema::kGrantRefused,
        schema::kGrantNoted,  schema::kGrantRecalled, schema::kGrantReturned,
        schema::kGrantClosed, schema::kGrantBooked,   schema::kGrantWrittenOff,
        schema::kStoreVerdict};
    constexpr std::string_view kOfControl[] = {
        schema::kClaimMade,    schema::kClaimBooked, schema::kClaimShipped, schema::kClaimSettled,
        schema::kStoreRetired, schema::kTailTold,    schema::kStoreLeaving, schema::kStoreLeft};
    constexpr std::string_view kOfAccounts[] = {
        schema::kDebtTold,         schema::kDebtApplied,     schema::kRoundAsked,
        schema::kRoundOpened,      schema::kRoundCancelled,  schema::kRoundRefused,
        schema::kAccountClosed,    schema::kAccountReopened, schema::kAccountBlocked,
        schema::kAccountUnblocked, schema::kAccountHanded,   schema::kAccountTaken};
    const auto is_among = [&](const auto& kinds) {
        return std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds);
    };
    if (is_among(kOfBoth)) return true;
    return topic == schema::kTopicAccounts ? is_among(kOfAccounts) : is_among(kOfControl);
}

Bytes ControlFold::key_of(Part part, const std::string& topic, const std::string& key) const {
    return contribution_key({topic, store_, kAllEpochs, part, key});
}

/// A told move of the own room: the publisher finds it in its own debts.
Result<void> ControlFold::move_room(ledger::State& state, const LoggedEvent& logged) {
    const auto told = schema::decode_debt_told(ledger::parser(), logged.event.payload);
    if (!told) return tl::unexpected(told.error());
    const bool own = told->cause.store.value().empty();
    if (!own || !told->roomed) return {};
    auto room = ledger::read_room(state, GrantOf::credit, {}, logged.event.key);
    if (!room) return tl::unexpected(room.error());
    if (!room->open || room->epoch != logged.epoch) return {};
    const auto less = schema::negate(told->delta);
    if (!less) return tl::unexpected(less.error());
    const auto left = schema::add(room->base, less->value());
    if (!left) return tl::unexpected(left.error());
    room->base = *left;
    ledger::write_room(state, GrantOf::credit, {}, logged.event.key, *room);
    return {};
}

Result<void> ControlFold::apply(const LoggedEvent& logged) {
    const schema::Event& event = logged.event;
    RecordedState recorded(records_, store_, event.topic, log_is_new_);
    ledger::Scratch scratch(recorded);
    const auto applied = ledger::apply(scratch, logged);
    const bool moves_room = applied && event.kind == schema::kDebtTold;
    const auto moved = moves_room ? move_room(scratch, logged) : Result<void>();
    if (!recorded.failed) return recorded.failed;
    if (!applied) return tl::unexpected(applied.error());
    if (!moved) return moved;
    ledger::Changes changes = scratch.take();
    if (const auto kept_here = check_topic(logged, changes); !kept_here) return kept_here;
    if (ledger::is_account_kind(event.kind)) {
        if (const auto noted = note_account(logged); !noted) return noted;
    }
    if (event.kind == schema::kDebtApplied) {
        const auto told = schema::decode_debt_told(ledger::parser(), event.payload);
        if (!told) return tl::unexpected(told.error());
        // Without a cause it repeats a move of this store.
        const bool here = told->cause.store.value().empty();
        if (!here && (told->flags & schema::kFlagPaidTwice) != 0) {
            const auto noted = note_paid_twice(event.topic, event, told->peer, told->document,
                                               told->delta.value());
            if (!noted) return noted;
        }
    }
    ledger::write(recorded, std::move(changes));
    return {};
}

Result<void> ControlFold::note_account(const LoggedEvent& logged) {
    const schema::Event& event = logged.event;
    const auto step = schema::decode_account_step(ledger::parser(), event.payload);
    if (!step) return tl::unexpected(step.error());
    const bool handed = event.kind == schema::kAccountHanded;
    const bool passed_on = handed && !step->cause.store.value().empty();
    // What is asked of another store changes nothing here; what is answered to it, people there
    // look for.
    const bool answered = event.kind == schema::kRoundRefused;
    const bool for_another = !event.addressee.empty() && !handed && !answered;
    if (passed_on || for_another) return {};
    const Bytes key = key_of(Part::notes, event.topic, event.key);
    const auto held = records_.get(key, log_is_new_);
    if (!held) return schema::fail(Errc::io, held.error().message);
    AccountNotes notes;
    if (*held) {
        auto read = AccountNotes::decode(ledger::parser(), **held);
        if (!read) return schema::fail(Errc::io, read.error().message);
        notes = std::move(*read);
    }
    notes.add({event.kind, logged.seq, event.at, step->round, step->purpose, step->peer, step->into,
               step->reason, step->debt.value()});
    if (handed || event.kind == schema::kAccountTaken) {
        if (const auto noted = note_limit(logged, *step); !noted) return noted;
    }
    records_.put(key, notes.encode());
    return {};
}

Result<void> ControlFold::note_limit(const LoggedEvent& logged, const schema::AccountStep& step) {
    const schema::Event& event = logged.event;
    Bytes key = key_of(Part::handed, event.topic, event.key);
    const auto held = records_.get(key, log_is_new_);
    if (!held) return schema::fail(Errc::io, held.error().message);
    HandedLimits limits;
    if (*held) {
        auto read = HandedLimits::decode(ledger::parser(), **held);
        if (!read) return schema::fail(Errc::io, read.error().message);
        limits = std::move(*read);
    }
    const bool moves = step.purpose == schema::RoundFor::move;
    if (event.kind == schema::kAccountHanded) {
        limits.add({logged.seq, 0, false, moves ? step.peer : ""});
    } else {
        limits.add({logged.seq, step.limit.value(), !moves, ""});
    }
    records_.put(std::move(key), limits.encode());
    return {};
}

Result<void> ControlFold::note_paid_twice(const std::string& topic, const schema::Event& event,
                                          const std::string& taken_at, const std::string& document,
                                          std::int64_t cents) {
    const Bytes key = key_of(Part::paid_twice, topic, event.key);
    const auto held = records_.get(key, log_is_new_);
    if (!held) return schema::fail(Errc::io, held.error().message);
    PaidTwiceList list;
    if (*held) {
        auto read = PaidTwiceList::decode(ledger::parser(), **held);
        if (!read) return schema::fail(Errc::io, read.error().message);
        list = std::move(*read);
    }
    list.add({taken_at, document, cents, event.at});
    records_.put(key, list.encode());
    return {};
}

std::optional<Bytes> HeldState::get(ByteView key) const {
    Bytes name = state_key(origin_, key);
    const bool debt = key.starts_with("debt/");
    const bool stock = key.starts_with("stock/");
    if (debt) {
        name = contribution_key({std::string(schema::kTopicDebts),
                                 origin_,
                                 {},
                                 Part::number,
                                 std::string(key.substr(5))});
    }
    if (stock) name = stock_key(origin_.value(), key.substr(6));
    auto value = store_.get(name);
    if (value && *value && (debt || stock)) return number_value(NumberRecord::sum_of(**value));
    if (value) return std::move(*value);
    if (failed_) failed_ = tl::unexpected(value.error());
    return std::nullopt;
}

void HeldState::put(ByteView, Bytes) {}
void HeldState::erase(ByteView) {}

}  // namespace filial::subscriber
