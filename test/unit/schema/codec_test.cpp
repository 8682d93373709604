#include "schema/codec.h"

#include <doctest/doctest.h>

#include <cstdint>

#include "schema/limits.h"

using namespace filial::schema;

namespace {

Bytes bytes_of(std::initializer_list<int> values) {
    Bytes bytes;
    for (const int value : values) bytes += static_cast<char>(value);
    return bytes;
}

}  // namespace

TEST_CASE("codec: numbers are written in their shortest form and read at both ends of 64 bits") {
    Writer out;
    out.array(9).u64(0).u64(127).u64(128).u64(UINT64_MAX).i64(-32).i64(-33).i64(INT64_MIN);
    out.i64(INT64_MAX).boolean(true);
    CHECK(out.size() == 1 + 1 + 1 + 2 + 9 + 1 + 2 + 9 + 9 + 1);
    Parser parser;
    auto fields = parser.array(out.bytes());
    REQUIRE(fields);
    CHECK(fields->u64() == 0);
    CHECK(fields->u64() == 127);
    CHECK(fields->u64() == 128);
    CHECK(fields->u64() == UINT64_MAX);
    CHECK(fields->i64() == -32);
    CHECK(fields->i64() == -33);
    CHECK(fields->i64() == INT64_MIN);
    CHECK(fields->i64() == INT64_MAX);
    CHECK(fields->boolean());
    CHECK(parser.finish("numbers").has_value());
}

TEST_CASE("codec: a missing element and nil read as the default") {
    Parser parser;
    const Bytes bytes = Writer().array(3).nil().nil().nil().take();
    auto fields = parser.array(bytes);
    REQUIRE(fields);
    CHECK(fields->next_is_nil());
    CHECK(fields->str().empty());
    CHECK(fields->bin().empty());
    CHECK(!fields->array().more());
    CHECK(!fields->more());
    CHECK(fields->u64() == 0);
    CHECK(fields->u32() == 0);
    CHECK(fields->i64() == 0);
    CHECK(!fields->boolean());
    CHECK(fields->str().empty());
    CHECK(fields->bin().empty());
    CHECK(fields->array().size() == 0);
    CHECK(fields->next_is_nil());
    CHECK(parser.finish("empty").has_value());
}

TEST_CASE("codec: a wrong type is corrupt and names what was expected") {
    const auto wrong = [](const Bytes& bytes, auto read) {
        Parser parser;
        auto fields = parser.array(bytes);
        REQUIRE(fields);
        read(*fields);
        return parser.finish("thing").error().message;
    };
    const Bytes text = Writer().array(1).str("x").take();
    const Bytes minus = Writer().array(1).i64(-1).take();
    const Bytes large = Writer().array(1).u64(UINT64_MAX).take();
    CHECK(wrong(text, [](Fields& f) { f.u64(); }) == "thing: expected a number from 0");
    CHECK(wrong(minus, [](Fields& f) { f.u64(); }) == "thing: expected a number from 0");
    CHECK(wrong(large, [](Fields& f) { f.u32(); }) == "thing: expected a number below 2^32");
    CHECK(wrong(large, [](Fields& f) { f.i64(); }) == "thing: expected a number of 64 bits");
    CHECK(wrong(text, [](Fields& f) { f.boolean(); }) == "thing: expected true or false");
    CHECK(wrong(minus, [](Fields& f) { f.str(); }) == "thing: expected text");
    CHECK(wrong(text, [](Fields& f) { f.bin(); }) == "thing: expected bytes");
    CHECK(wrong(text, [](Fields& f) { f.array(); }) == "thing: expected an array");
}

TEST_CASE("codec: only one whole array is taken") {
    Parser parser;
    for (const Bytes& bytes :
         {Bytes(), bytes_of({0x01}), bytes_of({0xc0}), bytes_of({0x80}), bytes_of({0x90, 0x00}),
          bytes_of({0x92, 0x01}), bytes_of({0xdc}), bytes_of({0xdc, 0x00}), bytes_of({0xdd, 0, 0}),
          bytes_of({0x91, 0xc1}), bytes_of({0x91, 0xa2, 'x'}), bytes_of({0x91, 0xcf, 1, 2, 3})}) {
        CHECK(parser.array(bytes).error().code == Errc::corrupt);
    }
    CHECK(parser.array(bytes_of({0x90})).has_value());
}

