#include "core/journal/log_epochs.h"

#include <algorithm>

#include "schema/accepted_loss.h"
#include "schema/block.h"

namespace filial::core {

using schema::Epoch;
using schema::Result;
using schema::Sequence;

namespace {

/// Ranges never run over the end of an epoch, so that of its first event is all events'.
Result<Epoch> epoch_at(const LogHead& head, const ReadRange& read, std::uint64_t seq) {
    const auto range = read({head.store, {std::string(schema::kAllTopics)}, Sequence{seq - 1}, 1});
    if (!range) return tl::unexpected(range.error());
    for (const schema::Segment& segment : range->segments) {
        if (!segment.empty()) return segment.epoch;
    }
    return schema::fail(schema::Errc::corrupt,
                        "nothing of the log stands at " + std::to_string(seq));
}

Result<EpochBegun> begun_at(const LogHead& head, const ReadRange& read, std::uint64_t seq) {
    EpochBegun begun;
    begun.first = begun.continues_from = seq;
    --begun.continues_from;
    const auto range =
        read({head.store, {std::string(schema::kTopicControl)}, Sequence{seq - 1}, 1});
    if (!range) return tl::unexpected(range.error());
    const auto events = schema::events_in_order(range->segments);
    if (!events) return tl::unexpected(events.error());
    if (events->empty() || events->front().seq.value() != seq) return begun;
    const schema::Event& record = events->front().event;
    begun.at = record.at;
    schema::Parser parser;
    const auto loss = schema::decode_accepted_loss(parser, record.payload);
    if (record.kind != schema::kLogOpened || !loss) return begun;
    begun.continues_from = loss->opened.continues_from.value();
    begun.lost_upto = loss->opened.lost_upto.value();
    begun.reason = loss->opened.reason;
    begun.who = loss->who;
    return begun;
}

}  // namespace

Result<std::vector<EpochBegun>> epochs_of(const LogHead& head, const ReadRange& read) {
    std::vector<EpochBegun> all;
    std::uint64_t end = head.end.value();
    // From the newest one down to the one in which the log begins.
    for (Epoch epoch = head.epoch; end > 0 && all.size() < kEpochsTold;) {
        std::uint64_t first = 1, last = end;  // Its first event is in there.
        while (first < last) {
            const std::uint64_t middle = first + (last - first) / 2;
            const auto there = epoch_at(head, read, middle);
            if (!there) return tl::unexpected(there.error());
            if (*there < epoch) {
                first = middle + 1;
            } else {
                last = middle;
            }
        }
        // A log begins in epoch 1, or, where its machine was lost with all of it, in a later one.
        if (first == 1 && epoch.value() == 1) break;
        auto begun = begun_at(head, read, first);
        if (!begun) return tl::unexpected(begun.error());
        begun->epoch = epoch.value();
        all.push_back(std::move(*begun));
        end = first - 1;
        if (end == 0) break;
        const auto before = epoch_at(head, read, end);
        if (!before) return tl::unexpected(before.error());
        epoch = *before;
    }
    std::reverse(all.begin(), all.end());
    return all;
}

}  // namespace filial::core
