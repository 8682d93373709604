#include "schema/ids.h"

#include <doctest/doctest.h>

#include "schema/hash.h"

using namespace filial::schema;

TEST_CASE("ids: a store's name is 1 to 32 of a-z, 0-9 and -, not beginning with -") {
    for (const char* text :
         {"s", "store1", "head-office", "0", "a23456789-123456789-123456789-12"}) {
        CAPTURE(text);
        CHECK(parse_store_id(text)->value() == text);
    }
    for (const char* text : {"", "-a", "Store1", "a_b", "a b", "a/b", "a.b", "é", "..",
                             "a23456789-123456789-123456789-123"}) {
        CAPTURE(text);
        CHECK(parse_store_id(text).error().code == Errc::invalid);
    }
    CHECK(!parse_store_id(std::string("a\0b", 3)));
}

TEST_CASE("ids: a topic's name begins with a letter or digit, and the product keeps its own") {
    CHECK(*parse_topic("prices.v2_a-b") == "prices.v2_a-b");
    CHECK(parse_topic(std::string(64, 'a')).has_value());
    for (const std::string& text : {std::string(), std::string(".a"), std::string("*"),
                                    std::string("A"), std::string(65, 'a'), std::string("a\n")}) {
        CAPTURE(text);
        CHECK(parse_topic(text).error().code == Errc::invalid);
    }
    for (const auto topic :
         {kTopicStock, kTopicCustomers, kTopicDebts, kTopicControl, kTopicAccounts, kAllTopics}) {
        CHECK(is_reserved_topic(topic));
    }
    CHECK(!is_reserved_topic("prices"));
}

TEST_CASE("ids: a client's id comes from exactly 16 bytes") {
    const auto id = hash16_of("till 1");
    CHECK(id16_from(view(id)) == id);
    CHECK(id16_from("short") == ClientId{});
    CHECK(id16_from(std::string(17, 'x')) == ClientId{});
    CHECK(to_hex(std::string("\x00\xff\x10", 3)) == "00ff10");
}

TEST_CASE("ids: positions order by store, epoch and sequence") {
    const Position a{StoreId{"a"}, Epoch{1}, Sequence{9}};
    const Position b{StoreId{"a"}, Epoch{2}, Sequence{1}};
    CHECK(a < b);
    CHECK(b < Position{StoreId{"b"}, Epoch{0}, Sequence{0}});
    CHECK(to_string(a) == "a/1/9");
    CHECK(next(Sequence{9}) == Sequence{10});
}

TEST_CASE("hash: BLAKE2b gives what RFC 7693 says, whole and in two parts") {
    CHECK(to_hex(view(hash_of(""))) ==
          "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    CHECK(to_hex(view(hash_of("abc"))) ==
          "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    CHECK(hash_of("ab", "c") == hash_of("abc"));
    CHECK(hash_of("", "abc") == hash_of("abc"));
    CHECK(checksum_of("abc") == 0xbddd813c63423972);
    CHECK(checksum_of("a", "bc") == checksum_of("abc"));
    CHECK(hash_from(view(hash_of("abc"))) == hash_of("abc"));
    CHECK(hash_from("short") == Hash{});
    CHECK(random_bytes(16) != random_bytes(16));
}
