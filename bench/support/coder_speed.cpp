#include "bench/support/coder_speed.h"

#include <time.h>

#include <deque>

#include "core/link/column_memories.h"
#include "schema/columns.h"

namespace filial::bench {

using schema::Result;
using schema::Sequence;

namespace {

constexpr std::uint64_t kBlockEvents = 128;

double processor_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Seconds that taking in these rows takes.
double learn(const std::deque<schema::Range>& ranges, schema::ColumnMemory& memory) {
    const double before = processor_seconds();
    memory = schema::ColumnMemory();
    for (const schema::Range& range : ranges) schema::write_columns(range, memory);
    return processor_seconds() - before;
}

}  // namespace

Result<void> coder_speed(const Setup& setup, const MarketDay& day, Report& report) {
    Row packing, unpacking;
    packing.what = "packing by column, blocks of 128";
    unpacking.what = "unpacking";
    for (std::size_t round = 0; round < setup.rounds; ++round) {
        double in = 0, out = 0, events = 0;
        for (const DayLog& log : day.logs) {
            schema::ColumnMemory sender, receiver;
            Sequence start{0};
            std::deque<schema::Range> recent;
            for (const schema::Range& block : log.blocks) {
                for (schema::Range rest = block; !rest.segments.empty();) {
                    schema::Range part = schema::first_rows(rest, kBlockEvents);
                    for (schema::Segment& segment : rest.segments) {
                        schema::Segment later;
                        later.topic = segment.topic;
                        later.epoch = segment.epoch;
                        later.append(segment, part.upto);
                        segment = std::move(later);
                    }
                    std::erase_if(rest.segments, [](const auto& s) { return s.empty(); });
                    rest.after = part.upto;
                    // As on a line: after so many events what is known begins anew, and the last
                    // events before are taken in again, by both ends.
                    const Sequence begins = core::dictionary_start(part.after);
                    if (begins != start) {
                        start = begins;
                        while (!recent.empty() && recent.front().after < start) recent.pop_front();
                        in += learn(recent, sender);
                        out += learn(recent, receiver);
                    }
                    recent.push_back(part);
                    const double before = processor_seconds();
                    const auto packed = schema::pack_columns(part, start, sender);
                    const double between = processor_seconds();
                    const auto range = schema::unpack(packed.block, &receiver);
                    in += between - before;
                    out += processor_seconds() - between;
                    if (!range) return tl::unexpected(range.error());
                    events += static_cast<double>(part.count());
                }
            }
        }
        packing.reached.push_back(events / in);
        unpacking.reached.push_back(events / out);
    }
    for (Row* row : {&packing, &unpacking}) {
        row->unit = "events/s of one core";
        row->limit_name = "at least";
        row->limit.assign(row->reached.size(), 500'000);
        row->ratio_at_least = 1.0;
        report.add(std::move(*row));
    }
    return {};
}

}  // namespace filial::bench
