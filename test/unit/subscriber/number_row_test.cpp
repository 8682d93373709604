#include "subscriber/number_row.h"

#include <doctest/doctest.h>

#include <random>

#include "schema/event.h"
#include "schema/payloads.h"

using namespace filial;
using namespace filial::subscriber;

namespace {

/// What the general way reads; false where it refuses, or where the event is of another version.
bool generally(schema::ByteView row, bool stock, NumberRow& out, schema::Event& event) {
    schema::Parser parser;
    if (!schema::decode_row(parser, row, event)) return false;
    if (event.version != 1 || event.kind != (stock ? schema::kStockMoved : schema::kDebtMoved)) {
        return false;
    }
    if (stock) {
        const auto moved = schema::decode_stock_moved(parser, event.payload);
        if (!moved) return false;
        out.delta = moved->delta.value();
        out.flags = moved->flags;
    } else {
        const auto moved = schema::decode_debt_moved(parser, event.payload);
        if (!moved) return false;
        out.delta = moved->delta.value();
        out.flags = moved->flags;
    }
    out.key = event.key;
    out.addressee = event.addressee;
    return true;
}

bool quickly(schema::ByteView row, bool stock, NumberRow& out) {
    return read_number_row(row, stock ? schema::kStockMoved : schema::kDebtMoved, stock ? 5 : 4,
                           out);
}

schema::Bytes row_of(bool stock, std::int64_t delta, std::mt19937_64& random) {
    schema::Event event;
    event.kind = stock ? schema::kStockMoved : schema::kDebtMoved;
    event.at = schema::Timestamp{static_cast<std::int64_t>(random() >> (random() % 64))};
    event.key = std::string(1 + random() % 40, 'k');
    if (random() % 2 == 0) event.addressee = "store1";
    event.number = random() >> (random() % 64);
    event.index = static_cast<std::uint32_t>(random() >> (32 + random() % 32));
    event.count = static_cast<std::uint32_t>(random() >> (32 + random() % 32));
    const std::string document(random() % 300, 'd');
    const std::uint64_t flags = random() >> (random() % 64);
    const auto over = static_cast<std::int64_t>(random() % 3 == 0 ? random() >> 1 : 0);
    event.payload = stock ? schema::encode(schema::StockMoved{
                                schema::Quantity{delta}, "sale", document, flags, {}})
                          : schema::encode(schema::DebtMoved{schema::Money{delta}, "charge",
                                                             document, flags, schema::Money{over}});
    return schema::encode_row(event);
}

}  // namespace

TEST_CASE("number row: every row as it is written is read, with the general way's result") {
    std::mt19937_64 random(1);
    for (int round = 0; round < 2'000; ++round) {
        const bool stock = round % 2 == 0;
        auto delta = static_cast<std::int64_t>(random() >> (random() % 64));
        if (random() % 2 == 0) delta = -delta - 1;
        const schema::Bytes row = row_of(stock, delta, random);
        NumberRow quick, general;
        schema::Event event;
        REQUIRE(quickly(row, stock, quick));
        REQUIRE(generally(row, stock, general, event));
        CHECK(quick.delta == delta);
        CHECK(quick.key == general.key);
        CHECK(quick.addressee == general.addressee);
        CHECK(quick.flags == general.flags);
        CHECK_FALSE(quickly(row, !stock, quick));
    }
}

TEST_CASE("number row: what is damaged or new is never read otherwise than the general way does") {
    std::mt19937_64 random(2);
    int accepted = 0;
    for (int round = 0; round < 20'000; ++round) {
        const bool stock = round % 2 == 0;
        schema::Bytes row = row_of(stock, static_cast<std::int64_t>(random() % 1000), random);
        for (std::uint64_t i = 0; i <= random() % 3; ++i) {
            const std::size_t at = random() % row.size();
            if (random() % 4 == 0) {
                row.resize(at);
            } else if (random() % 4 == 0) {
                row.insert(at, 1, static_cast<char>(random()));
            } else {
                row[at] = static_cast<char>(random());
            }
            if (row.empty()) break;
        }
        NumberRow quick, general;
        schema::Event event;
        if (!quickly(row, stock, quick)) continue;
        ++accepted;
        REQUIRE(generally(row, stock, general, event));
        CHECK(quick.delta == general.delta);
        CHECK(quick.key == general.key);
        CHECK(quick.addressee == general.addressee);
        CHECK(quick.flags == general.flags);
    }
    CHECK(accepted > 100);
}

TEST_CASE("number row: a charge beyond the room is read as quickly, and a sixth field is not") {
    schema::Event event;
    event.kind = schema::kDebtMoved;
    event.key = "ann";
    event.payload = schema::encode(schema::DebtMoved{schema::Money{500}, "charge", "r1",
                                                     schema::kFlagNoRoom, schema::Money{200}});
    REQUIRE(static_cast<unsigned char>(event.payload[0]) == 0x95);
    NumberRow quick;
    REQUIRE(quickly(schema::encode_row(event), false, quick));
    CHECK(quick.delta == 500);
    CHECK(quick.flags == schema::kFlagNoRoom);
    event.payload[0] = static_cast<char>(0x96);
    event.payload += '\x01';
    CHECK_FALSE(quickly(schema::encode_row(event), false, quick));
    event.payload[0] = static_cast<char>(0x95);  // One value behind the array.
    CHECK_FALSE(quickly(schema::encode_row(event), false, quick));
}
