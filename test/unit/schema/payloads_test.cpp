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
    check_payload(golden::debt_moved_beyond(), DebtMoved{}, decode_debt_moved);
    check_payload(golden::limit_set_beyond(), LimitSet{}, decode_limit_set);
    check_payload(golden::grant_step(), GrantStep{}, decode_grant_step);
    check_payload(golden::debt_told_passed_on(), DebtTold{}, decode_debt_told);
    check_payload(golden::account_step_merged(), AccountStep{}, decode_account_step);
    check_payload(golden::customer_changed_home(), CustomerChanged{}, decode_customer_changed);
    check_payload(golden::transfer_step(), TransferStep{}, decode_transfer_step);
    check_payload(golden::notice_taken(), NoticeTaken{}, decode_notice_taken);
    check_payload(golden::log_opened_loss(), LogOpened{}, decode_log_opened);
}

TEST_CASE("payloads: an amount beyond the room takes no bytes where there is none") {
    Parser parser;
    for (const std::int64_t beyond : {0, 1, -1}) {
        DebtMoved moved = golden::debt_moved();
        moved.beyond = Money{beyond};
        CHECK(encode(moved).size() == encode(golden::debt_moved()).size() + (beyond == 0 ? 0 : 1));
        CHECK(*decode_debt_moved(parser, encode(moved)) == moved);
        LimitSet set = golden::limit_set();
        set.beyond = Money{beyond};
        CHECK(encode(set).size() == encode(golden::limit_set()).size() + (beyond == 0 ? 0 : 2));
        CHECK(*decode_limit_set(parser, encode(set)) == set);
    }
}

TEST_CASE("payloads: a grant of something unknown, or a round for it, is corrupt") {
    Parser parser;
    CHECK(decode_grant_step(parser, Writer().array(1).u64(1).take()).has_value());
    CHECK(!decode_grant_step(parser, Writer().array(1).u64(2).take()));
    CHECK(decode_account_step(parser, Writer().array(2).u64(1).u64(4).take()).has_value());
    CHECK(!decode_account_step(parser, Writer().array(2).u64(1).u64(5).take()));
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
