// A group of one topic's events, and the events in it.
#include "schema/segment.h"

#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Parser parser;
    const auto segment = decode_segment(parser, fuzz::view(data, size));
    if (!segment) return 0;
    const Bytes bytes = encode(*segment);
    const auto second = decode_segment(parser, bytes);
    fuzz::require(second && *second == *segment, "a segment is written and read alike");
    if (segment->empty()) return 0;
    for (std::size_t i = 1; i < segment->seqs.size(); ++i) {
        fuzz::require(segment->seqs[i - 1] < segment->seqs[i], "positions rise");
    }
    const auto events = events_in_order({*segment});
    if (events) fuzz::require(events->size() == segment->rows.size(), "every row is an event");

    Segment merged{segment->topic, segment->epoch, {}, {}, {}, {}, {}};
    const Sequence middle = segment->seqs[segment->seqs.size() / 2];
    merged.append(*segment, Sequence{0});
    fuzz::require(merged.rows == segment->rows && merged.seqs == segment->seqs, "all is appended");
    merged.cut(middle);
    fuzz::require(merged.last() == middle, "cut ends where it was told");
    merged.append(*segment, middle);
    fuzz::require(merged.rows == segment->rows, "cut and appended again, nothing is lost");
    return 0;
}