TEST_CASE("codec: a head that says more than there is costs nothing") {
    Parser parser;
    const auto refused = [&](const Bytes& bytes) {
        const auto fields = parser.array(bytes);
        return !fields && fields.error().code == Errc::corrupt;
    };
    const Bytes four_g_array = bytes_of({0xdd, 0xff, 0xff, 0xff, 0xff});
    const Bytes four_g_map = bytes_of({0xdf, 0xff, 0xff, 0xff, 0xff});
    const Bytes four_g_text = bytes_of({0xdb, 0xff, 0xff, 0xff, 0xff});
    const Bytes four_g_bytes = bytes_of({0xc6, 0xff, 0xff, 0xff, 0xff});
    const Bytes four_g_ext = bytes_of({0xc9, 0xff, 0xff, 0xff, 0xff, 0x01});
    for (const Bytes& bomb : {four_g_array, four_g_map, four_g_text, four_g_bytes, four_g_ext}) {
        CHECK(refused(bomb));
        CHECK(refused("\x91" + bomb));
        CHECK(refused("\x92" + bomb + Bytes(1'000, '\x01')));
        CHECK(!Parser::count_values(bomb));
    }
    // As many as the limit, but not there.
    CHECK(refused(bytes_of({0xdc, 0xff, 0xff})));
    // All there, but one above the limit.
    const std::size_t most = kArrayElementsMax;
    CHECK(parser.array(Writer().array(most).take() + Bytes(most, '\x01')).has_value());
    CHECK(refused(Writer().array(most + 1).take() + Bytes(most + 1, '\x01')));
    CHECK(parser.array(Bytes(kMessageBytesMax + 1, '\x90')).error().code == Errc::too_large);
}

TEST_CASE("codec: a million arrays in each other are refused at the limit of nesting") {
    Parser parser;
    CHECK(!parser.array(Bytes(1'000'000, '\x91')));
    CHECK(!Parser::count_values(Bytes(1'000'000, '\x91')));
    CHECK(parser.array(Bytes(kNestingMax - 1, '\x91') + "\x90").has_value());
    CHECK(parser.array(Bytes(kNestingMax, '\x91') + "\x01").has_value());
    CHECK(!parser.array(Bytes(kNestingMax + 1, '\x91') + "\x01"));
    CHECK(!parser.array("\x91" + Bytes(1'000'000, '\x81')));
}

TEST_CASE("codec: a parser forgets the failure of the parse before") {
    Parser parser;
    auto wrong = parser.array(Writer().array(1).str("x").take());
    REQUIRE(wrong);
    wrong->u64();
    CHECK(!parser.finish("first"));
    CHECK(!parser.array("\xc1"));
    const Bytes good = Writer().array(1).u64(7).take();
    for (int again = 0; again < 3; ++again) {
        auto fields = parser.array(good);
        REQUIRE(fields);
        CHECK(fields->u64() == 7);
        CHECK(parser.finish("next").has_value());
    }
}

TEST_CASE("codec: trailing elements are found byte for byte, whatever they are") {
    const Bytes tail =
        bytes_of({0xc7, 2, 9, 1, 2,    0x81, 0x01, 0x92, 0xc0, 0xc3, 0xcb, 1,    2, 3,    4,
                  5,    6, 7, 8, 0xd5, 1,    2,    3,    0xd9, 1,    'x',  0xc4, 0, 0xd0, 0x80});
    CHECK(*Parser::count_values(tail) == 7);
    const Bytes bytes = Writer().array(9).u64(1).str("two").raw(tail).take();
    CHECK(*Parser::elements_from(bytes, 0) == bytes.substr(1));
    CHECK(*Parser::elements_from(bytes, 2) == tail);
    CHECK(Parser::elements_from(bytes, 9)->empty());
    CHECK(Parser::elements_from(bytes, 100)->empty());
    CHECK(!Parser::elements_from(bytes.substr(0, bytes.size() - 1), 2));
    CHECK(!Parser::elements_from(bytes + "x", 2));
    CHECK(!Parser::elements_from("", 0));
    CHECK(!Parser::elements_from(bytes_of({0xdc, 0}), 0));
    CHECK(!Parser::elements_from(bytes_of({0xdd, 0, 0}), 0));
    CHECK(*Parser::count_values("") == 0);
    CHECK(!Parser::count_values("\xc1"));
}

TEST_CASE("codec: text is UTF-8 or is refused where people hand it in") {
    for (const char* text : {"", "a", "Zé", "€", "😀", "\x7f", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
        CHECK(is_utf8(text));
    }
    for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
                             "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
                             "a\xe2\x82", "\xe2\x28\xa1"}) {
        CHECK(!is_utf8(text));
    }
}
