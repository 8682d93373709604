#include "publisher/mark_maker.h"

namespace filial::publisher {

using core::BootTime;
using schema::Mark;
using schema::Result;

namespace {

constexpr std::string_view kKey = "mark/reserved";
/// A busy log is marked this often: what others see of it is at most this much older.
constexpr std::int64_t kBusyEvery = 200 * core::kMillisecond;

}  // namespace

bool MarkMaker::due(schema::Sequence end, BootTime now) const {
    if (!made_) return true;
    const std::int64_t since = now.value() - made_at_.value();
    return since >= every_us_ || (end > made_end_ && since >= kBusyEvery);
}

Result<std::uint64_t> MarkMaker::next_counter() {
    if (counter_ < reserved_) return ++counter_;
    std::uint64_t last = 0;
    const auto saved = journal_.get(kKey);
    if (!saved) return tl::unexpected(saved.error());
    if (*saved) {
        schema::Parser parser;
        auto fields = parser.array(**saved);
        if (!fields) return schema::fail("counters of marks", fields.error());
        last = fields->u64();
        if (const auto ok = parser.finish("counters of marks"); !ok) {
            return tl::unexpected(ok.error());
        }
    }
    schema::Writer out;
    out.array(1).u64(last + kCountersReserved);
    core::JournalWrite write;
    write.state.emplace_back(kKey, out.take());
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
    for (const core::TopicHead& topic : head.topics) mark.ends.push_back({topic.topic, topic.last});
    mark.applied = applied_.reached;
    mark.taken = std::move(taken);
    mark.parked = applied_.parked;
    return mark;
}

}  // namespace filial::publisher
