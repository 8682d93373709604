#include "core/journal/log_rebuild.h"

#include <algorithm>

#include "schema/epoch_record.h"
#include "schema/planted.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Range;
using schema::Result;
using schema::Segment;
using schema::Sequence;

namespace {

/// Of `segments` what stands in (after, upto], one segment a topic, as far as it is of one epoch.
Range joined(const Range& like, Sequence after, Sequence upto, const std::vector<Segment>& all) {
    Range range;
    range.store = like.store;
    range.topics = {std::string(schema::kAllTopics)};
    range.after = after;
    std::optional<schema::Epoch> first;
    for (const Segment& each : all) {
        if (each.last() > after) first = std::min(first.value_or(each.epoch), each.epoch);
    }
    range.epoch = first.value_or(like.epoch);
    for (const Segment& each : all) {
        if (each.epoch > range.epoch && each.first() <= upto)
            upto = Sequence{each.first().value() - 1};
    }
    range.upto = range.end = upto;
    for (const Segment& each : all) {
        if (each.epoch != range.epoch || each.last() <= after) continue;
        auto into = std::find_if(range.segments.begin(), range.segments.end(),
                                 [&](const Segment& one) { return one.topic == each.topic; });
        if (into == range.segments.end()) {
            into = range.segments.emplace(into);
            into->topic = each.topic;
            into->epoch = each.epoch;
        }
        into->append(each, after);
    }
    for (Segment& segment : range.segments) segment.cut(upto);
    std::erase_if(range.segments, [](const Segment& segment) { return segment.empty(); });
    return range;
}

}  // namespace

LogRebuild::LogRebuild(DamagedJournal& repair, schema::StoreId store)
    : repair_(repair),
      witness_(repair.witness()),
      copy_(repair.target(), store),
      source_(repair.source(store)),
      why_(repair.unreadable()) {
    if (witness_) copy_.expect(witness_->seq, witness_->chains);
}

Result<void> LogRebuild::take_piece(LogCopy& to, LogRemains::Piece piece) const {
    if (piece.range.upto > holes_upto_) return to.take(piece.range, piece.at);
    std::vector<Trim> trims;
    for (const Segment& segment : piece.range.segments) {
        const auto base = bases_.find(segment.topic);
        if (base == bases_.end() || base->second.upto != segment.last()) continue;
        trims.push_back({to.head().store, segment.topic, base->second.upto});
    }
    return to.take_trimmed(piece.range, piece.at, std::move(piece.begun), std::move(trims));
}

Result<void> LogRebuild::trimmed(TopicBases bases) {
    if (!source_) return fail(Errc::corrupt, "nothing of the log can be read");
    const auto upto = source_->trimmed(bases);
    if (!upto) return tl::unexpected(upto.error());
    bases_ = std::move(bases);
    holes_upto_ = *upto;
    // A part of it would be a log with holes that nobody can fill: all of it, or nothing.
    LogCopy trial(repair_.target(), head().store);
    while (trial.end() < holes_upto_) {
        auto piece = source_->next(trial.end());
        auto taken = piece ? take_piece(trial, std::move(*piece))
                           : Result<void>(fail(Errc::corrupt, source_->why()));
        if (taken) {
            trial.drop_staged();
            continue;
        }
        const std::string place = "behind event " + std::to_string(trial.end().value());
        source_ = repair_.source(head().store);
        bases_.clear();
        holes_upto_ = Sequence{};
        return fail(place, taken.error());
    }
    return {};
}

bool LogRebuild::salvage(std::size_t bytes) {
    if (!source_) return false;
    const std::size_t goal = copy_.staged_bytes() + bytes;
    while (copy_.staged_bytes() < goal) {
        auto piece = source_->next(copy_.end());
        if (!piece) {
            why_ = source_->why();
            return false;
        }
        if (const auto taken = take_piece(copy_, std::move(*piece)); !taken) {
            why_ = taken.error().message;
            return false;
        }
    }
    return true;
}

Result<void> LogRebuild::take_some(const Range& range, schema::Timestamp at) {
    if (range.upto <= end()) return {};
    const std::string place =
        "the log of " + range.store.value() + " behind event " + std::to_string(end().value());
    if (range.after > end()) return fail(Errc::gap, place + ": what came begins above it");
    if (!source_) return fail(Errc::corrupt, place + ": nothing of it is in the damaged journal");
    auto others = source_->others(end(), range.upto, range.topics);
    others.segments.insert(others.segments.end(), range.segments.begin(), range.segments.end());
    const Range whole = joined(range, end(), others.upto, others.segments);
    if (whole.upto <= end()) {
        return fail(Errc::corrupt, place +
                                       ": the topics that did not come cannot be read in the "
                                       "damaged journal either: " +
                                       source_->why());
    }
    if (const auto taken = copy_.take(whole, at); !taken) return taken;
    if (end() >= range.upto) return {};
    return fail(Errc::gap, place + ": it is put together piece by piece");
}

std::vector<std::string> LogRebuild::topics() const {
    return source_ ? source_->topics() : std::vector<std::string>();
}

Sequence LogRebuild::known_end() const {
    if (schema::planted(schema::Bug::repair_skips)) return end();
    Sequence known = witness_ ? witness_->seq : Sequence{};
    if (source_) known = std::max(known, source_->last());
    return known;
}

schema::Epoch LogRebuild::epoch() const {
    return std::max(head().epoch, witness_ ? witness_->epoch : schema::Epoch{});
}

schema::Incarnation LogRebuild::incarnation() const {
    const bool newer = witness_ && witness_->epoch >= head().epoch;
    return newer ? witness_->incarnation : head().incarnation;
}

std::optional<Sequence> LogRebuild::resumes() const {
    return source_ ? source_->resumes(end()) : std::nullopt;
}

}  // namespace filial::core
