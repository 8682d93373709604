#include "subscriber/pending_debts.h"

#include "schema/amounts.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::ByteView;
using schema::Result;
using schema::Sequence;

Result<void> PendingDebts::load(const ReplicaStore& store) {
    const auto confirmations = store.scan("a", {}, [&](ByteView key, ByteView value) {
        confirmed_[std::string(key.substr(1))] = Sequence{read_u64(value)};
        return true;
    });
    if (!confirmations) return confirmations;
    schema::Parser parser;
    bool damaged = false;
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
        const Sequence seq{read_u64(key.substr(1))};
        by_customer_.emplace(entry.customer, seq);
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

void PendingDebts::add(Records& records, const OwnDebt& debt, const std::string& home) {
    if (home == own_.value()) return;
    if (!home.empty() && debt.seq <= confirmed(home)) return;
    const auto [at, added] = entries_.try_emplace(debt.seq, Entry{debt.customer, debt.cents, home});
    if (!added) return;
    by_customer_.emplace(debt.customer, debt.seq);
    schema::Writer out;
    out.array(4).u64(1).str(debt.customer).i64(debt.cents).str(home);
    records.put(pending_key(debt.seq), out.take());
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
    records.erase(pending_key(at->first));
    at = entries_.erase(at);
}

void PendingDebts::prune(Records& records, const std::string& home, const HomeOf& home_of) {
    const Sequence upto = confirmed(home);
    for (auto at = entries_.begin(); at != entries_.end();) {
        Entry& entry = at->second;
        const bool due = entry.home.empty() || (entry.home == home && at->first <= upto);
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
        if (!judge.empty() && at->second <= confirmed(judge)) continue;
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
}

}  // namespace filial::subscriber
