#include "core/journal/topic_base.h"

#include <limits>

#include "schema/payloads.h"

namespace filial::core {

using schema::BaseRow;
using schema::Bytes;
using schema::LoggedEvent;
using schema::Result;

namespace {

/// The version of the product's own kinds whose meaning is known here.
constexpr std::uint32_t kKindVersion = 1;
constexpr std::size_t kBesideABaseRow = 48;
/// A log of later epochs than this stays as events: what a key came to is not looked for in each.
constexpr std::uint32_t kEpochsSummed = 1'024;

bool adds(std::int64_t to, std::int64_t delta, std::int64_t& sum) {
    return !__builtin_add_overflow(to, delta, &sum);
}

}  // namespace

bool TopicBase::folds(std::string_view topic) {
    return !schema::is_notice_topic(topic) && topic != schema::kTopicCustomers;
}

Result<BaseRow*> TopicBase::find(const BaseRow& name) {
    const Bytes key = key_of(name);
    const auto at = rows_.find(key);
    if (at != rows_.end()) return &at->second;
    const auto value = get_(key);
    if (!value) return tl::unexpected(value.error());
    if (!*value) return nullptr;
    auto row = decode_base_row(parser_, key, **value);
    if (!row) return tl::unexpected(row.error());
    return &put(std::move(*row));
}

BaseRow& TopicBase::put(BaseRow row) {
    Bytes key = key_of(row);
    bytes_ += key.size() + row.row.size() + kBesideABaseRow;
    return rows_.insert_or_assign(std::move(key), std::move(row)).first->second;
}

Result<bool> TopicBase::is_held(const std::string& key) {
    const auto known = held_.find(key);
    if (known != held_.end()) return known->second;
    BaseRow name;
    name.kind = BaseRow::Kind::held;
    name.key = key;
    const auto value = get_(key_of(name));
    if (!value) return tl::unexpected(value.error());
    return held_[key] = value->has_value();
}

/// What the key came to in the epochs before `epoch`; nullopt where that is not to be told.
Result<std::optional<std::int64_t>> TopicBase::earlier(const std::string& key,
                                                       schema::Epoch epoch) {
    using Sum = std::optional<std::int64_t>;
    if (epoch.value() > kEpochsSummed) return Sum();
    const auto known = earlier_.find({key, epoch});
    if (known != earlier_.end()) return known->second;
    Sum sum = 0;
    BaseRow name;
    name.kind = BaseRow::Kind::sum;
    name.key = key;
    for (std::uint32_t each = 1; each < epoch.value() && sum; ++each) {
        name.epoch = schema::Epoch{each};
        const auto found = find(name);
        if (!found) return tl::unexpected(found.error());
        if (*found != nullptr && !adds(*sum, (*found)->sum, *sum)) sum.reset();
    }
    return earlier_[{key, epoch}] = sum;
}

/// False where the sum, or that of the key over all epochs, would leave 64 bits: a replica parks
/// such an event, and those of its key behind it.
Result<bool> TopicBase::add_number(const LoggedEvent& logged, std::int64_t delta) {
    const auto before = earlier(logged.event.key, logged.epoch);
    if (!before) return tl::unexpected(before.error());
    if (!*before) return false;
    BaseRow name;
    name.kind = BaseRow::Kind::sum;
    name.epoch = logged.epoch;
    name.key = logged.event.key;
    auto found = find(name);
    if (!found) return tl::unexpected(found.error());
    BaseRow& row = *found != nullptr ? **found : put(std::move(name));
    std::int64_t sum = 0, all = 0;
    if (!adds(row.sum, delta, sum) || !adds(**before, sum, all)) return false;
    row.sum = sum;
    ++row.events;
    return true;
}

/// False where the event has to stay as it is.
Result<bool> TopicBase::fold(const LoggedEvent& logged, const Bytes& row) {
    const schema::Event& event = logged.event;
    if (event.version > kKindVersion) return false;
    if (topic_ == schema::kTopicStock && event.kind == schema::kStockMoved) {
        const auto moved = schema::decode_stock_moved(parser_, event.payload);
        if (!moved) return false;
        return add_number(logged, moved->delta.value());
    }
    const bool debts = topic_ == schema::kTopicDebts;
    if (debts && event.kind == schema::kDebtMoved) {
        const auto moved = schema::decode_debt_moved(parser_, event.payload);
        if (!moved) return false;
        return add_number(logged, moved->delta.value());
    }
    const bool own = schema::is_reserved_topic(topic_);
    if (!own && event.kind == schema::kAppEvent) return true;  // It changes nothing.
    const bool newest = debts ? event.kind == schema::kLimitSet &&
                                    schema::decode_limit_set(parser_, event.payload).has_value()
                              : !own && event.kind == schema::kAppValue;
    if (!newest) return false;
    BaseRow value;
    value.kind = BaseRow::Kind::newest;
    value.epoch = logged.epoch;
    value.key = event.key;
    value.seq = logged.seq;
    value.client = event.client;
    value.row = row;
    put(std::move(value));
    return true;
}

Result<void> TopicBase::add(const schema::Segment& segment) {
    for (std::size_t i = 0; i < segment.rows.size(); ++i) {
        const auto logged = segment.event(parser_, i);
        if (!logged) return tl::unexpected(logged.error());
        const std::string& key = logged->event.key;
        const auto held = is_held(key);
        if (!held) return tl::unexpected(held.error());
        // A replica makes more of such a move than a number.
        bool apart = false;
        if (topic_ == schema::kTopicDebts && logged->event.kind == schema::kDebtMoved) {
            const auto moved = schema::decode_debt_moved(parser_, logged->event.payload);
            apart = moved && (moved->flags & schema::kFlagPaidTwice) != 0;
        }
        bool folded = false;
        if (!*held && !apart) {
            const auto done = fold(*logged, segment.rows[i]);
            if (!done) return tl::unexpected(done.error());
            folded = *done;
        }
        if (folded) continue;
        if (!*held && !apart) {
            BaseRow mark;
            mark.kind = BaseRow::Kind::held;
            mark.key = key;
            put(std::move(mark));
            held_[key] = true;
        }
        BaseRow event;
        event.kind = BaseRow::Kind::event;
        event.epoch = logged->epoch;
        event.seq = logged->seq;
        event.client = logged->event.client;
        event.row = segment.rows[i];
        put(std::move(event));
    }
    return {};
}

std::map<Bytes, Bytes> TopicBase::changes() const {
    std::map<Bytes, Bytes> all;
    for (const auto& [key, row] : rows_) all.emplace(key, value_of(row));
    return all;
}

}  // namespace filial::core
