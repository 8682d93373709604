#include "schema/block.h"

#include <lz4frame.h>
#include <lz4hc.h>

#include <algorithm>
#include <memory>

#include "schema/columns.h"
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

Bytes compress(const Bytes& raw, bool dear) {
    LZ4F_preferences_t preferences{};
    preferences.compressionLevel = dear ? LZ4HC_CLEVEL_MAX : 0;
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

Block head_of(const Range& range) {
    Block block;
    block.store = range.store;
    block.epoch = range.epoch;
    block.topics = range.topics;
    block.after = range.after;
    block.upto = range.upto;
    block.count = range.count();
    block.end = range.end;
    return block;
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

Range first_rows(Range range, std::uint64_t rows) {
    if (range.count() <= rows || rows == 0) return range;
    std::vector<Sequence> seqs;
    for (const Segment& segment : range.segments) {
        seqs.insert(seqs.end(), segment.seqs.begin(), segment.seqs.end());
    }
    const auto last = seqs.begin() + static_cast<std::ptrdiff_t>(rows - 1);
    std::nth_element(seqs.begin(), last, seqs.end());
    range.upto = *last;
    for (Segment& segment : range.segments) segment.cut(range.upto);
    std::erase_if(range.segments, [](const Segment& segment) { return segment.empty(); });
    return range;
}

Bytes encode(const Dictionary& dictionary) {
    Writer out;
    out.array(2).u64(dictionary.after.value()).u64(dictionary.upto.value());
    return out.take();
}

Result<Dictionary> decode_dictionary(ByteView bytes) {
    Parser parser;
    auto fields = parser.array(bytes);
    if (!fields) return fail("dictionary", fields.error());
    Dictionary dictionary{Sequence{fields->u64()}, Sequence{fields->u64()}};
    if (const auto done = parser.finish("dictionary"); !done) return tl::unexpected(done.error());
    if (dictionary.upto <= dictionary.after)
        return fail(Errc::corrupt, "dictionary: holds nothing");
    return dictionary;
}

Block pack(const Range& range, bool dear) {
    Block block = head_of(range);
    Writer out;
    out.array(range.segments.size());
    for (const Segment& segment : range.segments) write_segment(out, segment);
    block.raw_size = out.size();
    block.checksum = checksum_over(block, out.bytes());
    if (out.size() >= kCompressFrom) {
        block.data = compress(out.bytes(), dear);
        block.codec = BlockCodec::rows_lz4;
    }
    if (block.codec == BlockCodec::rows || block.data.size() >= out.size()) {
        block.data = out.take();
        block.codec = BlockCodec::rows;
    }
    return block;
}

PackedColumns pack_columns(const Range& range, Sequence known_after, ColumnMemory& memory) {
    Bytes listed = listed_rows(range);
    const bool fits = std::all_of(range.segments.begin(), range.segments.end(), [](const auto& s) {
        return std::all_of(s.rows.begin(), s.rows.end(),
                           [](const Bytes& row) { return row.size() <= kEventBytesMax; });
    });
    if (!fits || listed.size() > kBlockBytesMax || range.segments.empty()) {
        return {pack(range, true), range.segments.empty()};
    }
    Block block = head_of(range);
    block.codec = BlockCodec::columns;
    block.raw_size = listed.size();
    block.checksum = checksum_over(block, listed);
    if (known_after < range.after) block.dictionary = encode(Dictionary{known_after, range.after});
    block.data = write_columns(range, memory);
    // What does not repeat at all grows a little: no more than it would as it is.
    if (block.data.size() > block.raw_size / 2) {
        Block plain = pack(range, true);
        if (plain.data.size() <= block.data.size()) return {std::move(plain), true};
    }
    return {std::move(block), true};
}

namespace {

std::string name_of(const Block& block) {
    return "block " + to_string(Position{block.store, block.epoch, block.after}) + " to " +
           std::to_string(block.upto.value());
}

/// The segments of a block whose data is segments.
Result<void> unpack_segments(const Block& block, Range& range) {
    Bytes raw;
    if (block.codec == BlockCodec::rows_lz4) {
        auto plain = decompress(block);
        if (!plain) return tl::unexpected(plain.error());
        raw = std::move(*plain);
    } else {
        raw = block.data;
    }
    if (raw.size() != block.raw_size || checksum_over(block, raw) != block.checksum) {
        return fail(Errc::corrupt, "checksum differs");
    }
    Parser parser;
    auto list = parser.array(raw);
    if (!list) return tl::unexpected(list.error());
    while (list->more()) {
        auto segment = read_segment(*list);
        if (!segment) return tl::unexpected(segment.error());
        range.segments.push_back(std::move(*segment));
    }
    return parser.finish("segments");
}

Result<void> unpack_columns(const Block& block, ColumnMemory* memory, Range& range) {
    ColumnMemory fresh;
    if (block.dictionary.empty()) {
        if (memory != nullptr) *memory = ColumnMemory();
    } else {
        const auto dictionary = decode_dictionary(block.dictionary);
        if (!dictionary) return tl::unexpected(dictionary.error());
        if (dictionary->upto != block.after) {
            return fail(Errc::schema_too_new, "builds on rows that are not right before it");
        }
        if (memory == nullptr) {
            return fail(Errc::dictionary_missing, "builds on the events from " +
                                                      std::to_string(dictionary->after.value()) +
                                                      " on, which are not at hand");
        }
    }
    Bytes listed;
    const auto read = read_columns(block.data, block.count, block.raw_size,
                                   memory != nullptr ? *memory : fresh, range, listed);
    if (!read) return read;
    if (listed.size() != block.raw_size || checksum_over(block, listed) != block.checksum) {
        return fail(Errc::corrupt, "checksum differs");
    }
    return {};
}

}  // namespace

Result<Range> unpack(const Block& block, ColumnMemory* memory) {
    if (block.raw_size > kBlockBytesMax) {
        return fail(Errc::too_large, name_of(block) + ": says it holds " +
                                         std::to_string(block.raw_size) + " bytes");
    }
    if (block.codec > BlockCodec::columns) {
        return fail(Errc::schema_too_new, name_of(block) + ": codec is not known here");
    }
    if (block.codec != BlockCodec::columns && !block.dictionary.empty()) {
        return fail(Errc::schema_too_new,
                    name_of(block) + ": needs a dictionary, which this version does not know");
    }
    if (block.upto < block.after) {
        return fail(Errc::corrupt, name_of(block) + ": range runs backwards");
    }
    Range range{block.store, block.epoch, block.topics, block.after, block.upto, {}, block.end};
    const auto read = block.codec == BlockCodec::columns ? unpack_columns(block, memory, range)
                                                         : unpack_segments(block, range);
    if (!read) return fail(name_of(block), read.error());
    for (const Segment& segment : range.segments) {
        if (const auto ok = check_inside(range, segment); !ok) {
            return fail(name_of(block), ok.error());
        }
    }
    if (range.count() != block.count) {
        return fail(Errc::corrupt, name_of(block) + ": count differs");
    }
    if (const auto ok = check_whole(range); !ok) return fail(name_of(block), ok.error());
    return range;
}

}  // namespace filial::schema
