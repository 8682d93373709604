#include "schema/mark.h"

#include <doctest/doctest.h>

#include "test/golden/samples.h"

using namespace filial;
using namespace filial::schema;

TEST_CASE("mark: it comes back as it was") {
    Parser parser;
    CHECK(*decode_mark(parser, encode(golden::mark())) == golden::mark());
    Mark bare;
    bare.store = StoreId{"store1"};
    CHECK(*decode_mark(parser, encode(bare)) == bare);
}

TEST_CASE("mark: a short one fills defaults, a longer one is read as far as it is known") {
    Parser parser;
    const auto small = decode_mark(parser, Writer().array(3).u64(1).str("store1").u64(2).take());
    REQUIRE(small);
    CHECK(small->epoch == Epoch{2});
    CHECK(small->ends.empty());
    Bytes longer = encode(golden::mark());
    longer[0] = static_cast<char>(longer[0] + 1);
    CHECK(*decode_mark(parser, longer + "\xc0") == golden::mark());
}

TEST_CASE("mark: every cut is corrupt, another version asks for an upgrade") {
    Parser parser;
    const Bytes bytes = encode(golden::mark());
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        CHECK(decode_mark(parser, ByteView(bytes).substr(0, cut)).error().code == Errc::corrupt);
    }
    Bytes newer = bytes;
    newer[1] = 2;
    CHECK(decode_mark(parser, newer).error().code == Errc::schema_too_new);
    CHECK(decode_mark(parser, "\x90").error().code == Errc::corrupt);
}

TEST_CASE("mark: a name that is no name is corrupt") {
    Parser parser;
    Mark mark = golden::mark();
    mark.store = StoreId{"a/b"};
    CHECK(!decode_mark(parser, encode(mark)));
    mark.store = StoreId{};
    CHECK(!decode_mark(parser, encode(mark)));
    mark = golden::mark();
    mark.ends[0].topic = "*";
    CHECK(!decode_mark(parser, encode(mark)));
    mark = golden::mark();
    mark.applied[0].store = StoreId{};
    CHECK(!decode_mark(parser, encode(mark)));
    mark = golden::mark();
    mark.parked[0].store = StoreId{"A"};
    CHECK(!decode_mark(parser, encode(mark)));
}
