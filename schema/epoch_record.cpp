#include "schema/epoch_record.h"

namespace filial::schema {

Result<std::optional<EpochRecord>> find_epoch_record(const Range& range) {
    Parser parser;
    for (const Segment& segment : range.segments) {
        if (segment.topic != kTopicControl || segment.empty()) continue;
        auto first = segment.event(parser, 0);
        if (!first) return tl::unexpected(first.error());
        if (first->event.kind != kLogOpened) return std::nullopt;
        auto opened = decode_log_opened(parser, first->event.payload);
        if (!opened) return tl::unexpected(opened.error());
        return EpochRecord{first->seq, std::move(*opened)};
    }
    return std::nullopt;
}

Epoch epoch_above(const Segment& segment, Sequence held) {
    return segment.empty() || segment.last() <= held ? Epoch{0} : segment.epoch;
}

}  // namespace filial::schema
