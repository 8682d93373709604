#include "schema/columns.h"

#include <algorithm>

namespace filial::schema {
namespace {

void list_row(Writer& out, std::string_view topic, Sequence seq, const ClientId& client,
              ByteView row) {
    out.array(4).str(topic).u64(seq.value()).bin(view(client)).bin(row);
}

Segment& segment_of(Range& range, std::string_view topic) {
    const auto at = std::lower_bound(
        range.segments.begin(), range.segments.end(), topic,
        [](const Segment& segment, std::string_view name) { return segment.topic < name; });
    if (at != range.segments.end() && at->topic == topic) return *at;
    const auto added = range.segments.insert(at, Segment{});
    added->topic = topic;
    added->epoch = range.epoch;
    return *added;
}

}  // namespace

void each_row(const Range& range, const std::function<void(const Segment&, std::size_t)>& visit) {
    std::vector<std::size_t> next(range.segments.size(), 0);
    for (;;) {
        const Segment* first = nullptr;
        std::size_t* index = nullptr;
        for (std::size_t i = 0; i < range.segments.size(); ++i) {
            const Segment& segment = range.segments[i];
            if (next[i] == segment.rows.size()) continue;
            if (first != nullptr && segment.seqs[next[i]] >= first->seqs[*index]) continue;
            first = &segment;
            index = &next[i];
        }
        if (first == nullptr) return;
        visit(*first, (*index)++);
    }
}

Bytes listed_rows(const Range& range) {
    Writer out;
    each_row(range, [&](const Segment& segment, std::size_t i) {
        list_row(out, segment.topic, segment.seqs[i], segment.clients[segment.who[i]],
                 segment.rows[i]);
    });
    return out.take();
}

Bytes write_columns(const Range& range, ColumnMemory& memory) {
    BitCoder out;
    each_row(range, [&](const Segment& segment, std::size_t i) {
        memory.write(out, segment.topic, segment.clients[segment.who[i]], segment.seqs[i],
                     segment.rows[i]);
    });
    return out.finish();
}

Result<void> read_columns(ByteView columns, std::uint64_t count, std::uint64_t listed_max,
                          ColumnMemory& memory, Range& range, Bytes& listed) {
    BitCoder in(columns);
    Writer out;
    Sequence last = range.after;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto row = memory.read(in);
        if (!row) return tl::unexpected(row.error());
        if (row->seq <= last || row->seq > range.upto) {
            return fail(Errc::corrupt, "columns: positions outside their range");
        }
        last = row->seq;
        list_row(out, row->topic, row->seq, row->client, row->row);
        if (out.size() > listed_max) return fail(Errc::corrupt, "columns: more than they say");
        segment_of(range, row->topic).add(row->seq, row->client, Bytes(row->row));
    }
    if (count > 0 && !in.at_end()) return fail(Errc::corrupt, "columns: bytes behind the last row");
    listed = out.take();
    return {};
}

}  // namespace filial::schema
