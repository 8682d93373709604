#include "core/link/sender.h"

#include <algorithm>
#include <set>

#include "schema/limits.h"

namespace filial::core {

using schema::Block;
using schema::Errc;
using schema::Fetch;
using schema::Range;
using schema::Result;
using schema::Sequence;
using schema::StoreId;
using schema::TopicEnd;

Result<void> Sender::fetch(const Fetch& fetch) {
    if (fetch.after.empty()) {
        return schema::fail(Errc::invalid, "fetch of " + fetch.store.value() + " names no topic");
    }
    std::set<std::string_view> topics;
    for (const TopicEnd& end : fetch.after) {
        const bool alone = end.topic != schema::kAllTopics || fetch.after.size() == 1;
        if (!topics.insert(end.topic).second || !alone) {
            return schema::fail(Errc::invalid, "fetch of " + fetch.store.value() + " names topic " +
                                                   end.topic + " twice");
        }
    }
    Flow& flow = flows_[fetch.store];
    bool same = !fetch.restart && flow.topics.size() == fetch.after.size();
    for (const TopicEnd& end : fetch.after) same = same && flow.topics.contains(end.topic);
    flow.credit = std::min(fetch.credit, schema::kCreditBytes);
    flow.columns = (fetch.codecs >> static_cast<unsigned>(schema::BlockCodec::columns) & 1) != 0;
    flow.dictionaries = fetch.dictionaries;
    flow.block_events = fetch.block_events;
    if (same) {
        confirm(flow, fetch);
        return {};
    }
    flow.topics.clear();
    flow.flights.clear();
    flow.bytes = 0;
    flow.at_once.reset();
    for (const TopicEnd& end : fetch.after) flow.topics[end.topic] = Cursor{end.seq, end.seq};
    return {};
}

void Sender::dear_line(ColumnMemories& memories, ColumnMemories::Rows rows,
                       std::int64_t gather_for_us) {
    memories_ = &memories;
    gather_for_us_ = gather_for_us;
    rows_ = std::move(rows);
}

void Sender::confirm(Flow& flow, const Fetch& fetch) {
    std::map<std::string, Sequence> durable;
    for (const TopicEnd& end : fetch.after) durable[end.topic] = end.seq;
    std::erase_if(flow.flights, [&](const Flight& flight) {
        for (const std::string& topic : flight.topics) {
            if (durable[topic] < flight.upto) return false;
        }
        flow.bytes -= flight.bytes;
        return true;
    });
    // Another source may have brought the receiver further than this session did.
    for (auto& [topic, cursor] : flow.topics) {
        cursor.sent = std::max(cursor.sent, durable[topic]);
        cursor.scanned = std::max(cursor.scanned, cursor.sent);
    }
}

bool Sender::ready(const Flow& flow, Sequence end, BootTime now) {
    if (flow.bytes > 0 && flow.bytes >= flow.credit) return false;
    for (const auto& [topic, cursor] : flow.topics) {
        if (cursor.scanned < end) return true;
        const bool quiet_due = now.value() - flow.last_sent.value() >= kQuietEvery;
        if (cursor.sent < cursor.scanned && quiet_due) return true;
    }
    return false;
}

/// On a dear line what was there when it was asked for goes at once; later events wait for more.
bool Sender::gathered(Flow& flow, Sequence end, BootTime now) const {
    if (memories_ == nullptr) return true;
    if (!flow.at_once) flow.at_once = end;
    Sequence scanned = end;
    for (const auto& [topic, cursor] : flow.topics) scanned = std::min(scanned, cursor.scanned);
    if (scanned == end) {
        flow.gathering.reset();
        return true;
    }
    if (scanned < *flow.at_once) return true;
    if (!flow.gathering) flow.gathering = now;
    const bool enough = end.value() - scanned.value() >= kGatherEvents;
    if (!enough && now.value() - flow.gathering->value() < gather_for_us_) return false;
    flow.at_once = end;
    flow.gathering.reset();
    return true;
}

std::optional<ReadRequest> Sender::next(const EndOf& end, BootTime now) {
    auto at = flows_.upper_bound(last_);
    for (std::size_t tried = 0; tried < flows_.size(); ++tried, ++at) {
        if (at == flows_.end()) at = flows_.begin();
        const Sequence log_end = end(at->first);
        if (!ready(at->second, log_end, now) || !gathered(at->second, log_end, now)) continue;
        last_ = at->first;
        // The topics that are furthest behind go first, alone until they meet the others.
        const auto& topics = at->second.topics;
        Cursor lowest = topics.begin()->second;
        for (const auto& [topic, cursor] : topics) {
            const bool lower = cursor.scanned < lowest.scanned ||
                               (cursor.scanned == lowest.scanned && cursor.sent < lowest.sent);
            if (lower) lowest = cursor;
        }
        ReadRequest request;
        request.store = at->first;
        request.after = lowest.scanned;
        request.bytes_goal = schema::kBlockBytesGoal;
        for (const auto& [topic, cursor] : topics) {
            const bool with_them = cursor.scanned == lowest.scanned && cursor.sent == lowest.sent;
            if (with_them) request.topics.push_back(topic);
        }
        return request;
    }
    return std::nullopt;
}

/// Ends `range` where other topics of the flow stand, so that they go on together from there. True
/// if it ends at such a place.
bool Sender::cut_to_meet(const Flow& flow, Range& range) {
    bool meets = false;
    for (const auto& [topic, cursor] : flow.topics) {
        const auto& own = range.topics;
        if (std::find(own.begin(), own.end(), topic) != own.end()) continue;
        const bool all_sent = cursor.sent == cursor.scanned;
        if (!all_sent || cursor.scanned <= range.after || cursor.scanned > range.upto) continue;
        range.upto = cursor.scanned;
        meets = true;
    }
    for (schema::Segment& segment : range.segments) segment.cut(range.upto);
    std::erase_if(range.segments, [](const schema::Segment& segment) { return segment.empty(); });
    return meets;
}

std::optional<Block> Sender::supply(const Range& range, BootTime now) {
    const auto found = flows_.find(range.store);
    if (found == flows_.end()) return std::nullopt;
    Flow& flow = found->second;
    // The topics of one read stand at one place: nothing of them is between `sent` and its start.
    Range whole = range;
    for (const std::string& topic : range.topics) {
        const auto cursor = flow.topics.find(topic);
        if (cursor == flow.topics.end() || cursor->second.scanned != range.after) {
            return std::nullopt;  // It was read for a fetch that is over.
        }
        whole.after = cursor->second.sent;
    }
    const bool meets = cut_to_meet(flow, whole);
    if (flow.block_events > 0) whole = schema::first_rows(std::move(whole), flow.block_events);
    for (const std::string& topic : whole.topics) flow.topics[topic].scanned = whole.upto;
    const bool quiet = whole.segments.empty();
    const bool quiet_due = now.value() - flow.last_sent.value() >= kQuietEvery;
    if (whole.upto == whole.after || (quiet && !quiet_due && !meets)) return std::nullopt;

    for (const std::string& topic : whole.topics) flow.topics[topic].sent = whole.upto;
    Block block = packed(flow, whole);
    flow.flights.push_back(Flight{whole.topics, whole.upto, block.data.size()});
    flow.bytes += block.data.size();
    flow.last_sent = now;
    return block;
}

Block Sender::packed(const Flow& flow, const Range& range) {
    if (memories_ == nullptr) return schema::pack(range);
    if (!flow.columns || range.segments.empty()) return schema::pack(range, true);
    const ColumnMemories::Log log{range.store, range.epoch, range.topics};
    Sequence start = flow.dictionaries ? dictionary_start(range.after) : range.after;
    auto memory = memories_->take(log, start, range.after, rows_);
    if (!memory) {
        start = range.after;
        memory = schema::ColumnMemory();
    }
    auto done = schema::pack_columns(range, start, *memory);
    if (done.learned && flow.dictionaries) {
        memories_->put(log, start, range.upto, std::move(*memory));
    }
    return std::move(done.block);
}

Sequence Sender::sent_upto(const StoreId& store) const {
    const auto found = flows_.find(store);
    if (found == flows_.end() || found->second.topics.empty()) return Sequence{0};
    Sequence lowest{UINT64_MAX};
    for (const auto& [topic, cursor] : found->second.topics) {
        lowest = std::min(lowest, cursor.scanned);
    }
    return lowest;
}

bool Sender::all_confirmed() const {
    return std::all_of(flows_.begin(), flows_.end(),
                       [](const auto& entry) { return entry.second.flights.empty(); });
}

std::size_t Sender::bytes_on_the_way(const StoreId& store) const {
    const auto found = flows_.find(store);
    return found == flows_.end() ? 0 : found->second.bytes;
}

}  // namespace filial::core
