#include "bench/support/logs.h"

#include <algorithm>
#include <string>

#include "ledger/decide.h"
#include "schema/event.h"

namespace filial::bench {

using schema::Range;
using schema::Result;
using schema::Sequence;

namespace {

constexpr schema::Epoch kFirstEpoch{1};

Result<std::vector<schema::LoggedEvent>> decide_all(const StoreTrade& trade) {
    const schema::StoreId store{trade.store};
    const schema::ClientId client = schema::hash16_of(trade.store);
    ledger::MapState state;
    std::vector<schema::LoggedEvent> log;
    std::uint64_t number = 0;
    for (const schema::Operation& operation : trade.operations) {
        const schema::Position next{store, kFirstEpoch, Sequence{log.size() + 1}};
        auto decision = ledger::decide_ticket(state, next, client, ++number, {&operation, 1});
        if (!decision) return schema::fail(trade.store, decision.error().error);
        ledger::write(state, std::move(decision->changes));
        for (auto& logged : decision->events) log.push_back(std::move(logged));
    }
    return log;
}

schema::Segment& segment_of(Range& range, const std::string& topic) {
    for (schema::Segment& segment : range.segments) {
        if (segment.topic == topic) return segment;
    }
    range.segments.emplace_back();
    range.segments.back().topic = topic;
    range.segments.back().epoch = range.epoch;
    return range.segments.back();
}

std::vector<Range> cut(const std::string& store, const std::vector<schema::LoggedEvent>& log,
                       std::size_t block_events) {
    std::vector<Range> blocks;
    for (const schema::LoggedEvent& logged : log) {
        if (blocks.empty() || blocks.back().count() == block_events) {
            Range range;
            range.store = schema::StoreId{store};
            range.epoch = kFirstEpoch;
            range.topics = {std::string(schema::kAllTopics)};
            range.after = Sequence{logged.seq.value() - 1};
            range.end = Sequence{log.size()};
            blocks.push_back(std::move(range));
        }
        Range& range = blocks.back();
        segment_of(range, logged.event.topic)
            .add(logged.seq, logged.event.client, schema::encode_row(logged.event));
        range.upto = logged.seq;
    }
    return blocks;
}

}  // namespace

Result<Logs> make_logs(const std::vector<StoreTrade>& trade, std::size_t block_events) {
    Logs logs;
    std::vector<std::vector<Range>> by_store;
    std::size_t longest = 0;
    for (const StoreTrade& store : trade) {
        const auto log = decide_all(store);
        if (!log) return tl::unexpected(log.error());
        logs.events += log->size();
        by_store.push_back(cut(store.store, *log, block_events));
        longest = std::max(longest, by_store.back().size());
    }
    for (std::size_t i = 0; i < longest; ++i) {
        for (auto& blocks : by_store) {
            if (i < blocks.size()) logs.blocks.push_back(std::move(blocks[i]));
        }
    }
    return logs;
}

}  // namespace filial::bench
