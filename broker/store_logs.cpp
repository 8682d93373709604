#include "broker/store_logs.h"

#include <algorithm>

#include "schema/payloads.h"

namespace filial::broker {

using schema::Errc;
using schema::Range;
using schema::Result;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;

namespace {

/// The rows above `after`; its chain head stays right, since it belongs to the last row.
Segment rows_above(const Segment& segment, Sequence after) {
    Segment rest;
    rest.topic = segment.topic;
    rest.epoch = segment.epoch;
    rest.append(segment, after);
    return rest;
}

}  // namespace

StoreLogs::StoreLogs(core::Journal& journal, const core::Clock& clock)
    : journal_(journal), clock_(clock) {}

Sequence StoreLogs::staged_end(const StoreId& store) const {
    const auto at = staged_.find(store);
    return at != staged_.end() ? at->second.end : journal_.end(store);
}

Result<void> StoreLogs::check_opening(const Range& range, core::Append& append) const {
    const auto at = staged_.find(range.store);
    const auto known = at != staged_.end() ? std::optional(at->second) : journal_.head(range.store);
    if (known && range.epoch < known->epoch) {
        return schema::fail(Errc::stale_incarnation, range.store.value() + " speaks as epoch " +
                                                         std::to_string(range.epoch.value()) +
                                                         ", held here is epoch " +
                                                         std::to_string(known->epoch.value()));
    }
    if (known) append.incarnation = known->incarnation;
    schema::Parser parser;
    for (const Segment& segment : append.segments) {
        if (segment.topic != schema::kTopicControl) continue;
        // Only the first event of an epoch can open it; it is the first row of its segment then.
        auto first = segment.event(parser, 0);
        if (!first) return tl::unexpected(first.error());
        if (first->event.kind != schema::kLogOpened) continue;
        const auto opened = schema::decode_log_opened(parser, first->event.payload);
        if (!opened) return tl::unexpected(opened.error());
        append.incarnation = opened->incarnation;
    }
    return {};
}

Result<void> StoreLogs::stage(Range range) {
    const Sequence end = staged_end(range.store);
    if (range.upto <= end) return {};
    if (range.after > end) {
        return schema::fail(Errc::gap, range.store.value() + ": begins after " +
                                           std::to_string(range.after.value()) + ", held is " +
                                           std::to_string(end.value()));
    }
    core::Append append;
    append.store = range.store;
    append.epoch = range.epoch;
    append.after = end;
    append.upto = range.upto;
    append.at = clock_.wall();
    std::uint64_t rows = 0;
    for (Segment& segment : range.segments) {
        Segment rest = range.after == end ? std::move(segment) : rows_above(segment, end);
        rows += rest.rows.size();
        if (!rest.empty()) append.segments.push_back(std::move(rest));
    }
    // A broker takes whole logs: every position between the ends must be there.
    if (rows != range.upto.value() - end.value()) {
        return schema::fail(Errc::corrupt,
                            range.store.value() + ": " + std::to_string(rows) + " events for " +
                                std::to_string(range.upto.value() - end.value()) + " positions");
    }
    if (const auto ok = check_opening(range, append); !ok) return ok;

    core::LogHead& head = staged_[range.store];
    head.end = append.upto;
    head.epoch = append.epoch;
    head.incarnation = append.incarnation;
    staged_write_.appends.push_back(std::move(append));
    return {};
}

Result<void> StoreLogs::commit(core::JournalWrite more) {
    for (auto& entry : more.state) staged_write_.state.push_back(std::move(entry));
    if (staged_write_.empty()) return {};
    const bool sync = !staged_write_.appends.empty();
    if (const auto ok = journal_.commit(staged_write_, sync); !ok) {
        return schema::fail("store logs", ok.error());
    }
    staged_write_ = {};
    staged_.clear();
    return {};
}

}  // namespace filial::broker
