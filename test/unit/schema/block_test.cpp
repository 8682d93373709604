#include "schema/block.h"

#include <doctest/doctest.h>
#include <lz4frame.h>

#include <functional>

#include "schema/limits.h"
#include "schema/messages.h"
#include "test/golden/samples.h"

using namespace filial;
using namespace filial::schema;

namespace {

std::string code_of(const Block& block) {
    const auto range = unpack(block);
    return range ? "taken" : std::string(error_info(range.error().code).name);
}

/// A valid frame around `raw` that says `said` about its size (0: nothing).
Bytes frame(const Bytes& raw, std::size_t said) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.contentSize = said;
    LZ4F_cctx* context = nullptr;
    REQUIRE(!LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)));
    Bytes out(LZ4F_compressBound(raw.size(), &preferences) + 64, '\0');
    std::size_t at = LZ4F_compressBegin(context, out.data(), out.size(), &preferences);
    at += LZ4F_compressUpdate(context, out.data() + at, out.size() - at, raw.data(), raw.size(),
                              nullptr);
    const auto end = LZ4F_compressEnd(context, out.data() + at, out.size() - at, nullptr);
    if (!LZ4F_isError(end)) at += end;  // It complains where the sizes differ.
    LZ4F_freeCompressionContext(context);
    out.resize(at);
    return out;
}

/// A range that was changed before it was packed: what a faulty sender would send.
std::string sent_wrong(const std::function<void(Range&)>& change, const Range& from) {
    Range range = from;
    change(range);
    return code_of(pack(range));
}

}  // namespace

TEST_CASE("block: a range comes back as it was, small ones plain and large ones compressed") {
    const Block small = pack(golden::range());
    CHECK(small.codec == BlockCodec::rows);
    CHECK(*unpack(small) == golden::range());
    const Block large = pack(golden::long_range());
    CHECK(large.codec == BlockCodec::rows_lz4);
    CHECK(large.data.size() < large.raw_size / 3);
    CHECK(*unpack(large) == golden::long_range());
    CHECK(large.count == 20);
    Range empty = golden::range();
    empty.segments.clear();
    CHECK(*unpack(pack(empty)) == empty);
}

TEST_CASE("block: what does not shrink is sent as it is") {
    Range range = golden::range();
    range.segments[0].rows[0] = random_bytes(2'000);
    const Block block = pack(range);
    CHECK(block.codec == BlockCodec::rows);
    CHECK(*unpack(block) == range);
}

TEST_CASE("block: a flipped bit at any byte never gives another range") {
    for (const Range& range : {golden::range(), golden::long_range()}) {
        const Bytes bytes = encode(Message{BlockMessage{5, pack(range)}});
        Parser parser;
        int refused = 0;
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (int bit = 0; bit < 8; ++bit) {
                Bytes damaged = bytes;
                damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
                const auto message = decode_message(parser, damaged);
                const auto* block = message ? std::get_if<BlockMessage>(&*message) : nullptr;
                const auto read = block != nullptr ? unpack(block->block)
                                                   : Result<Range>(fail(Errc::corrupt, ""));
                if (!read) ++refused;
                CAPTURE(at);
                CAPTURE(bit);
                if (read) REQUIRE(*read == range);
            }
        }
        // What may differ is the session, the seal, and bits of a number's form.
        CHECK(refused > static_cast<int>(bytes.size()) * 7);
    }
}

TEST_CASE("block: a cut at any byte of the data is corrupt, so is a byte behind it") {
    for (const Range& range : {golden::range(), golden::long_range()}) {
        const Block block = pack(range);
        for (std::size_t cut = 0; cut < block.data.size(); ++cut) {
            CAPTURE(cut);
            Block damaged = block;
            damaged.data.resize(cut);
            REQUIRE(code_of(damaged) == "corrupt");
        }
        Block longer = block;
        longer.data += '\0';
        CHECK(code_of(longer) == "corrupt");
    }
}

TEST_CASE("block: a declared size above the limit is refused before a byte is unpacked") {
    Block bomb = pack(golden::long_range());
    for (const std::uint64_t size :
         {std::uint64_t{kBlockBytesMax + 1}, std::uint64_t{1} << 32, UINT64_MAX}) {
        bomb.raw_size = size;
        CHECK(code_of(bomb) == "too_large");
    }
}

