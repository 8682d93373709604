#include "cli/bundled_log.h"

#include <algorithm>

namespace filial::cli {

using schema::Block;
using schema::BlockCodec;
using schema::ColumnMemory;
using schema::Range;
using schema::Result;
using schema::Sequence;

Block BundlePacker::pack(const Range& range) {
    if (!start_ || upto_ != range.after || epoch_ != range.epoch) {
        memory_ = ColumnMemory();
        start_ = range.after;
    }
    auto packed = schema::pack_columns(range, *start_, memory_);
    upto_ = range.upto;
    epoch_ = range.epoch;
    // Of a block without columns a reader's memory learns nothing: what follows begins afresh.
    if (packed.block.codec != BlockCodec::columns && !range.segments.empty()) start_.reset();
    return std::move(packed.block);
}

BundledLog::BundledLog(const schema::Bundle& bundle, const schema::BundleLog& log)
    : log_(log), upto_(bundle.whole_upto(log)) {
    for (const Block& block : bundle.blocks) {
        if (block.store == log.store) blocks_.push_back(&block);
    }
}

Result<void> BundledLog::unpack_next() {
    const Block& block = *blocks_[next_];
    auto range = schema::unpack(block, &memory_);
    if (!range) return tl::unexpected(range.error());
    range_ = std::move(*range);
    ++next_;
    return {};
}

Result<Range> BundledLog::read(const core::ReadRequest& request) {
    schema::check(request.after >= log_.after && request.after < upto_, "read inside the bundle");
    if (range_ && request.after < range_->after) {
        next_ = 0;
        memory_ = ColumnMemory();
        range_.reset();
    }
    while (!range_ || range_->upto <= request.after) {
        if (const auto ok = unpack_next(); !ok) return tl::unexpected(ok.error());
    }
    return part_of(*range_, request.topics, request.after);
}

Range part_of(const Range& range, const std::vector<std::string>& topics, Sequence after) {
    Range part{range.store, range.epoch, topics,   std::max(range.after, after),
               range.upto,  {},          range.end};
    for (const schema::Segment& segment : range.segments) {
        const bool asked = topics.front() == schema::kAllTopics ||
                           std::find(topics.begin(), topics.end(), segment.topic) != topics.end();
        if (!asked) continue;
        schema::Segment rows;
        rows.topic = segment.topic;
        rows.epoch = segment.epoch;
        rows.append(segment, after);
        if (!rows.empty()) part.segments.push_back(std::move(rows));
    }
    return part;
}

}  // namespace filial::cli
