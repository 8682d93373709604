#include "schema/payloads.h"

#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/golden/samples.h"

using namespace filial;
using namespace filial::schema;

namespace {

/// What a decoder must do with the bytes of any payload.
template <class T, class Decode>
void check_payload(const T& value, const T& nothing, Decode decode) {
    Parser parser;
    const Bytes bytes = encode(value);
    const auto decoded = decode(parser, bytes);
    REQUIRE(decoded);
    CHECK(*decoded == value);
    // An older writer sends fewer fields, a newer one more.
    const auto empty = decode(parser, Writer().array(0).take());
    REQUIRE(empty);
    CHECK(*empty == nothing);
    Bytes longer = bytes;
    longer[0] = static_cast<char>(longer[0] + 1);
    const auto newer = decode(parser, longer + Writer().str("later").take());
    REQUIRE(newer);
    CHECK(*newer == value);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        const auto damaged = decode(parser, ByteView(bytes).substr(0, cut));
        REQUIRE(!damaged);
        CHECK(damaged.error().code == Errc::corrupt);
    }
    CHECK(!decode(parser, bytes + "x"));
    CHECK(!decode(parser, Writer().array(1).boolean(true).take()));
}

}  // namespace

TEST_CASE("payloads: each comes back as it was, short ones fill defaults, damage is corrupt") {
    check_payload(golden::stock_moved(), StockMoved{}, decode_stock_moved);
    check_payload(golden::debt_moved(), DebtMoved{}, decode_debt_moved);
    check_payload(golden::limit_set(), LimitSet{}, decode_limit_set);
    check_payload(golden::customer_changed(), CustomerChanged{}, decode_customer_changed);
    check_payload(golden::transfer_step(), TransferStep{}, decode_transfer_step);
    check_payload(golden::notice_taken(), NoticeTaken{}, decode_notice_taken);
    check_payload(golden::log_opened(), LogOpened{}, decode_log_opened);
}

TEST_CASE("payloads: amounts at both ends of 64 bits travel") {
    Parser parser;
    for (const std::int64_t value : {INT64_MIN, INT64_MAX}) {
        StockMoved moved = golden::stock_moved();
        moved.delta = Quantity{value};
        moved.cost = UnitCost{value};
        moved.flags = UINT64_MAX;
        CHECK(*decode_stock_moved(parser, encode(moved)) == moved);
    }
}

TEST_CASE("payloads: a position's store is a store's name or nothing") {
    Parser parser;
    const auto taken = [&](const char* store) {
        const Bytes bytes = Writer().array(2).array(3).str(store).u64(1).u64(2).str("k").take();
        return decode_notice_taken(parser, bytes);
    };
    CHECK(taken("")->cause.store.value().empty());
    CHECK(taken("store1")->cause.store.value() == "store1");
    CHECK(taken("../etc").error().code == Errc::corrupt);
}

TEST_CASE("payloads: an edit leaves the home alone, sealed fields keep bytes that are no text") {
    Parser parser;
    CustomerChanged edit = golden::customer_changed();
    edit.home.clear();
    const auto decoded = decode_customer_changed(parser, encode(edit));
    REQUIRE(decoded);
    CHECK(decoded->home.empty());
    CHECK(decoded->sealed[0].value == Bytes("\x00\xff", 2));
    CHECK(decoded->fields[0].seen.size() == 1);
}
