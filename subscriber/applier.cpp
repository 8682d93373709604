#include "subscriber/applier.h"

#include <algorithm>
#include <utility>

#include "ledger/register.h"
#include "ledger/transit.h"
#include "schema/planted.h"
#include "schema/trade_payloads.h"
#include "subscriber/control_fold.h"
#include "subscriber/customer_record.h"
#include "subscriber/number_row.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::Errc;
using schema::Result;
using schema::StoreId;

/// One event with its place.
struct Applier::Row {
    const StoreId& store;
    const schema::Segment& segment;
    schema::Sequence seq;
    const schema::Event& event;
    std::size_t slot;

    Contribution named(Part part) const {
        return {segment.topic, store, segment.epoch, part, event.key};
    }
    schema::Position position() const { return {store, segment.epoch, seq}; }
};

namespace {

/// The version of the product's own kinds that is known here.
constexpr std::uint32_t kKindVersion = 1;

/// Codes that speak of this one event and not of the disk: its key parks, the rest goes on.
bool is_of_event(Errc code) {
    return code == Errc::corrupt || code == Errc::schema_too_new || code == Errc::overflow ||
           code == Errc::too_large;
}

/// The kind that changes a number in this topic, and the fields of its payload; empty for none.
struct NumberKind {
    std::string_view kind;
    std::size_t payload_fields = 0;
};

NumberKind number_kind(const std::string& topic) {
    if (topic == schema::kTopicStock) return {schema::kStockMoved, 5};
    if (topic == schema::kTopicDebts) return {schema::kDebtMoved, 4};
    return {};
}

}  // namespace

Result<Applier::Outcome> Applier::add_number(const Row& row, std::int64_t delta) {
    const auto added = numbers_.add(row.slot, row.segment.epoch, row.event.key, delta);
    if (!added) return tl::unexpected(schema::Error{Errc::io, added.error().message});
    if (!*added) return schema::fail(Errc::overflow, "the sum leaves 64 bits");
    return Outcome::done;
}

Result<Applier::Outcome> Applier::stock(const Row& row) {
    if (row.event.kind != schema::kStockMoved) return Outcome::unknown;
    const auto moved = schema::decode_stock_moved(parser_, row.event.payload);
    if (!moved) return tl::unexpected(moved.error());
    return add_number(row, moved->delta.value());
}

Result<Applier::Outcome> Applier::debts(const Row& row) {
    if (row.event.kind == schema::kLimitSet) {
        const auto set = schema::decode_limit_set(parser_, row.event.payload);
        if (!set) return tl::unexpected(set.error());
        records_.put(contribution_key(row.named(Part::limit)),
                     encode(LimitPart{{}, {}, row.seq, row.event.at, set->amount.value()}));
        return Outcome::done;
    }
    if (row.event.kind != schema::kDebtMoved) return Outcome::unknown;
    const auto moved = schema::decode_debt_moved(parser_, row.event.payload);
    if (!moved) return tl::unexpected(moved.error());
    const auto added = add_number(row, moved->delta.value());
    if (added && (moved->flags & schema::kFlagPaidTwice) != 0) {
        ControlFold fold(records_, row.store, log_is_new_);
        const auto noted = fold.note_paid_twice(row.segment.topic, row.event, row.store.value(),
                                                moved->document, moved->delta.value());
        if (!noted) return tl::unexpected(noted.error());
    }
    if (added && row.store == own_) {
        own_debts_.push_back(
            {row.segment.epoch, row.seq, row.event.key, moved->delta.value(), row.event.addressee});
    }
    return added;
}

Result<Applier::Outcome> Applier::customers(const Row& row) {
    const bool known =
        row.event.kind == schema::kCustomerRegistered || row.event.kind == schema::kCustomerEdited;
    if (!known) return Outcome::unknown;
    const auto changed = schema::decode_customer_changed(parser_, row.event.payload);
    if (!changed) return tl::unexpected(changed.error());
    Bytes key = contribution_key(row.named(Part::fields));
    const auto held = records_.get(key, log_is_new_);
    if (!held) return tl::unexpected(schema::Error{Errc::io, held.error().message});
    ledger::CustomerPart part;
    if (*held) {
        auto decoded = ledger::decode_customer_part(parser_, **held);
        if (!decoded) return tl::unexpected(schema::Error{Errc::io, decoded.error().message});
        part = std::move(*decoded);
    }
    ledger::apply(part, row.position(), row.event.at, *changed);
    records_.put(std::move(key), ledger::encode(part));
    return Outcome::done;
}

