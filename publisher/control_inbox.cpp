#include "publisher/control_inbox.h"

#include <algorithm>

#include "core/log.h"
#include "ledger/lives.h"
#include "schema/epoch_record.h"

namespace filial::publisher {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::string_view kControlPrefix = "control/";

/// Whether a range says what happened in this topic.
bool covers(const schema::Range& range, std::string_view topic) {
    return std::any_of(range.topics.begin(), range.topics.end(), [&](const std::string& one) {
        return one == topic || one == schema::kAllTopics;
    });
}

}  // namespace

Result<ControlInbox> ControlInbox::open(const core::Journal& journal, StoreId self) {
    ControlInbox inbox;
    inbox.self_ = std::move(self);
    schema::Parser parser;
    Result<void> all_read;
    const auto scanned = journal.scan(kControlPrefix, {}, [&](ByteView key, ByteView value) {
        auto fields = parser.array(value);
        Place place;
        if (fields) {
            place.epoch = place.durable_epoch = schema::Epoch{fields->u32()};
            place.staged = place.durable = Sequence{fields->u64()};
        }
        all_read = fields ? parser.finish("position in control") : tl::unexpected(fields.error());
        inbox.places_[StoreId{Bytes(key.substr(kControlPrefix.size()))}] = place;
        return all_read.has_value();
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!all_read) return tl::unexpected(all_read.error());
    return inbox;
}

core::Want ControlInbox::want(const StoreId& store) const {
    core::Want want;
    want.store = store;
    const auto place = places_.find(store);
    if (place != places_.end()) want.epoch = place->second.durable_epoch;
    want.after = ends(store);
    return want;
}

std::vector<schema::TopicEnd> ControlInbox::ends(const StoreId& store) const {
    const Sequence at = durable(store);
    return {{std::string(schema::kTopicAccounts), at}, {std::string(schema::kTopicControl), at}};
}

Sequence ControlInbox::durable(const StoreId& store) const {
    const auto place = places_.find(store);
    return place == places_.end() ? Sequence{0} : place->second.durable;
}

std::vector<schema::Position> ControlInbox::taken() const {
    std::vector<schema::Position> positions;
    for (const auto& [store, place] : places_) {
        if (place.durable.value() > 0) {
            positions.push_back({store, place.durable_epoch, place.durable});
        }
    }
    return positions;
}

/// A new epoch comes with its record, right behind the positions of the one before. Where it begins
/// below them, the notices of its first events were skipped.
Result<void> ControlInbox::check_epoch(const schema::Range& range, schema::Epoch begun) {
    const auto found = places_.find(range.store);
    if (found == places_.end() || found->second.epoch.value() == 0) return {};
    Place& place = found->second;
    if (!(place.epoch < begun)) return {};
    const auto record = schema::find_epoch_record(range);
    if (!record) return schema::fail("control of " + range.store.value(), record.error());
    const bool begins = *record && (*record)->opened.epoch == begun &&
                        (*record)->opened.continues_from >= place.staged;
    if (begins) return {};
    const std::string why = "control of " + range.store.value() + ": epoch " +
                            std::to_string(begun.value()) + " does not begin above " +
                            std::to_string(place.staged.value()) + ", where epoch " +
                            std::to_string(place.epoch.value()) + " is held";
    if (read_again_[range.store] >= begun) return schema::fail(Errc::corrupt, why);
    read_again_[range.store] = begun;
    place = Place{};
    return schema::fail(Errc::gap, why + ": it is fetched again from its beginning");
}

Result<void> ControlInbox::take(const schema::Range& range) {
    const auto found = places_.find(range.store);
    Place place = found == places_.end() ? Place{} : found->second;
    const std::string what = "control of " + range.store.value();
    // Also of an earlier epoch: a new session begins at what is durable, below what is staged.
    if (range.upto <= place.staged) return {};
    if (range.epoch < place.epoch) {
        return schema::fail(Errc::stale_incarnation,
                            what + ": epoch " + std::to_string(range.epoch.value()) +
                                ", but epoch " + std::to_string(place.epoch.value()) + " is held");
    }
    if (range.after > place.staged) {
        return schema::fail(
            Errc::gap, what + ": the range begins above " + std::to_string(place.staged.value()));
    }
    for (const auto topic : {schema::kTopicAccounts, schema::kTopicControl}) {
        if (covers(range, topic)) continue;
        return schema::fail(Errc::corrupt,
                            what + ": the range says nothing of topic " + std::string(topic));
    }
    schema::Epoch begun;
    for (const schema::Segment& segment : range.segments) {
        if (!schema::is_notice_topic(segment.topic)) continue;
        begun = std::max(begun, schema::epoch_above(segment, place.staged));
    }
    if (const auto ok = check_epoch(range, begun); !ok) return ok;

    schema::Parser parser;
    std::vector<Notice> notices;
    for (const schema::Segment& segment : range.segments) {
        if (!schema::is_notice_topic(segment.topic)) continue;
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            if (segment.seqs[i] <= place.staged) continue;
            auto logged = segment.event(parser, i);
            if (!logged) return schema::fail(what, logged.error());
            const bool mine = logged->event.addressee == self_.value() ||
                              ledger::is_for_everybody(logged->event, logged->epoch);
            if (!mine) continue;
            notices.push_back(
                {{range.store, logged->epoch, logged->seq}, std::move(logged->event)});
        }
    }
    // One position stands for both topics: what is taken late would be taken for known.
    std::sort(notices.begin(), notices.end(),
              [](const Notice& a, const Notice& b) { return a.origin.seq < b.origin.seq; });
    for (Notice& notice : notices) notices_.push_back(std::move(notice));
    place.epoch = std::max(place.epoch, place.epoch.value() == 0 ? range.epoch : begun);
    place.staged = range.upto;
    places_[range.store] = place;
    moved_.insert(range.store);
    return {};
}

