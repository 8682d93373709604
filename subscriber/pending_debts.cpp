#include "subscriber/pending_debts.h"

#include <algorithm>

#include "schema/amounts.h"
#include "schema/payloads.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::ByteView;
using schema::Result;
using schema::Sequence;

namespace {

schema::Bytes booked_key(const std::string& home) { return "b" + home; }

schema::Bytes passed_key(const schema::Position& news) { return "w" + schema::to_string(news); }

}  // namespace

Result<void> PendingDebts::load(const ReplicaStore& store) {
    const auto confirmations = store.scan("a", {}, [&](ByteView key, ByteView value) {
        confirmed_[std::string(key.substr(1))] = Sequence{read_u64(value)};
        return true;
    });
    if (!confirmations) return confirmations;
    const auto bookings = store.scan("b", {}, [&](ByteView key, ByteView value) {
        const ByteView seq = value.substr(std::min<std::size_t>(4, value.size()));
        booked_[std::string(key.substr(1))] = {own_, schema::Epoch{read_u32(value)},
                                               Sequence{read_u64(seq)}};
        return true;
    });
    if (!bookings) return bookings;
    schema::Parser parser;
    bool damaged = false;
    const auto passed = store.scan("w", {}, [&](ByteView, ByteView value) {
        auto fields = parser.array(value);
        damaged = damaged || !fields;
        if (!fields) return false;
        fields->skip();  // Version.
        const schema::Position from = schema::read_position(*fields);
        passed_[from] = schema::read_position(*fields);
        return true;
    });
    if (!passed) return passed;
    const auto scanned = store.scan("q", {}, [&](ByteView key, ByteView value) {
        auto fields = parser.array(value);
        if (!fields) {
            damaged = true;
            return false;
        }
        fields->skip();  // Version.
        Entry entry;
        entry.customer = fields->str();
        entry.cents = fields->i64();
        entry.home = fields->str();
        entry.told = schema::read_position(*fields);
        const Sequence seq{read_u64(key.substr(1))};
        by_customer_.emplace(entry.customer, seq);
        if (entry.is_told()) told_[entry.told] = seq;
        entries_[seq] = std::move(entry);
        return true;
    });
    if (!scanned) return scanned;
    if (damaged) return schema::fail(schema::Errc::corrupt, "replica: a pending debt is damaged");
    return {};
}

Sequence PendingDebts::confirmed(const std::string& home) const {
    const auto at = confirmed_.find(home);
    return at == confirmed_.end() ? Sequence{0} : at->second;
}

bool PendingDebts::arrived(Sequence own, const Entry& entry, const std::string& home) const {
    return !entry.is_told() && !home.empty() && own <= confirmed(home);
}

void PendingDebts::keep(Records& records, Sequence own, const Entry& entry) {
    schema::Writer out;
    out.array(5).u64(2).str(entry.customer).i64(entry.cents).str(entry.home);
    schema::write_position(out, entry.told);
    records.put(pending_key(own), out.take());
}

void PendingDebts::add(Records& records, const OwnDebt& debt, const std::string& home) {
    if (home == own_.value()) return;
    Entry entry{debt.customer, debt.cents, home, {}};
    if (!debt.addressee.empty()) {
        entry.told = {own_, debt.epoch, Sequence{debt.seq.value() + 1}};
        const auto booked = booked_.find(debt.addressee);
        if (booked != booked_.end() && booked->second >= entry.told) return;
        for (auto next = passed_.find(entry.told); next != passed_.end();
             next = passed_.find(entry.told)) {
            if (next->second.store.value().empty()) return;
            entry.told = next->second;
        }
    }
    if (arrived(debt.seq, entry, home)) return;
    const auto [at, added] = entries_.try_emplace(debt.seq, std::move(entry));
    if (!added) return;
    by_customer_.emplace(debt.customer, debt.seq);
    if (at->second.is_told()) told_[at->second.told] = debt.seq;
    keep(records, debt.seq, at->second);
}

