// The inside of a block. A checksum keeps a fuzzer out, so that the right one is put on every input
// here: then it is a sender that lies. The first byte picks codec and topics, the second the range.
#include "schema/block.h"

#include <algorithm>

#include "schema/limits.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

namespace {

/// As docs/formats.md says it.
std::uint64_t checksum(const Block& block, ByteView raw) {
    Writer out;
    out.array(7).str(block.store.value()).u64(block.epoch.value()).array(block.topics.size());
    for (const std::string& topic : block.topics) out.str(topic);
    out.u64(block.after.value()).u64(block.upto.value()).u64(block.count).u64(block.end.value());
    return checksum_of(out.bytes(), raw);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const auto dictionary = decode_dictionary(fuzz::view(data, size))) {
        fuzz::require(*decode_dictionary(encode(*dictionary)) == *dictionary, "read again alike");
    }
    if (size < 3) return 0;
    const ByteView raw = fuzz::view(data + 3, size - 3);
    Block block;
    block.store = StoreId{"store1"};
    block.epoch = Epoch{1};
    block.topics = {"control", "stock"};
    if ((data[0] & 2) != 0) block.topics = {std::string(kAllTopics)};
    block.after = Sequence{(data[1] & 15u) * 1'000u};
    block.upto = Sequence{block.after.value() + (data[1] >> 4) * 500u};
    block.end = block.upto;
    block.count = data[2];
    block.codec = (data[0] & 1) != 0 ? BlockCodec::rows_lz4 : BlockCodec::rows;
    block.raw_size = raw.size();
    block.data = raw;
    block.checksum = checksum(block, raw);
    if (block.codec == BlockCodec::rows_lz4) block.raw_size = data[2] * std::uint64_t{4'096};

    const auto range = unpack(block);
    if (!range) return 0;
    fuzz::require(block.codec == BlockCodec::rows, "a frame whose content was not hashed");
    fuzz::require(range->count() == block.count, "it holds what it says");
    for (const Segment& segment : range->segments) {
        fuzz::require(segment.first() > block.after && segment.last() <= block.upto, "inside");
    }
    const auto second = unpack(pack(*range));
    fuzz::require(second && *second == *range, "a range is packed and unpacked alike");
    return 0;
}