Result<Applier::Outcome> Applier::control(const Row& row) {
    if (row.event.kind == schema::kLogOpened) return Outcome::done;
    if (ControlFold::takes(row.segment.topic, row.event.kind)) return fold(row);
    if (row.event.kind == schema::kDayClosed) return day(row);
    if (!ledger::is_transfer_step(row.event.kind)) return Outcome::unknown;
    const auto step = schema::decode_transfer_step(parser_, row.event.payload);
    if (!step) return tl::unexpected(step.error());
    Bytes key = contribution_key(row.named(Part::transfer));
    const auto held = records_.get(key, log_is_new_);
    if (!held) return tl::unexpected(schema::Error{Errc::io, held.error().message});
    ledger::TransferSide side;
    if (*held) {
        auto decoded = ledger::decode_transfer_side(parser_, **held);
        if (!decoded) return tl::unexpected(schema::Error{Errc::io, decoded.error().message});
        side = std::move(*decoded);
    }
    ledger::apply(side, row.event.kind, *step, row.event.at);
    records_.put(std::move(key), ledger::encode(side));
    return Outcome::done;
}

Result<Applier::Outcome> Applier::accounts(const Row& row) {
    if (!ControlFold::takes(row.segment.topic, row.event.kind)) return Outcome::unknown;
    return fold(row);
}

/// What the store's own rules make of it; and what another store's customer owes by this store's
/// log may be booked, or passed on.
Result<Applier::Outcome> Applier::fold(const Row& row) {
    ControlFold fold(records_, row.store, log_is_new_);
    schema::LoggedEvent logged{row.segment.epoch, row.seq, row.event};
    logged.event.topic = row.segment.topic;
    const auto folded = fold.apply(logged);
    if (!folded) return tl::unexpected(folded.error());
    const bool told = row.event.kind == schema::kDebtTold;
    if (!told && row.event.kind != schema::kDebtApplied) return Outcome::done;
    const auto step = schema::decode_debt_told(parser_, row.event.payload);
    if (!step) return tl::unexpected(step.error());
    if (!step->cause.store.value().empty() && row.store != own_) {
        taken_debts_.push_back({step->cause, row.position(), !told});
    }
    return Outcome::done;
}

/// A close is kept as it was written: the totals of its cut are made when somebody asks.
Result<Applier::Outcome> Applier::day(const Row& row) {
    const auto closed = schema::decode_day_closed(parser_, row.event.payload);
    if (!closed) return tl::unexpected(closed.error());
    records_.put(contribution_key(row.named(Part::day)), row.event.payload);
    return Outcome::done;
}

Result<Applier::Outcome> Applier::application(const Row& row) {
    if (row.event.kind != schema::kAppValue) {
        if (row.event.kind == schema::kAppEvent) return Outcome::done;
        return Outcome::unknown;
    }
    schema::Writer out;
    out.array(4).u64(1).u64(row.seq.value()).i64(row.event.at.value()).bin(row.event.payload);
    records_.put(contribution_key(row.named(Part::value)), out.take());
    return Outcome::done;
}

Result<Applier::Outcome> Applier::apply_row(const Row& row) {
    const std::string& topic = row.segment.topic;
    if (row.event.version > kKindVersion) {
        return schema::fail(Errc::schema_too_new, row.event.kind + " version " +
                                                      std::to_string(row.event.version) +
                                                      " is newer than this program");
    }
    if (topic == schema::kTopicStock) return stock(row);
    if (topic == schema::kTopicDebts) return debts(row);
    if (topic == schema::kTopicCustomers) return customers(row);
    if (topic == schema::kTopicControl) return control(row);
    if (topic == schema::kTopicAccounts) return accounts(row);
    return application(row);
}

bool Applier::is_held(std::string_view kind) const {
    return std::find(hold_kinds_.begin(), hold_kinds_.end(), kind) != hold_kinds_.end();
}

Result<std::optional<Obstacle>> Applier::try_row(const Row& row) {
    if (is_held(row.event.kind)) {
        return std::optional<Obstacle>(
            {Errc::unknown_kind, row.event.kind + " is held back by [subscriber] hold_kinds"});
    }
    const auto outcome = apply_row(row);
    if (!outcome) {
        if (!is_of_event(outcome.error().code)) return tl::unexpected(outcome.error());
        return std::optional<Obstacle>({outcome.error().code, outcome.error().message});
    }
    if (*outcome == Outcome::done) return std::optional<Obstacle>();
    return std::optional<Obstacle>(
        {Errc::unknown_kind, row.event.kind + " is not known to this program"});
}

Result<std::optional<Obstacle>> Applier::retry(const StoreId& store,
                                               const schema::Segment& segment) {
    const schema::Sequence seq = segment.seqs.front();
    if (const auto read = schema::decode_row(parser_, segment.rows.front(), event_); !read) {
        return tl::unexpected(read.error());
    }
    log_is_new_ = records_.is_new_log(store, segment.topic);
    const bool number = !number_kind(segment.topic).kind.empty();
    const std::size_t slot = number ? numbers_.slot(segment.topic, store) : 0;
    return try_row({store, segment, seq, event_, slot});
}