bool PendingDebts::is_followed(const schema::Position& news) const {
    if (news.store == own_) return true;
    return std::any_of(passed_.begin(), passed_.end(),
                       [&](const auto& each) { return each.second == news; });
}

void PendingDebts::follow(Records& records, const TakenDebt& news) {
    if (!is_followed(news.cause) || (news.applied && news.cause.store == own_)) return;
    const schema::Position next = news.applied ? schema::Position{} : news.by;
    passed_[news.cause] = next;
    schema::Writer out;
    out.array(3).u64(1);
    schema::write_position(out, news.cause);
    schema::write_position(out, next);
    records.put(passed_key(news.cause), out.take());
}

void PendingDebts::taken(Records& records, const TakenDebt& news) {
    follow(records, news);
    if (news.applied && news.cause.store == own_) {
        schema::Position& booked = booked_[news.by.store.value()];
        if (booked.store != own_ || booked < news.cause) {
            booked = news.cause;
            schema::Bytes value;
            append_u32(value, booked.epoch.value());
            append_u64(value, booked.seq.value());
            records.put(booked_key(news.by.store.value()), value);
        }
    }
    const auto waits = told_.find(news.cause);
    if (waits == told_.end()) return;
    auto at = entries_.find(waits->second);
    if (news.applied) {
        erase(at, records);
        return;
    }
    told_.erase(waits);
    at->second.told = news.by;
    told_[news.by] = at->first;
    keep(records, at->first, at->second);
}

bool PendingDebts::confirm(Records& records, const schema::Mark& mark) {
    if (mark.store == own_) return false;
    for (const schema::Reached& reached : mark.applied) {
        if (reached.store != own_) continue;
        for (const schema::TopicEnd& end : reached.topics) {
            if (end.topic != schema::kTopicDebts) continue;
            Sequence& known = confirmed_[mark.store.value()];
            if (end.seq <= known) continue;
            known = end.seq;
            schema::Bytes value;
            append_u64(value, known.value());
            records.put("a" + mark.store.value(), value);
            return true;
        }
    }
    return false;
}

void PendingDebts::erase(std::map<Sequence, Entry>::iterator& at, Records& records) {
    const auto [begin, end] = by_customer_.equal_range(at->second.customer);
    for (auto one = begin; one != end; ++one) {
        if (one->second != at->first) continue;
        by_customer_.erase(one);
        break;
    }
    if (at->second.is_told()) told_.erase(at->second.told);
    records.erase(pending_key(at->first));
    at = entries_.erase(at);
}

void PendingDebts::prune(Records& records, const std::string& home, const HomeOf& home_of) {
    const Sequence upto = confirmed(home);
    for (auto at = entries_.begin(); at != entries_.end();) {
        Entry& entry = at->second;
        const bool due =
            !entry.is_told() && (entry.home.empty() || (entry.home == home && at->first <= upto));
        if (due) {
            // The home may have become known, or be another one, since the event was booked.
            const std::string now = home_of(entry.customer);
            if (!now.empty()) entry.home = now;
            const bool booked = entry.home == own_.value() ||
                                (!entry.home.empty() && at->first <= confirmed(entry.home));
            if (booked) {
                erase(at, records);
                continue;
            }
        }
        ++at;
    }
}

std::int64_t PendingDebts::of(const std::string& customer, const std::string& home) const {
    if (home == own_.value()) return 0;
    std::int64_t sum = 0;
    const auto [begin, end] = by_customer_.equal_range(customer);
    for (auto at = begin; at != end; ++at) {
        const Entry& entry = entries_.at(at->second);
        const std::string& judge = home.empty() ? entry.home : home;
        if (arrived(at->second, entry, judge)) continue;
        const auto more = schema::add(sum, entry.cents);
        if (!more) return sum;
        sum = *more;
    }
    return sum;
}

void PendingDebts::forget(Records& records) {
    for (const auto& [seq, entry] : entries_) records.erase(pending_key(seq));
    entries_.clear();
    by_customer_.clear();
    told_.clear();
}

}  // namespace filial::subscriber
