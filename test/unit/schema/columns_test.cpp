#include "schema/columns.h"

#include <doctest/doctest.h>

#include <random>

#include "schema/limits.h"
#include "schema/messages.h"
#include "schema/payloads.h"
#include "test/golden/samples.h"

using namespace filial;
using namespace filial::schema;

namespace {

std::string code_of(const Result<Range>& range) {
    return range ? "taken" : std::string(error_info(range.error().code).name);
}

/// One topic's rows at (after, after + rows].
Range range_of(const std::vector<Bytes>& rows, std::uint64_t after = 0) {
    Range range;
    range.store = StoreId{"store1"};
    range.epoch = Epoch{1};
    range.topics = {std::string(kAllTopics)};
    range.after = Sequence{after};
    range.upto = range.end = Sequence{after + rows.size()};
    Segment segment;
    segment.topic = "stock";
    segment.epoch = range.epoch;
    ClientId client{7};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        client[1] = static_cast<std::uint8_t>(i / 3);
        segment.add(Sequence{after + i + 1}, client, rows[i]);
    }
    if (!rows.empty()) range.segments = {segment};
    return range;
}

/// The rows of `range` above `after`, up to `upto`.
Range part(const Range& range, std::uint64_t after, std::uint64_t upto) {
    Range cut = range;
    cut.after = Sequence{after};
    cut.upto = Sequence{upto};
    cut.segments.clear();
    for (const Segment& segment : range.segments) {
        Segment kept;
        kept.topic = segment.topic;
        kept.epoch = segment.epoch;
        kept.append(segment, cut.after);
        kept.cut(cut.upto);
        if (!kept.empty()) cut.segments.push_back(kept);
    }
    return cut;
}

/// As a sender and a receiver that know nothing do it.
Result<Range> there_and_back(const Range& range) {
    ColumnMemory memory;
    const auto packed = pack_columns(range, range.after, memory);
    return unpack(packed.block);
}

/// Bytes of no canonical value, of one, and of something between.
Bytes random_value(std::mt19937& random, int depth) {
    Writer out;
    switch (random() % (depth > 4 ? 8u : 11u)) {
        case 0:
            return Writer().u64(random() % 3).take();
        case 1:
            return Writer().u64((std::uint64_t{random()} << 32 | random()) >> random() % 64).take();
        case 2:
            return Writer()
                .i64(-static_cast<std::int64_t>((std::uint64_t{random()} << 31 | random()) >>
                                                random() % 62))
                .take();
        case 3:
            return Writer().str(std::string(random() % 40, 'a')).take();
        case 4:
            return Writer().str("T-" + std::to_string(random() % 100) + "#7").take();
        case 5:
            return Writer().nil().take();
        case 6:
            return Writer().boolean(random() % 2 == 0).take();
        case 7:
            return random() % 4 == 0 ? Bytes("\xcd\x00\x01", 3) : Writer().bin("xyz").take();
        case 8:
            return Writer().bin(random_value(random, depth + 1)).take();
        default: {
            const std::size_t elements = random() % 5;
            out.array(elements);
            for (std::size_t i = 0; i < elements; ++i) out.raw(random_value(random, depth + 1));
            return out.take();
        }
    }
}

Bytes random_row(std::mt19937& random) {
    if (random() % 20 == 0) return random_bytes(random() % 50);
    Writer out;
    const std::size_t elements = 1 + random() % 9;
    out.array(elements).str(random() % 3 == 0 ? "a.kind" : "b.kind");
    for (std::size_t i = 1; i < elements; ++i) out.raw(random_value(random, 1));
    return out.take();
}

}  // namespace

