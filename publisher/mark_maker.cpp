#include "publisher/mark_maker.h"
#include "schema/planted.h"

namespace filial::publisher {

using core::BootTime;
using schema::Mark;
using schema::Result;

namespace {

/// A busy log is marked this often: what others see of it is at most this much older.
constexpr std::int64_t kBusyEvery = 200 * core::kMillisecond;

}  // namespace

bool MarkMaker::due(schema::Sequence end, BootTime now) const {
    if (!made_) return true;
    const std::int64_t since = now.value() - made_at_.value();
    return since >= every_us_ || (end > made_end_ && since >= kBusyEvery);
}

schema::Bytes MarkMaker::counter_value(std::uint64_t reserved) {
    schema::Writer out;
    out.array(1).u64(reserved);
    return out.take();
}

Result<std::uint64_t> MarkMaker::counter_of(schema::ByteView value) {
    schema::Parser parser;
    auto fields = parser.array(value);
    if (!fields) return schema::fail("counters of marks", fields.error());
    const std::uint64_t reserved = fields->u64();
    if (const auto ok = parser.finish("counters of marks"); !ok) {
        return tl::unexpected(ok.error());
    }
    return reserved;
}

Result<std::uint64_t> MarkMaker::next_counter() {
    if (schema::planted(schema::Bug::mark_counter_again)) return ++counter_;
    if (counter_ < reserved_) return ++counter_;
    std::uint64_t last = 0;
    const auto saved = journal_.get(kKey);
    if (!saved) return tl::unexpected(saved.error());
    if (*saved) {
        const auto reserved = counter_of(**saved);
        if (!reserved) return reserved;
        last = *reserved;
    }
    core::JournalWrite write;
    write.state.emplace_back(kKey, counter_value(last + kCountersReserved));
    if (const auto ok = journal_.commit(write, true); !ok) return tl::unexpected(ok.error());
    counter_ = last + 1;
    reserved_ = last + kCountersReserved;
    return counter_;
}

Result<Mark> MarkMaker::make(const core::LogHead& head, schema::Timestamp at,
                             std::vector<schema::Position> taken, BootTime now) {
    made_ = true;
    made_at_ = now;
    made_end_ = head.end;
    const auto counter = next_counter();
    if (!counter) return tl::unexpected(counter.error());
    Mark mark;
    mark.store = head.store;
    mark.epoch = head.epoch;
    mark.counter = *counter;
    mark.at = at;
    mark.end = head.end;
    for (const core::TopicHead& topic : head.topics) {
        const bool lacks = schema::planted(schema::Bug::mark_lacks_a_topic);
        if (lacks && topic.topic == schema::kTopicStock) continue;
        mark.ends.push_back({topic.topic, topic.last});
    }
    mark.applied = applied_.reached;
    mark.taken = std::move(taken);
    mark.parked = applied_.parked;
    return mark;
}

}  // namespace filial::publisher