TEST_CASE("block: a frame of another size than the block says is corrupt") {
    Block block = pack(golden::long_range());
    const Bytes zeros(64 << 20, '\0');
    block.raw_size = kBlockBytesMax;
    block.data = frame(zeros, zeros.size());  // 64 MiB in 260 KB.
    CHECK(code_of(block) == "corrupt");
    block.data = frame(zeros, 0);
    CHECK(code_of(block) == "corrupt");
    // The frame and the block agree, but more comes out of it.
    block.data = frame(zeros, kBlockBytesMax);
    CHECK(code_of(block) == "corrupt");
    block.data = frame(Bytes(10, '\0'), kBlockBytesMax);
    CHECK(code_of(block) == "corrupt");
    block.data = "no frame";
    CHECK(code_of(block) == "corrupt");
    block.data.clear();
    CHECK(code_of(block) == "corrupt");
    // A skippable frame holds nothing.
    block.raw_size = 4;
    block.data = Bytes("\x50\x2a\x4d\x18\x04\x00\x00\x00zzzz", 12);
    CHECK(code_of(block) == "corrupt");
}

TEST_CASE("block: a codec or a dictionary that is not known here asks for an upgrade") {
    Block block = pack(golden::range());
    block.codec = static_cast<BlockCodec>(3);
    CHECK(code_of(block) == "schema_too_new");
    block = pack(golden::range());
    block.dictionary = "d1";
    CHECK(code_of(block) == "schema_too_new");
    // A number above one byte must not pass for another codec.
    Parser parser;
    Bytes bytes = encode(Message{BlockMessage{5, pack(golden::range())}});
    const auto at = bytes.find(Bytes("\x02\x00\xc4\x00", 4));
    REQUIRE(at != Bytes::npos);
    bytes.replace(at + 1, 1, "\xcd\x01\x00", 3);
    const auto message = decode_message(parser, bytes);
    REQUIRE(message);
    CHECK(code_of(std::get<BlockMessage>(*message).block) == "schema_too_new");
}

TEST_CASE("block: a sender that packs a wrong range is not believed") {
    const Range small = golden::range();
    const auto wrong = [&](const std::function<void(Range&)>& change) {
        return sent_wrong(change, small);
    };
    CHECK(wrong([](Range&) {}) == "taken");
    CHECK(wrong([](Range& r) { r.after = Sequence{4'711}; }) == "corrupt");
    CHECK(wrong([](Range& r) { r.upto = Sequence{4'712}; }) == "corrupt");
    CHECK(wrong([](Range& r) { r.after = Sequence{5'000}; }) == "corrupt");
    CHECK(wrong([](Range& r) { r.topics = {"control"}; }) == "corrupt");
    CHECK(wrong([](Range& r) { r.topics = {}; }) == "corrupt");
    CHECK(wrong([](Range& r) { r.topics = {"*"}; }) == "corrupt");
    CHECK(wrong([](Range& r) { r.epoch = Epoch{2}; }) == "corrupt");
    CHECK(wrong([](Range& r) { r.segments.push_back(r.segments[0]); }) == "corrupt");
    CHECK(wrong([](Range& r) { r.segments[0].seqs[0] = Sequence{4'711}; }) == "corrupt");
    CHECK(wrong([](Range& r) {
              r.segments[0] = Segment{"control", Epoch{1}, {}, {}, {}, {}, {}};
          }) == "corrupt");
    CHECK(wrong([](Range& r) { r.store = StoreId{"store2"}; }) == "taken");
}

TEST_CASE("block: where all topics were asked for, a missing position is a hole") {
    const Range whole = golden::long_range();
    CHECK(sent_wrong([](Range& r) { r.upto = Sequence{21}; }, whole) == "corrupt");
    CHECK(sent_wrong([](Range& r) { r.segments[0].cut(Sequence{19}); }, whole) == "corrupt");
    CHECK(sent_wrong([](Range& r) { r.upto = r.end = Sequence{0}, r.segments.clear(); }, whole) ==
          "taken");
}

TEST_CASE("block: its count and its end are held by the checksum") {
    Block block = pack(golden::long_range());
    block.count = 19;
    CHECK(code_of(block) == "corrupt");
    block = pack(golden::long_range());
    block.end = Sequence{1'000};
    CHECK(code_of(block) == "corrupt");
    block = pack(golden::long_range());
    block.upto = Sequence{21};
    CHECK(code_of(block) == "corrupt");
    block = pack(golden::long_range());
    block.topics = {"stock"};
    CHECK(code_of(block) == "corrupt");
}