/// The general way, behind what is parked of its key.
Result<void> Applier::take_row(const Row& row, std::size_t index, schema::Timestamp now,
                               std::int64_t& applied) {
    const std::string& topic = row.segment.topic;
    const auto park = [&](const Obstacle& obstacle) {
        ++counters_["events_parked"];
        return parked_.park(row.store, row.segment, index, row.event.key, obstacle, now);
    };
    if (parked_.any(row.store, topic) && !schema::planted(schema::Bug::parked_overtaken)) {
        const auto held = parked_.find(row.store, topic, row.event.key);
        if (!held) return tl::unexpected(schema::Error{Errc::io, held.error().message});
        if (*held) return park(Obstacle::behind());
    }
    const auto obstacle = try_row(row);
    if (!obstacle) return tl::unexpected(obstacle.error());
    const ParkedKeys::Place place{row.store, topic, row.seq};
    if (!*obstacle) {
        ++applied;
        return parked_.any_waived(row.store, topic) ? parked_.forget_waiver(place, row.event.key)
                                                    : Result<void>();
    }
    const auto waived = parked_.is_waived(place, row.segment.epoch, row.event.key);
    if (!waived) return tl::unexpected(schema::Error{Errc::io, waived.error().message});
    if (!*waived) return park(**obstacle);
    ++counters_["events_waived"];
    return {};
}

Result<void> Applier::apply(const StoreId& store, const schema::Segment& segment,
                            schema::Sequence after, schema::Sequence& through,
                            schema::Timestamp now) {
    through = after;
    const auto first = std::upper_bound(segment.seqs.begin(), segment.seqs.end(), after);
    auto index = static_cast<std::size_t>(first - segment.seqs.begin());
    if (index > 0) counters_["events_repeated"] += static_cast<std::int64_t>(index);
    log_is_new_ = records_.is_new_log(store, segment.topic);
    const auto [kind, payload_fields] = number_kind(segment.topic);
    const std::size_t slot = kind.empty() ? 0 : numbers_.slot(segment.topic, store);
    const bool quick = !kind.empty() && !is_held(kind) && !parked_.any_waived(store, segment.topic);
    bool some_parked = parked_.any(store, segment.topic);
    std::int64_t applied = 0;
    Result<void> result;
    NumberRow number;
    for (; index < segment.rows.size(); ++index) {
        const schema::Sequence seq = segment.seqs[index];
        const bool plain = quick &&
                           read_number_row(segment.rows[index], kind, payload_fields, number) &&
                           (number.flags & schema::kFlagPaidTwice) == 0 &&
                           !(some_parked && parked_.contains(store, segment.topic, number.key));
        if (plain) {
            const auto added = numbers_.add(slot, segment.epoch, number.key, number.delta);
            if (!added) {
                result = tl::unexpected(added.error());
                break;
            }
            if (*added) {
                if (store == own_ && segment.topic == schema::kTopicDebts) {
                    own_debts_.push_back({segment.epoch, seq, std::string(number.key), number.delta,
                                          std::string(number.addressee)});
                }
                ++applied;
                through = seq;
                continue;
            }  // A sum that would leave 64 bits: the general way parks it.
        }
        if (const auto read = schema::decode_row(parser_, segment.rows[index], event_); !read) {
            result = schema::fail(
                store.value() + " " + segment.topic + " event " + std::to_string(seq.value()),
                read.error());
            break;
        }
        result = take_row({store, segment, seq, event_, slot}, index, now, applied);
        if (!result) break;
        some_parked = parked_.any(store, segment.topic);
        through = seq;
    }
    counters_["events_applied"] += applied;
    return result;
}

Result<void> Applier::add_sum(const StoreId& store, const std::string& topic, schema::Epoch epoch,
                              const std::string& key, std::int64_t sum) {
    if (number_kind(topic).kind.empty()) {
        return schema::fail(Errc::corrupt, "topic " + topic + " has no sums");
    }
    const auto added = numbers_.add(numbers_.slot(topic, store), epoch, key, sum);
    if (!added) return tl::unexpected(added.error());
    if (!*added) {
        return schema::fail(
            Errc::corrupt, "the sum of " + key + " leaves 64 bits in epoch " +
                               std::to_string(epoch.value()) +
                               ": the broker's base is of an earlier version, which parked no such "
                               "key; read this log from another broker, or let that one lose its "
                               "folder, so that it has the log from the store again");
    }
    return {};
}

std::vector<OwnDebt> Applier::take_own_debts() { return std::exchange(own_debts_, {}); }

std::vector<TakenDebt> Applier::take_taken_debts() { return std::exchange(taken_debts_, {}); }

}  // namespace filial::subscriber