TEST_CASE("columns: rows come back byte for byte, in the canonical encoding or not") {
    Range expected = golden::long_range();
    CHECK(*there_and_back(expected) == expected);
    expected = golden::column_range_before();
    CHECK(*there_and_back(expected) == expected);

    const std::vector<Bytes> rows{
        "",
        Bytes("\0", 1),
        "\x90",
        Bytes("\x91\xa1k", 3),
        Bytes("\x92\xa1k\xcc\x05", 5),   // 5 in a longer form.
        Bytes("\x92\xa1k\xd9\x01x", 6),  // A text in a longer form.
        Bytes("\x92\xd9\x01k\x05", 5),
        Bytes("\x92\xa1k\xca\0\0\0\0", 8),  // A float.
        Bytes("\x92\xa1k\x81\x01\x02", 6),  // A map.
        Bytes("\x92\xa1k\x05 behind", 11),
        Bytes("\x93\xa1k\x05", 4),                      // Cut off.
        Bytes("\x93\xa1k\xc4\x01\x91\x05", 7),          // A payload that is half an array.
        Bytes("\x92\xa1k\xc4\x04\x91\xc4\x01\x90", 9),  // Opened once, not twice.
        Writer().array(2).str("k").u64(UINT64_MAX).take(),
        Writer().array(2).str("k").u64(INT64_MAX).take(),
        Writer().array(2).str("k").i64(INT64_MIN).take(),
        Writer().array(3).str("k").i64(-1).i64(-33).take(),
        Writer().array(2).str("k").str(Bytes(300, 'x')).take(),
        Writer().array(2).str("k").bin(Bytes(70'000 / 3, '\x91')).take(),
        Writer().array(2).str("k").bin(Writer().array(2).str("").array(0).take()).take(),
        Writer().array(16).str("k").raw(Bytes(15, '\xc0')).take(),
        Bytes(kEventBytesMax, '\x92'),
    };
    for (const Bytes& row : rows) {
        CAPTURE(to_hex(ByteView(row).substr(0, 40)));
        const Range alone = range_of({row});
        const auto back = there_and_back(alone);
        REQUIRE_MESSAGE(back, back.error().message);
        CHECK(*back == alone);
    }
    const Range all = range_of(rows);
    CHECK(*there_and_back(all) == all);
}

TEST_CASE("columns: rows of any form come back, block behind block") {
    std::mt19937 random(4711);
    for (int round = 0; round < 30; ++round) {
        CAPTURE(round);
        ColumnMemory sender, receiver;
        std::uint64_t at = 0;
        for (int block = 0; block < 8; ++block) {
            std::vector<Bytes> rows;
            for (std::size_t left = random() % 60; left > 0; --left) {
                rows.push_back(random_row(random));
            }
            const Range range = range_of(rows, at);
            const auto packed = pack_columns(range, Sequence{0}, sender);
            const auto back = unpack(packed.block, &receiver);
            REQUIRE_MESSAGE(back, back.error().message);
            CHECK(*back == range);
            // What came as it is has to be learned there as well.
            if (packed.block.codec != BlockCodec::columns) write_columns(range, receiver);
            at += rows.size();
        }
    }
}

TEST_CASE("columns: what an end knows depends on the rows, not on how they were cut") {
    const Range before = golden::column_range_before();
    const Range range = golden::column_range();
    Bytes expected;
    for (const std::uint64_t step : {1u, 3u, 7u, 40u}) {
        CAPTURE(step);
        ColumnMemory memory;
        for (std::uint64_t at = 0; at < 40; at += step) {
            write_columns(part(before, at, std::min<std::uint64_t>(at + step, 40)), memory);
        }
        const Bytes data = pack_columns(range, Sequence{0}, memory).block.data;
        if (expected.empty()) expected = data;
        CHECK(data == expected);
    }
    // Read or written, it is the same.
    ColumnMemory writer, reader;
    REQUIRE(unpack(pack_columns(before, Sequence{0}, writer).block, &reader));
    CHECK(pack_columns(range, Sequence{0}, reader).block.data == expected);
}

TEST_CASE("columns: what both ends know need not be sent") {
    const Range before = golden::column_range_before(), range = golden::column_range();
    ColumnMemory memory, fresh;
    const Block first = pack_columns(before, Sequence{0}, memory).block;
    const Block known = pack_columns(range, Sequence{0}, memory).block;
    const Block alone = pack_columns(range, range.after, fresh).block;
    CHECK(first.dictionary.empty());
    CHECK(alone.dictionary.empty());
    CHECK(*decode_dictionary(known.dictionary) == Dictionary{Sequence{0}, Sequence{40}});
    CHECK(known.data.size() < alone.data.size() / 2);
    CHECK(alone.data.size() < pack(range, true).data.size());
}

TEST_CASE("block: by columns it names the rows that it builds on, and is not read without them") {
    const Range before = golden::column_range_before(), range = golden::column_range();
    ColumnMemory memory;
    write_columns(before, memory);
    const Block block = pack_columns(range, Sequence{0}, memory).block;
    CHECK(code_of(unpack(block)) == "dictionary_missing");
    // Other rows than those are found out.
    ColumnMemory fresh, shorter;
    CHECK(code_of(unpack(block, &fresh)) == "corrupt");
    write_columns(part(before, 1, 40), shorter);
    CHECK(code_of(unpack(block, &shorter)) == "corrupt");
    ColumnMemory right;
    write_columns(before, right);
    CHECK(code_of(unpack(block, &right)) == "taken");

    Block other = block;
    other.dictionary = encode(Dictionary{Sequence{0}, Sequence{39}});
    CHECK(code_of(unpack(other, &right)) == "schema_too_new");
    other.dictionary = encode(Dictionary{Sequence{40}, Sequence{40}});
    CHECK(code_of(unpack(other, &right)) == "corrupt");
    other.dictionary = "d";
    CHECK(code_of(unpack(other, &right)) == "corrupt");
    other = pack(range);
    other.dictionary = block.dictionary;
    CHECK(code_of(unpack(other, &right)) == "schema_too_new");
}

TEST_CASE("block: by columns a flipped bit never gives another range") {
    const Range before = golden::column_range_before(), range = golden::column_range();
    ColumnMemory memory;
    write_columns(before, memory);
    const Bytes bytes =
        encode(Message{BlockMessage{5, pack_columns(range, Sequence{0}, memory).block}});
    Parser parser;
    int refused = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            Bytes damaged = bytes;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
            const auto message = decode_message(parser, damaged);
            const auto* block = message ? std::get_if<BlockMessage>(&*message) : nullptr;
            if (block == nullptr) {
                ++refused;
                continue;
            }
            ColumnMemory known;
            write_columns(before, known);
            const auto read = unpack(block->block, &known);
            CAPTURE(at);
            CAPTURE(bit);
            if (!read) ++refused;
            if (read) REQUIRE(*read == range);
        }
    }
    CHECK(refused > static_cast<int>(bytes.size()) * 7);
}

