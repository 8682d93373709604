#include "schema/mark.h"

#include <algorithm>

#include "schema/names.h"
#include "schema/payloads.h"

namespace filial::schema {
namespace {

constexpr std::uint64_t kMarkVersion = 1;

void write_ends(Writer& out, const std::vector<TopicEnd>& ends) {
    out.array(ends.size());
    for (const TopicEnd& end : ends) out.array(2).str(end.topic).u64(end.seq.value());
}

std::vector<TopicEnd> read_ends(Fields& fields) {
    std::vector<TopicEnd> ends;
    Fields list = fields.array();
    ends.reserve(list.size());
    while (list.more()) {
        Fields pair = list.array();
        TopicEnd end;
        end.topic = read_topic(pair);
        end.seq = Sequence{pair.u64()};
        ends.push_back(std::move(end));
    }
    return ends;
}

}  // namespace

void write_reached(Writer& out, const Reached& reached) {
    out.array(3).str(reached.store.value()).u64(reached.epoch.value());
    write_ends(out, reached.topics);
}

Reached read_reached(Fields& fields) {
    Fields parts = fields.array();
    Reached reached;
    reached.store = read_store(parts);
    reached.epoch = Epoch{parts.u32()};
    reached.topics = read_ends(parts);
    return reached;
}

Sequence Mark::end_of(std::string_view topic) const {
    if (topic == kAllTopics) return end;
    const auto found = std::find_if(ends.begin(), ends.end(),
                                    [&](const TopicEnd& each) { return each.topic == topic; });
    return found == ends.end() ? Sequence{0} : found->seq;
}

Bytes encode(const Mark& mark) {
    Writer out;
    out.array(11).u64(kMarkVersion).str(mark.store.value()).u64(mark.epoch.value());
    out.u64(mark.counter).i64(mark.at.value()).u64(mark.end.value());
    write_ends(out, mark.ends);
    out.u64(mark.applied_since).array(mark.applied.size());
    for (const Reached& reached : mark.applied) write_reached(out, reached);
    out.array(mark.taken.size());
    for (const Position& position : mark.taken) write_position(out, position);
    out.array(mark.parked.size());
    for (const ParkedKey& key : mark.parked) {
        out.array(3).str(key.store.value()).str(key.topic).str(key.key);
    }
    return out.take();
}

Result<Mark> decode_mark(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("mark", fields.error());
    const std::uint64_t version = fields->u64();
    if (version == 0) return fail(Errc::corrupt, "mark: no version");
    if (version != kMarkVersion) {
        return fail(Errc::schema_too_new,
                    "mark: version " + std::to_string(version) + " is not known here");
    }
    Mark mark;
    mark.store = read_store(*fields);
    mark.epoch = Epoch{fields->u32()};
    mark.counter = fields->u64();
    mark.at = Timestamp{fields->i64()};
    mark.end = Sequence{fields->u64()};
    mark.ends = read_ends(*fields);
    mark.applied_since = fields->u64();
    Fields applied = fields->array();
    mark.applied.reserve(applied.size());
    while (applied.more()) mark.applied.push_back(read_reached(applied));
    Fields taken = fields->array();
    mark.taken.reserve(taken.size());
    while (taken.more()) mark.taken.push_back(read_position(taken));
    Fields parked = fields->array();
    mark.parked.reserve(parked.size());
    while (parked.more()) {
        Fields parts = parked.array();
        ParkedKey key;
        key.store = read_store(parts);
        key.topic = read_topic(parts);
        key.key = parts.str();
        mark.parked.push_back(std::move(key));
    }
    if (const auto done = parser.finish("mark"); !done) return tl::unexpected(done.error());
    return mark;
}

}  // namespace filial::schema
