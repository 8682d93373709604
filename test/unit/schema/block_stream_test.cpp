#include "schema/block_stream.h"

#include <doctest/doctest.h>

#include "schema/hash.h"
#include "schema/limits.h"

using namespace filial::schema;

namespace {

Errc code_of(const Result<Bytes>& raw) {
    REQUIRE(!raw);
    return raw.error().code;
}

}  // namespace

TEST_CASE("stream: what was said before costs next to nothing when it is said again") {
    StreamHistory said, heard;
    const Bytes mark = random_bytes(900);
    std::size_t first = 0;
    for (int i = 0; i < 400; ++i) {
        const Bytes raw = "mark " + std::to_string(i) + mark;
        const StreamPiece piece = pack_piece(raw, said);
        if (i == 0) first = piece.data.size();
        if (i > 0) CHECK(piece.data.size() < 40);
        const auto back = unpack_piece(piece, heard);
        REQUIRE(back);
        REQUIRE(*back == raw);
    }
    CHECK(first > 800);
    // What is longer ago than the history goes back costs what it did.
    for (int i = 0; i < 3; ++i)
        REQUIRE(unpack_piece(pack_piece(random_bytes(40'000), said), heard));
    const StreamPiece again = pack_piece("mark 7" + mark, said);
    CHECK(again.data.size() > 800);
    CHECK(*unpack_piece(again, heard) == "mark 7" + mark);
}

TEST_CASE("stream: what both ends know before the first piece costs nothing in it") {
    const Bytes known = random_bytes(200);
    StreamHistory said(known), heard(known), none;
    const Bytes raw = known.substr(20, 150) + "and";
    const StreamPiece piece = pack_piece(raw, said);
    CHECK(piece.number == 1);
    CHECK(piece.data.size() < 30);
    CHECK(*unpack_piece(piece, heard) == raw);
    // Who does not know it notices, and so does who knows something else.
    CHECK(code_of(unpack_piece(piece, none)) == Errc::corrupt);
    StreamHistory other(random_bytes(200));
    CHECK(code_of(unpack_piece(piece, other)) == Errc::corrupt);
}

TEST_CASE("stream: pieces of every size come back, none and the largest too") {
    StreamHistory said, heard;
    for (const std::size_t size : {0u, 1u, 2u, 12u, 13u, 255u, 70'000u}) {
        for (const Bytes& raw : {Bytes(size, 'a'), random_bytes(size)}) {
            const StreamPiece piece = pack_piece(raw, said);
            CHECK(piece.data.size() <= size);
            const auto back = unpack_piece(piece, heard);
            REQUIRE_MESSAGE(back, back.error().message);
            CHECK(*back == raw);
        }
    }
    const Bytes largest(kMessageBytesMax, 'z');
    CHECK(*unpack_piece(pack_piece(largest, said), heard) == largest);
}

TEST_CASE("stream: a piece that is lost, comes twice or is damaged ends the stream") {
    StreamHistory said, heard;
    const Bytes text = "positions and names, positions and names, positions and names";
    const StreamPiece first = pack_piece(text, said), second = pack_piece(text + "!", said);
    CHECK(code_of(unpack_piece(second, heard)) == Errc::gap);
    REQUIRE(unpack_piece(first, heard));
    CHECK(code_of(unpack_piece(first, heard)) == Errc::gap);
    for (std::size_t at = 0; at < second.data.size(); ++at) {
        StreamPiece damaged = second;
        damaged.data[at] = static_cast<char>(damaged.data[at] ^ 4);
        StreamHistory copy = heard;
        const auto read = unpack_piece(damaged, copy);
        CHECK((!read || *read == text + "!"));
    }
    StreamPiece bomb = second;
    bomb.raw_size = kMessageBytesMax;
    CHECK(code_of(unpack_piece(bomb, heard)) == Errc::corrupt);
    bomb.raw_size = kMessageBytesMax + 1;
    CHECK(code_of(unpack_piece(bomb, heard)) == Errc::too_large);
    CHECK(unpack_piece(second, heard));
}
