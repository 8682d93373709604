#include <doctest/doctest.h>

#include "core/journal/log_head.h"
#include "core/journal/log_layout.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::LogHead;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

LogHead some_head() {
    LogHead head{StoreId{"store1"}, schema::Epoch{3}, {}, Sequence{70'000}, {}};
    head.incarnation[5] = 9;
    head.topics.push_back({"stock", Sequence{70'000}, 60'000, 5'000'000, schema::hash_of("a")});
    head.topics.push_back({"debts", Sequence{69'998}, 10'000, 1'000'000, schema::hash_of("b")});
    return head;
}

TEST_CASE("log format: keys of a topic stand together, in the order of positions") {
    using core::log_key;
    using core::topic_prefix;
    const auto stock = topic_prefix(StoreId{"store1"}, "stock");
    const auto stocks = topic_prefix(StoreId{"store1"}, "stocks");
    const auto other = topic_prefix(StoreId{"store10"}, "stock");
    CHECK(stock == std::string("store1\0stock\0", 13));
    CHECK(log_key(stock, Sequence{255}) < log_key(stock, Sequence{256}));
    CHECK(log_key(stock, Sequence{UINT64_MAX}) < log_key(stocks, Sequence{0}));
    CHECK(log_key(stocks, Sequence{UINT64_MAX}) < log_key(other, Sequence{0}));
    CHECK(log_key(stock, Sequence{UINT64_MAX}) < core::behind(stock));
    CHECK(core::behind(stock) < stocks);
    CHECK(*core::upto_of(log_key(stock, Sequence{0x0102030405060708}), stock) ==
          Sequence{0x0102030405060708});
    CHECK(core::upto_of(stock + "short", stock).error().code == Errc::corrupt);
    CHECK(core::behind(std::string("a\xff", 2)) == "b");
    CHECK(core::behind("\xff").empty());
}

TEST_CASE("log format: a head reads back as written, and no cut of it does") {
    schema::Parser parser;
    const LogHead head = some_head();
    const auto bytes = encode(head);
    const auto back = core::decode_log_head(parser, head.store, bytes);
    REQUIRE(back.has_value());
    CHECK(encode(*back) == bytes);
    CHECK(core::chains_of(*back) == core::chains_of(head));
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(core::decode_log_head(parser, head.store, bytes.substr(0, cut)).has_value());
    }
    auto broken = head;
    broken.topics[0].last = Sequence{70'001};
    CHECK(core::decode_log_head(parser, head.store, encode(broken)).error().code == Errc::corrupt);
}

TEST_CASE("log format: two logs have the same chains only if every topic has") {
    const LogHead head = some_head();
    auto same = head;
    std::swap(same.topics[0], same.topics[1]);
    CHECK(core::chains_of(same) == core::chains_of(head));
    auto other = head;
    other.topics[1].chain = schema::hash_of("c");
    CHECK(core::chains_of(other) != core::chains_of(head));
    other = head;
    other.topics[1].last = Sequence{69'997};
    CHECK(core::chains_of(other) != core::chains_of(head));
}

TEST_CASE("log format: a commit reads back as written, and no cut of it does") {
    schema::Parser parser;
    const auto append = append_after(Sequence{41}, {{"stock", "first"}, {"stock", "second"}});
    const auto& segment = append.segments[0];
    const auto bytes = core::encode_log_value(7, 700, append.at, segment);
    const auto value = core::decode_log_value(parser, bytes);
    REQUIRE(value.has_value());
    CHECK(value->events_before == 7);
    CHECK(value->bytes_before == 700);
    CHECK(value->at == append.at);
    CHECK(value->segment == segment);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(core::decode_log_value(parser, bytes.substr(0, cut)).has_value());
    }
    auto newer = bytes;
    newer[1] = 2;  // The version, behind the array's first byte.
    CHECK(core::decode_log_value(parser, newer).error().code == Errc::schema_too_new);
    schema::Segment empty;
    empty.topic = "stock";
    const auto nothing = core::encode_log_value(0, 0, append.at, empty);
    CHECK(core::decode_log_value(parser, nothing).error().code == Errc::corrupt);
}

}  // namespace
}  // namespace filial::test
