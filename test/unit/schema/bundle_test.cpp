#include "schema/bundle.h"

#include <doctest/doctest.h>

#include "schema/block.h"
#include "schema/hash.h"

using namespace filial::schema;

namespace {

/// Events (after, upto] of store1, all of one topic.
Range range(std::uint64_t after, std::uint64_t upto) {
    Range made{StoreId{"store1"}, Epoch{1}, {"*"},         Sequence{after},
               Sequence{upto},    {},       Sequence{upto}};
    Segment segment;
    segment.topic = "stock";
    segment.epoch = Epoch{1};
    for (std::uint64_t seq = after + 1; seq <= upto; ++seq) {
        Event event;
        event.topic = "stock";
        event.kind = "stock.moved";
        event.key = "S" + std::to_string(seq);
        segment.add(Sequence{seq}, ClientId{}, encode_row(event));
    }
    made.segments.push_back(std::move(segment));
    return made;
}

BundleHeader header() {
    BundleHeader made;
    made.id = 7;
    made.number = 3;
    made.from = StoreId{"store1"};
    made.to = StoreId{"store2"};
    made.written = Timestamp{1'291'204'800'250'000};
    made.software = "filial";
    made.logs.push_back({StoreId{"store1"}, Epoch{1}, {}, {"*"}, Sequence{10}, Sequence{16}});
    made.holds.push_back({StoreId{"store2"}, Epoch{1}, Sequence{42}});
    return made;
}

Message block(std::uint64_t after, std::uint64_t upto) {
    return BlockMessage{0, pack(range(after, upto))};
}

Message mark() {
    Mark made;
    made.store = StoreId{"store1"};
    made.epoch = Epoch{1};
    made.counter = 4;
    made.end = Sequence{16};
    MarkMessage message;
    message.mark = encode(made);
    return message;
}

Bytes bundle() {
    BundleWriter out(header());
    out.add(block(10, 12));
    out.add(block(12, 16));
    out.add(mark());
    return out.take();
}

}  // namespace

TEST_CASE("bundle: what was written is read") {
    const auto read = parse_bundle(bundle());
    REQUIRE(read);
    CHECK(!read->damage);
    CHECK(read->header == header());
    REQUIRE(read->blocks.size() == 2);
    CHECK(*unpack(read->blocks[0]) == range(10, 12));
    CHECK(*unpack(read->blocks[1]) == range(12, 16));
    CHECK(read->marks.size() == 1);
    CHECK(read->whole_upto(read->header.logs[0]) == Sequence{16});
}

TEST_CASE("bundle: cut at any byte, what is whole before it is read and the cut is told") {
    const Bytes whole = bundle();
    std::size_t without = 0;
    std::uint64_t furthest = 10;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto read = parse_bundle(ByteView(whole).substr(0, size));
        if (!read) {
            CHECK(read.error().code == Errc::corrupt);
            CHECK(furthest == 10);
            ++without;
            continue;
        }
        REQUIRE(read->damage);
        CHECK(read->damage->message == "it is cut off at byte " + std::to_string(size));
        const std::uint64_t upto = read->whole_upto(read->header.logs[0]).value();
        CHECK(upto >= furthest);
        furthest = upto;
    }
    CHECK(without > 0);
    CHECK(furthest == 16);
}

TEST_CASE("bundle: with any bit flipped it is damaged, and nothing behind that is believed") {
    const Bytes whole = bundle();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes bent = whole;
        bent[at] = static_cast<char>(bent[at] ^ 4);
        const auto read = parse_bundle(bent);
        if (!read) continue;
        CHECK(read->header == header());
        REQUIRE(read->damage);
        for (const Block& one : read->blocks) CHECK(unpack(one).has_value());
    }
}

TEST_CASE("bundle: no record can be left out or come from another one") {
    BundleHeader other = header();
    other.id = 8;
    BundleWriter one(header());
    const std::size_t head = BundleWriter(header()).take().size();
    one.add(block(10, 16));
    const Bytes mine = one.take();
    BundleWriter two(other);
    two.add(block(10, 16));
    const Bytes theirs = two.take();
    // The trailer's record is as long in both, whatever stands before it.
    const std::size_t trailer = 5 + 3 + 8;
    const std::size_t records = head - trailer;
    const auto mixed = parse_bundle(mine.substr(0, records) + theirs.substr(records));
    REQUIRE(mixed);
    CHECK(mixed->damage);
    CHECK(mixed->blocks.empty());
    const auto shortened =
        parse_bundle(mine.substr(0, records) + mine.substr(mine.size() - trailer));
    REQUIRE(shortened);
    CHECK(shortened->damage);
    const auto longer = parse_bundle(mine + "x");
    REQUIRE(longer);
    CHECK(longer->damage);
}

TEST_CASE("bundle: blocks that leave a hole, or are not named in the header, are not read") {
    BundleWriter hole(header());
    hole.add(block(10, 12));
    hole.add(block(13, 16));
    const auto read = parse_bundle(hole.take());
    REQUIRE(read);
    CHECK(read->damage);
    CHECK(read->whole_upto(read->header.logs[0]) == Sequence{12});

    BundleWriter lacking(header());
    lacking.add(block(10, 12));
    const auto less = parse_bundle(lacking.take());
    REQUIRE(less);
    CHECK(less->damage);

    BundleHeader foreign = header();
    foreign.logs[0].store = StoreId{"store3"};
    BundleWriter unnamed(foreign);
    unnamed.add(block(10, 16));
    const auto none = parse_bundle(unnamed.take());
    REQUIRE(none);
    CHECK(none->damage);
    CHECK(none->blocks.empty());
}

TEST_CASE("bundle: other bytes are no bundle, and a later version says so") {
    CHECK(parse_bundle("").error().code == Errc::corrupt);
    CHECK(parse_bundle("PK\x03\x04 something else").error().message == "it is no bundle of filial");
}