Result<void> ControlInbox::stage(Outbox& outbox, schema::Timestamp at,
                                 const ledger::Inputs& policy) {
    while (staged_ < notices_.size()) {
        const Notice& notice = notices_[staged_];
        auto decision =
            ledger::decide_notice(outbox, outbox.next(), notice.origin, notice.event, at, policy);
        if (outbox.trouble()) return tl::unexpected(*outbox.trouble());
        if (!decision) {
            // Whoever sent it cannot mend it, and the notices behind it must not wait for it.
            core::log(core::Level::error, "a notice cannot be decided: only that it came is booked",
                      {{"notice", to_string(notice.origin)},
                       {"kind", notice.event.kind},
                       {"key", notice.event.key},
                       {"error", decision.error().message}});
            ++undecided_count_;
            decision =
                ledger::decide_undecided(outbox, outbox.next(), notice.origin, notice.event, at);
            if (outbox.trouble()) return tl::unexpected(*outbox.trouble());
        }
        if (!decision) return schema::fail("notice " + to_string(notice.origin), decision.error());
        if (!outbox.room_for(decision->bytes)) return {};
        if (!decision->events.empty()) outbox.stage(std::move(*decision));
        ++staged_;
    }
    return {};
}

void ControlInbox::committed() {
    taken_count_ += static_cast<std::int64_t>(staged_);
    notices_.erase(notices_.begin(), notices_.begin() + static_cast<std::ptrdiff_t>(staged_));
    staged_ = 0;
    if (!notices_.empty()) return;  // Which store's are left does not matter for so short a time.
    for (const StoreId& store : moved_) {
        Place& place = places_[store];
        place.durable_epoch = place.epoch;
        place.durable = place.staged;
        unsaved_.insert(store);
    }
    moved_.clear();
}

void ControlInbox::save(StateWrites& writes) const {
    for (const StoreId& store : unsaved_) {
        const Place& place = places_.at(store);
        schema::Writer out;
        out.array(2).u64(place.durable_epoch.value()).u64(place.durable.value());
        writes.emplace_back(Bytes(kControlPrefix) + store.value(), out.take());
    }
}

}  // namespace filial::publisher
