// Rows by columns, as a sender that lies may make them: the first byte says how many rows come and
// whether the reader knows a log before them. What is read is written and read again alike.
#include "schema/columns.h"

#include "schema/limits.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

namespace {

/// What both ends know: some sales and transfers of a log's beginning.
Range known_rows() {
    Range range;
    range.epoch = Epoch{1};
    range.upto = Sequence{12};
    Segment segment;
    segment.topic = "stock";
    segment.epoch = range.epoch;
    for (std::uint64_t seq = 1; seq <= 12; ++seq) {
        Event event;
        event.kind = seq % 4 == 0 ? "transfer.sent" : "stock.moved";
        event.key = "2100" + std::to_string(seq % 5);
        event.number = seq;
        Writer payload;
        payload.array(3).i64(-1'000).str("sale").str("536365#" + std::to_string(seq));
        event.payload = payload.take();
        segment.add(Sequence{seq}, ClientId{1}, encode_row(event));
    }
    range.segments = {segment};
    return range;
}

/// Any bytes are a row: taken apart or not, they come back.
void row_comes_back(ByteView row) {
    FlatRow flat;
    take_apart(row, ClientId{2}, known_rows().upto, flat);
    fuzz::require(leaves_of(flat.form()).size() == flat.count, "a form says its leaves");
    Range range;
    range.after = Sequence{6};
    range.upto = Sequence{7};
    Segment segment;
    segment.topic = "stock";
    segment.add(range.upto, ClientId{2}, Bytes(row));
    range.segments = {segment};
    ColumnMemory writer, reader;
    Range read = range;
    read.segments.clear();
    Bytes listed;
    const auto ok = read_columns(write_columns(range, writer), 1, 64 * 1024, reader, read, listed);
    fuzz::require(ok && read.segments == range.segments, "a row comes back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    if (size <= kEventBytesMax) row_comes_back(fuzz::view(data, size));
    static const Range known = known_rows();
    const bool knows = (data[0] & 1) != 0;
    const std::uint64_t count = data[0] >> 1;
    // A small limit, so that the largest of what may come out is reached.
    constexpr std::uint64_t most = 64 * 1024;
    ColumnMemory memory, other, third;
    if (knows) {
        for (ColumnMemory* each : {&memory, &other, &third}) write_columns(known, *each);
    }
    Range range;
    range.epoch = Epoch{1};
    range.after = known.upto;
    range.upto = Sequence{UINT64_MAX};
    Bytes listed;
    if (!read_columns(fuzz::view(data + 1, size - 1), count, most, memory, range, listed)) return 0;
    fuzz::require(range.count() == count, "as many rows as it says");
    fuzz::require(listed.size() <= most, "no more than it may hold");
    fuzz::require(listed_rows(range) == listed, "listed as they are");

    const Bytes again = write_columns(range, other);
    Range second;
    second.epoch = range.epoch;
    second.after = range.after;
    second.upto = range.upto;
    Bytes listed_again;
    const auto read = read_columns(again, count, most, third, second, listed_again);
    fuzz::require(read && listed_again == listed, "rows are written and read alike");
    return 0;
}
