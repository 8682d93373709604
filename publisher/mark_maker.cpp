#include "publisher/mark_maker.h"

#include <algorithm>

#include "core/log.h"
#include "schema/planted.h"

namespace filial::publisher {

using core::BootTime;
using schema::Mark;
using schema::Result;

namespace {

/// A busy log is marked this often: what others see of it is at most this much older.
constexpr std::int64_t kBusyEvery = 200 * core::kMillisecond;

constexpr std::uint64_t kAppliedVersion = 1;

Result<std::vector<schema::Reached>> decode_reached(schema::ByteView value) {
    schema::Parser parser;
    auto fields = parser.array(value);
    if (!fields) return tl::unexpected(fields.error());
    const std::uint64_t version = fields->u64();
    if (version != kAppliedVersion) {
        return schema::fail(schema::Errc::schema_too_new, "version " + std::to_string(version));
    }
    std::vector<schema::Reached> reached;
    schema::Fields list = fields->array();
    while (list.more()) reached.push_back(schema::read_reached(list));
    if (const auto ok = parser.finish("applied"); !ok) return tl::unexpected(ok.error());
    return reached;
}

}  // namespace

Result<void> MarkMaker::load() {
    const auto saved = journal_.get(kAppliedKey);
    if (!saved) return tl::unexpected(saved.error());
    if (!*saved) return {};
    auto reached = decode_reached(**saved);
    if (!reached) {
        core::log(core::Level::warn, "what the replica had read is not known before it says so",
                  {{"error", reached.error().message}});
        return {};
    }
    applied_.reached = std::move(*reached);
    return {};
}

void MarkMaker::applied(schema::Applied applied) {
    unsaved_ = unsaved_ || applied.reached != applied_.reached;
    applied_ = std::move(applied);
}

bool MarkMaker::changed(BootTime now) const {
    const bool due = saved_at_ == BootTime{} || now.value() - saved_at_.value() >= kAppliedEvery;
    return unsaved_ && due;
}

void MarkMaker::save(StateWrites& writes) const {
    schema::Writer out;
    out.array(2).u64(kAppliedVersion).array(applied_.reached.size());
    for (const schema::Reached& reached : applied_.reached) schema::write_reached(out, reached);
    writes.emplace_back(schema::Bytes(kAppliedKey), out.take());
}

void MarkMaker::saved(BootTime now) {
    unsaved_ = false;
    saved_at_ = now;
}

bool MarkMaker::count_above(std::uint64_t counter) {
    if (counter <= std::max(counter_, above_) || counter > kCounterMost) return false;
    above_ = counter;
    made_ = false;
    return true;
}

bool MarkMaker::due(schema::Sequence end, BootTime now) const {
    if (!made_ || (silent_ && knows_applied())) return true;
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
    if (counter_ < reserved_ && above_ <= counter_) return ++counter_;
    std::uint64_t last = above_;
    const auto saved = journal_.get(kKey);
    if (!saved) return tl::unexpected(saved.error());
    if (*saved) {
        const auto reserved = counter_of(**saved);
        if (!reserved) return reserved;
        last = std::max(last, *reserved);
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
    if (!knows_applied() && nothing_applied_) mark.applied = {{head.store, head.epoch, {}}};
    silent_ = mark.applied.empty();
    mark.taken = std::move(taken);
    mark.parked = applied_.parked;
    return mark;
}

}  // namespace filial::publisher
