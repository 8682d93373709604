#include "schema/block.h"

#include <lz4frame.h>

#include <algorithm>
#include <memory>

#include "schema/limits.h"

namespace filial::schema {
namespace {

/// Below this an lz4 frame's own head and checksum eat what it saves.
constexpr std::size_t kCompressFrom = 200;

Result<Bytes> decompress(const Block& block) {
    LZ4F_dctx* raw_context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&raw_context, LZ4F_VERSION))) {
        return fail(Errc::io, "no memory for lz4");
    }
    const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(
        raw_context, &LZ4F_freeDecompressionContext);

    LZ4F_frameInfo_t info{};
    std::size_t read = block.data.size();
    const auto hint = LZ4F_getFrameInfo(context.get(), &info, block.data.data(), &read);
    if (LZ4F_isError(hint)) return fail(Errc::corrupt, LZ4F_getErrorName(hint));
    if (info.contentSize != block.raw_size) {
        return fail(Errc::corrupt, "lz4 frame and block name different sizes");
    }
    Bytes out(block.raw_size, '\0');
    std::size_t at = read, written = 0;
    bool whole = false;
    while (!whole && at < block.data.size()) {
        std::size_t room = out.size() - written, taken = block.data.size() - at;
        const auto left = LZ4F_decompress(context.get(), out.data() + written, &room,
                                          block.data.data() + at, &taken, nullptr);
        if (LZ4F_isError(left)) return fail(Errc::corrupt, LZ4F_getErrorName(left));
        at += taken;
        written += room;
        whole = left == 0;
        if (!whole && taken == 0 && room == 0)
            return fail(Errc::corrupt, "lz4 frame is longer than it says");
    }
    if (!whole || written != out.size() || at != block.data.size()) {
        return fail(Errc::corrupt, "lz4 frame is cut off or has bytes behind it");
    }
    return out;
}

Bytes compress(const Bytes& raw) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.contentSize = raw.size();
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    Bytes out(LZ4F_compressFrameBound(raw.size(), &preferences), '\0');
    const auto size =
        LZ4F_compressFrame(out.data(), out.size(), raw.data(), raw.size(), &preferences);
    check(!LZ4F_isError(size), "lz4 compresses into a buffer of its own bound");
    out.resize(size);
    return out;
}

/// A flipped bit in the range would move a position over events that never came: the checksum holds
/// it too.
std::uint64_t checksum_over(const Block& block, const Bytes& raw) {
    Writer out;
    out.array(7).str(block.store.value()).u64(block.epoch.value()).array(block.topics.size());
    for (const std::string& topic : block.topics) out.str(topic);
    out.u64(block.after.value()).u64(block.upto.value()).u64(block.count).u64(block.end.value());
    return checksum_of(out.bytes(), raw);
}

bool asks_for(const std::vector<std::string>& topics, const std::string& topic) {
    return std::find(topics.begin(), topics.end(), topic) != topics.end() ||
           (topics.size() == 1 && topics[0] == kAllTopics);
}

Result<void> check_inside(const Range& range, const Segment& segment) {
    if (!asks_for(range.topics, segment.topic)) {
        return fail(Errc::corrupt,
                    "holds topic " + segment.topic + ", which is not one of its own");
    }
    if (segment.epoch != range.epoch) return fail(Errc::corrupt, "holds another epoch");
    if (segment.empty() || segment.first() <= range.after || segment.last() > range.upto) {
        return fail(Errc::corrupt, "holds positions outside its range");
    }
    return {};
}

Result<void> check_whole(const Range& range) {
    for (std::size_t i = 0; i < range.segments.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (range.segments[k].topic == range.segments[i].topic) {
                return fail(Errc::corrupt, "holds topic " + range.segments[i].topic + " twice");
            }
        }
    }
    const bool all = range.topics.size() == 1 && range.topics[0] == kAllTopics;
    if (all && range.count() != range.upto.value() - range.after.value()) {
        return fail(Errc::corrupt, "has a hole");
    }
    if (range.segments.size() < 2) return {};
    std::vector<Sequence> seqs;
    seqs.reserve(range.count());
    for (const Segment& segment : range.segments) {
        seqs.insert(seqs.end(), segment.seqs.begin(), segment.seqs.end());
    }
    std::sort(seqs.begin(), seqs.end());
    if (std::adjacent_find(seqs.begin(), seqs.end()) != seqs.end()) {
        return fail(Errc::corrupt, "holds two events at one position");
    }
    return {};
}

}  // namespace

std::size_t Range::count() const {
    std::size_t rows = 0;
    for (const Segment& segment : segments) rows += segment.rows.size();
    return rows;
}

Block pack(const Range& range) {
    Block block;
    block.store = range.store;
    block.epoch = range.epoch;
    block.topics = range.topics;
    block.after = range.after;
    block.upto = range.upto;
    block.count = range.count();
    block.end = range.end;
    Writer out;
    out.array(range.segments.size());
    for (const Segment& segment : range.segments) write_segment(out, segment);
    block.raw_size = out.size();
    block.checksum = checksum_over(block, out.bytes());
    if (out.size() >= kCompressFrom) {
        block.data = compress(out.bytes());
        block.codec = BlockCodec::rows_lz4;
    }
    if (block.codec == BlockCodec::rows || block.data.size() >= out.size()) {
        block.data = out.take();
        block.codec = BlockCodec::rows;
    }
    return block;
}

Result<Range> unpack(const Block& block) {
    const auto name = [&] {
        return "block " + to_string(Position{block.store, block.epoch, block.after}) + " to " +
               std::to_string(block.upto.value());
    };
    if (block.raw_size > kBlockBytesMax) {
        return fail(Errc::too_large,
                    name() + ": says it holds " + std::to_string(block.raw_size) + " bytes");
    }
    if (!block.dictionary.empty()) {
        return fail(Errc::schema_too_new, name() +
                                              ": needs a dictionary, which this version does "
                                              "not know");
    }
    Bytes raw;
    if (block.codec == BlockCodec::rows_lz4) {
        auto plain = decompress(block);
        if (!plain) return fail(name(), plain.error());
        raw = std::move(*plain);
    } else if (block.codec == BlockCodec::rows) {
        raw = block.data;
    } else {
        return fail(Errc::schema_too_new, name() + ": codec is not known here");
    }
    if (raw.size() != block.raw_size || checksum_over(block, raw) != block.checksum) {
        return fail(Errc::corrupt, name() + ": checksum differs");
    }
    if (block.upto < block.after) return fail(Errc::corrupt, name() + ": range runs backwards");

    Range range{block.store, block.epoch, block.topics, block.after, block.upto, {}, block.end};
    Parser parser;
    auto list = parser.array(raw);
    if (!list) return fail(name(), list.error());
    while (list->more()) {
        auto segment = read_segment(*list);
        if (!segment) return fail(name(), segment.error());
        if (const auto ok = check_inside(range, *segment); !ok) return fail(name(), ok.error());
        range.segments.push_back(std::move(*segment));
    }
    if (const auto done = parser.finish(name()); !done) return tl::unexpected(done.error());
    if (range.count() != block.count) return fail(Errc::corrupt, name() + ": count differs");
    if (const auto ok = check_whole(range); !ok) return fail(name(), ok.error());
    return range;
}

}  // namespace filial::schema
