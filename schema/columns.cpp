#include "schema/columns.h"

#include <algorithm>

namespace filial::schema {
namespace {

/// Writes rows as they are listed. What they have alike is encoded once.
class Lister {
  public:
    explicit Lister(std::size_t bytes) { out_.reserve(bytes); }
    void row(std::string_view topic, Sequence seq, const ClientId& client, ByteView row) {
        if (topic != topic_ || front_.empty()) {
            topic_ = topic;
            Writer front;
            front.array(4).str(topic);
            front_ = front.take();
        }
        if (client != client_ || client_bytes_.empty()) {
            client_ = client;
            Writer bytes;
            bytes.bin(view(client));
            client_bytes_ = bytes.take();
        }
        out_.raw(front_).u64(seq.value()).raw(client_bytes_).bin(row);
    }
    std::size_t size() const { return out_.size(); }
    Bytes take() { return out_.take(); }

  private:
    Writer out_;
    std::string topic_;
    ClientId client_{};
    Bytes front_;  ///< Of a row of that topic: the array's head, the topic.
    Bytes client_bytes_;
};

/// Room for a row beside its bytes: topic, position, client and their heads.
constexpr std::size_t kListedBeside = 48;
/// Room that is made before anything was read: what a block of 256 rows takes.
constexpr std::uint64_t kListedAtOnce = 64 * 1024;

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
    std::size_t bytes = 0;
    for (const Segment& segment : range.segments) {
        bytes += segment.size() + segment.rows.size() * kListedBeside;
    }
    Lister out(bytes);
    each_row(range, [&](const Segment& segment, std::size_t i) {
        out.row(segment.topic, segment.seqs[i], segment.clients[segment.who[i]], segment.rows[i]);
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
    // What the block says of itself is not believed before it is there.
    Lister out(static_cast<std::size_t>(std::min(listed_max, kListedAtOnce)));
    Segment* segment = nullptr;
    Sequence last = range.after;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto row = memory.read(in);
        if (!row) return tl::unexpected(row.error());
        if (row->seq <= last || row->seq > range.upto) {
            return fail(Errc::corrupt, "columns: positions outside their range");
        }
        last = row->seq;
        out.row(row->topic, row->seq, row->client, row->row);
        if (out.size() > listed_max) return fail(Errc::corrupt, "columns: more than they say");
        if (segment == nullptr || segment->topic != row->topic) {
            segment = &segment_of(range, row->topic);
        }
        segment->add(row->seq, row->client, Bytes(row->row));
    }
    if (count > 0 && !in.at_end()) return fail(Errc::corrupt, "columns: bytes behind the last row");
    listed = out.take();
    return {};
}

}  // namespace filial::schema
