// Which log it is whose events are held: a second one under a store's name is not taken from.
#include <algorithm>

#include "core/log.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

using schema::Errc;
using schema::Incarnation;
using schema::Range;
using schema::Result;
using schema::StoreId;

namespace {

constexpr Incarnation kUnknown{};

std::string hex(const Incarnation& incarnation) {
    return schema::to_hex(schema::view(incarnation));
}

/// The kind stands at a row's beginning, behind two heads of at most five bytes each: all other
/// rows need no decoding.
bool begins_like_an_epoch(schema::ByteView row) {
    constexpr std::size_t kHeads = 10;
    return row.substr(0, kHeads + schema::kLogOpened.size()).find(schema::kLogOpened) !=
           schema::ByteView::npos;
}

/// What the record of its epoch says in `range`, if the range has it.
Incarnation opened_in(const Range& range, bool anywhere) {
    schema::Parser parser;
    for (const schema::Segment& segment : range.segments) {
        if (segment.topic != schema::kTopicControl) continue;
        // It is the first event of its epoch: behind another one only where epochs meet.
        const std::size_t rows =
            anywhere ? segment.rows.size() : std::min<std::size_t>(segment.rows.size(), 1);
        for (std::size_t i = 0; i < rows; ++i) {
            if (!begins_like_an_epoch(segment.rows[i])) continue;
            const auto logged = segment.event(parser, i);
            if (!logged || logged->event.kind != schema::kLogOpened) continue;
            const auto opened = schema::decode_log_opened(parser, logged->event.payload);
            if (opened && opened->epoch == range.epoch) return opened->incarnation;
        }
    }
    return kUnknown;
}

}  // namespace

std::string Replica::fork_of(const StoreId& store) const {
    const auto at = logs_.find(store);
    if (at == logs_.end() || !at->second.forked()) return {};
    const std::string what_to_do =
        "if the publisher's folder of " + store.value() +
        " was lost, put it back from a copy, and give a second machine a name of its own";
    if (!at->second.rival) return at->second.doubts.begin()->second + "; " + what_to_do;
    return "two logs say that they are " + store.value() + " in epoch " +
           std::to_string(at->second.epoch.value()) + ": held is " + hex(at->second.incarnation) +
           ", offered is " + hex(*at->second.rival) + ", of which nothing is taken; " + what_to_do;
}

std::vector<StoreId> Replica::forked() const {
    std::vector<StoreId> stores;
    for (const auto& [store, log] : logs_) {
        if (log.forked()) stores.push_back(store);
    }
    return stores;
}

Result<void> Replica::meet(const StoreId& store, schema::Epoch epoch, const Incarnation& offered) {
    const auto same = compare(store, epoch, offered);
    const auto at = logs_.find(store);
    if (at == logs_.end()) return same;
    Log& log = at->second;
    log.later = std::max(log.later, epoch);
    // In quarantine it speaks for no log.
    log.met = same && epoch.value() > 0 && offered != kUnknown && log.epoch == epoch;
    if (log.met) log.doubts.clear();
    return same;
}

Result<void> Replica::compare(const StoreId& store, schema::Epoch epoch,
                              const Incarnation& offered) {
    const auto at = logs_.find(store);
    // A machine in quarantine speaks for no log yet, whatever it asks to go on as.
    if (epoch.value() == 0) return {};
    // Another epoch is judged by its number and its record.
    if (offered == kUnknown || at == logs_.end() || at->second.epoch != epoch) return {};
    Log& log = at->second;
    if (log.incarnation == kUnknown) {  // Replicated before incarnations were kept.
        log.incarnation = offered;
        moved_.insert(store);
    }
    if (log.incarnation == offered) {
        log.rival.reset();
        return {};
    }
    const bool news = log.rival != offered;
    log.rival = offered;
    std::string text = fork_of(store);
    if (news) core::log(core::Level::error, text, {{"origin", store.value()}});
    return schema::fail(Errc::forked, std::move(text));
}

void Replica::doubt(const StoreId& store, const std::string& source, const std::string& what) {
    const auto at = logs_.find(store);
    if (at == logs_.end() || at->second.met) return;
    std::string& said = at->second.doubts[source];
    if (said == what) return;
    said = what;
    core::log(core::Level::error, fork_of(store), {{"origin", store.value()}, {"source", source}});
}

void Replica::trust(const StoreId& store, const std::string& source) {
    const auto at = logs_.find(store);
    if (at != logs_.end()) at->second.doubts.erase(source);
}

Incarnation Replica::incarnation(const StoreId& store) const {
    const auto at = logs_.find(store);
    const bool known = at != logs_.end() && at->second.written_epoch == at->second.epoch;
    return known ? at->second.incarnation : kUnknown;
}

Result<Incarnation> Replica::judge_incarnation(const Range& range, const Incarnation& offered) {
    const auto at = logs_.find(range.store);
    const bool known = at != logs_.end() && at->second.epoch == range.epoch;
    // Whoever brings it: which of the two logs a broker holds cannot be told from its events.
    if (known && at->second.rival) return schema::fail(Errc::forked, fork_of(range.store));
    const bool settled = known && at->second.incarnation != kUnknown;
    Incarnation said = opened_in(range, !settled);
    if (said == kUnknown) said = offered;
    if (known) {
        if (const auto same = compare(range.store, range.epoch, said); !same) {
            return tl::unexpected(same.error());
        }
    }
    if (offered != kUnknown && said != offered) {
        return schema::fail(Errc::forked, range.store.value() + " greeted as " + hex(offered) +
                                              " and sends the log of " + hex(said));
    }
    return said;
}

std::optional<core::OwnLog> Replica::own_log() const {
    const auto at = logs_.find(options_.own);
    if (at == logs_.end() || at->second.incarnation == kUnknown) return std::nullopt;
    return core::OwnLog{options_.own, at->second.epoch, at->second.incarnation};
}

}  // namespace filial::subscriber