TEST_CASE("block: by columns it cannot hold more than it says, however little it takes") {
    // A text of 20 KiB that comes again costs a few bits.
    const Bytes row = Writer().array(2).str("k").str(Bytes(20'000, 'x')).take();
    ColumnMemory memory;
    const Block honest = pack_columns(range_of(std::vector<Bytes>(40, row)), {}, memory).block;
    REQUIRE(honest.codec == BlockCodec::columns);
    CHECK(honest.data.size() < 3'000);
    CHECK(code_of(unpack(honest)) == "taken");
    Block bomb = honest;
    bomb.count = 60'000;
    bomb.upto = Sequence{60'000};
    CHECK(code_of(unpack(bomb)) == "corrupt");
    bomb.raw_size = kBlockBytesMax;
    CHECK(code_of(unpack(bomb)) == "corrupt");
    bomb.raw_size = kBlockBytesMax + 1;
    CHECK(code_of(unpack(bomb)) == "too_large");
    // What no block may hold goes as it is and is refused there.
    ColumnMemory other;
    const auto large = pack_columns(range_of(std::vector<Bytes>(60, row)), {}, other);
    CHECK(large.block.codec != BlockCodec::columns);
    CHECK(!large.learned);
}

TEST_CASE("block: what does not repeat is sent as it is, also where columns were asked for") {
    std::vector<Bytes> rows;
    for (int i = 0; i < 20; ++i) rows.push_back(random_bytes(2'000));
    ColumnMemory memory;
    const auto packed = pack_columns(range_of(rows), {}, memory);
    CHECK(packed.block.codec == BlockCodec::rows);
    CHECK(packed.learned);
}

TEST_CASE("columns: a log that never repeats costs a bounded memory") {
    std::mt19937 random(1);
    ColumnMemory sender, receiver;
    std::size_t most = 0, last = 0;
    bool forgot = false;
    std::uint64_t at = 0;
    for (int block = 0; block < 12; ++block) {
        std::vector<Bytes> rows;
        for (int i = 0; i < 150; ++i) {
            Writer out;
            out.array(3).str("k" + std::to_string(random() % 1'000)).u64(1);
            out.str("key " + std::to_string(random()) + std::string(100, 'k'));
            rows.push_back(out.take());
        }
        const Range range = range_of(rows, at);
        const auto packed = pack_columns(range, Sequence{0}, sender);
        const auto back = unpack(packed.block, &receiver);
        REQUIRE_MESSAGE(back, back.error().message);
        REQUIRE(*back == range);
        CHECK(sender.bytes() == receiver.bytes());
        most = std::max(most, sender.bytes());
        forgot = forgot || sender.bytes() < last;
        last = sender.bytes();
        at += rows.size();
    }
    CHECK(forgot);
    CHECK(most < 24u << 20);
}

TEST_CASE("columns: numbers and bits of every size come back, the last byte too") {
    std::mt19937_64 random(5);
    for (int round = 0; round < 200; ++round) {
        CAPTURE(round);
        BitCoder out;
        NumberModel written;
        std::array<BitModel, 2> bits_out;
        std::vector<std::uint64_t> values;
        for (std::size_t i = 0; i < random() % 60; ++i) {
            values.push_back(random() % 5 == 0 ? UINT64_MAX : random() >> random() % 64);
            written.code(out, values.back());
            out.bit(bits_out[i % 2], values.back() % 7 == 0);
            out.bits(values.back(), 13);
        }
        const Bytes bytes = out.finish();
        BitCoder in(bytes);
        NumberModel read;
        std::array<BitModel, 2> bits_in;
        for (std::size_t i = 0; i < values.size(); ++i) {
            REQUIRE(read.code(in, 0) == values[i]);
            REQUIRE(in.bit(bits_in[i % 2], false) == (values[i] % 7 == 0));
            REQUIRE(in.bits(0, 13) == (values[i] & 0x1fff));
        }
        CHECK((values.empty() || in.at_end()));
    }
}
