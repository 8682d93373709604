#include "ledger/transit.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "schema/trade_payloads.h"

using namespace filial;
using ledger::goods_out;
using ledger::OutState;
using ledger::SideOf;
using ledger::TransferSide;

namespace {

using Steps = std::initializer_list<std::pair<std::string_view, schema::TransferStep>>;

TransferSide side(Steps steps) {
    TransferSide made;
    std::int64_t at = 0;
    for (const auto& [kind, step] : steps) {
        CHECK(ledger::apply(made, kind, step, schema::Timestamp{++at}));
    }
    return made;
}

schema::TransferStep step(const char* peer, std::int64_t quantity, const char* sku = "22423") {
    return {peer, sku, schema::Quantity{quantity}, {}, "", 0};
}

const schema::StoreId kFrom{"warehouse"};
const schema::StoreId kTo{"store3"};

/// The one entry that is out, whichever log comes first.
ledger::GoodsOut only(const std::vector<SideOf>& sides) {
    const auto out = goods_out(sides);
    REQUIRE(out.size() == 1);
    auto turned = sides;
    std::reverse(turned.begin(), turned.end());
    const auto again = goods_out(turned);
    REQUIRE(again.size() == 1);
    CHECK(again[0].quantity == out[0].quantity);
    CHECK(again[0].state == out[0].state);
    CHECK(again[0].since == out[0].since);
    return out[0];
}

}  // namespace

TEST_CASE(
    "S45: sent goods are on the way until somebody received them, whichever log comes first") {
    const SideOf sent{kFrom, side({{schema::kTransferSent, step("store3", 48'000)}})};
    const SideOf received{kTo, side({{schema::kTransferReceived, step("warehouse", 48'000)}})};
    CHECK(only({sent}).quantity == schema::Quantity{48'000});
    CHECK(only({sent}).state == OutState::on_the_way);
    CHECK(only({sent}).to == "store3");
    CHECK(goods_out({sent, received}).empty());
    CHECK(goods_out({received, sent}).empty());
}

TEST_CASE("N7: goods of a lorry that beat their data are out with the other sign") {
    const SideOf received{kTo, side({{schema::kTransferReceived, step("warehouse", 48'000)}})};
    const auto early = only({received});
    CHECK(early.quantity == schema::Quantity{-48'000});
    CHECK(early.state == OutState::early);
    CHECK_FALSE(ledger::is_discrepancy(early.state));
    CHECK(early.from == kFrom);
    // The source took the receipt's notice and never sent anything: that is a person's business.
    const SideOf told{kFrom, side({{schema::kTransferSettled, step("store3", 48'000)}})};
    CHECK(only({received, told}).state == OutState::never_sent);
}

TEST_CASE("N7: what is missing or too much stays out until its source settles it") {
    auto source = side({{schema::kTransferSent, step("store3", 48'000)}});
    const SideOf received{kTo, side({{schema::kTransferReceived, step("warehouse", 47'000)}})};
    const auto missing = only({{kFrom, source}, received});
    CHECK(missing.quantity == schema::Quantity{1'000});
    CHECK(missing.state == OutState::missing);
    CHECK(ledger::is_discrepancy(missing.state));

    auto later = received.side;
    CHECK(ledger::apply(later, schema::kTransferReceived, step("warehouse", 1'000), {}));
    CHECK(goods_out({{kFrom, source}, {kTo, later}}).empty());

    auto corrected = source;
    CHECK(ledger::apply(corrected, schema::kTransferCorrected, step("store3", -1'000), {}));
    CHECK(goods_out({{kFrom, corrected}, received}).empty());

    auto given_up = source;
    CHECK(ledger::apply(given_up, schema::kTransferWrittenOff, step("store3", 1'000), {}));
    CHECK(goods_out({{kFrom, given_up}, received}).empty());
    const auto surplus = only({{kFrom, given_up}, {kTo, later}});
    CHECK(surplus.state == OutState::surplus);
    CHECK(surplus.quantity == schema::Quantity{-1'000});
}

TEST_CASE("N7: another article than sent leaves one out and one too much") {
    const SideOf sent{kFrom, side({{schema::kTransferSent, step("store3", 5'000, "a")}})};
    const SideOf received{kTo, side({{schema::kTransferReceived, step("warehouse", 5'000, "b")}})};
    const auto out = goods_out({sent, received});
    REQUIRE(out.size() == 2);
    CHECK(out[0].sku == "a");
    CHECK(out[0].quantity == schema::Quantity{5'000});
    CHECK(out[1].quantity == schema::Quantity{-5'000});
    CHECK(out[1].state == OutState::surplus);
}

TEST_CASE("N7: a receipt that names the wrong sender counts for the one that announced it") {
    const SideOf sent{kFrom, side({{schema::kTransferSent, step("store3", 5'000)}})};
    const SideOf received{kTo, side({{schema::kTransferReceived, step("store9", 5'000)},
                                     {schema::kTransferExpected, step("warehouse", 5'000)}})};
    CHECK(goods_out({sent, received}).empty());
}

TEST_CASE("transit: a cancellation ends the transfer only when the source took the goods back") {
    auto source = side({{schema::kTransferSent, step("store3", 24'000)},
                        {schema::kCancelRequested, step("store3", 0)}});
    const SideOf agreed{kTo, side({{schema::kTransferExpected, step("warehouse", 24'000)},
                                   {schema::kCancelAgreed, step("warehouse", 0)}})};
    CHECK(only({{kFrom, source}, agreed}).state == OutState::cancel_asked);
    CHECK(ledger::apply(source, schema::kTransferTakenBack, step("store3", 24'000), {}));
    CHECK(goods_out({{kFrom, source}, agreed}).empty());

    auto found = agreed.side;
    CHECK(ledger::apply(found, schema::kTransferReceived, step("warehouse", 24'000), {}));
    const auto twice = only({{kFrom, source}, {kTo, found}});
    CHECK(twice.state == OutState::found);
    CHECK(twice.quantity == schema::Quantity{-24'000});
}

TEST_CASE("transit: a refused cancellation leaves the goods on the way") {
    const SideOf source{kFrom, side({{schema::kTransferSent, step("store3", 24'000)},
                                     {schema::kCancelRequested, step("store3", 0)},
                                     {schema::kCancelFailed, step("store3", 0)}})};
    CHECK(only({source}).state == OutState::on_the_way);
}

TEST_CASE("transit: the sides of two epochs of one store are taken together") {
    const SideOf first{kFrom, side({{schema::kTransferSent, step("store3", 24'000)}})};
    const SideOf second{kFrom, side({{schema::kTransferTakenBack, step("store3", 24'000)}})};
    CHECK(goods_out({first, second}).empty());
    CHECK(goods_out({second, first}).empty());
    // Written again by the later epoch, the sending counts once.
    CHECK(only({first, first}).quantity == schema::Quantity{24'000});
}

TEST_CASE("transit: a side is read back as it was written, and one of before by its own length") {
    TransferSide made = side({{schema::kTransferSent, step("store3", 24'000)},
                              {schema::kCancelRequested, step("store3", 0)},
                              {schema::kTransferReceived, step("store9", 5)},
                              {schema::kTransferCorrected, step("store3", -4)},
                              {schema::kTransferWrittenOff, step("store3", 3)},
                              {schema::kTransferSettled, step("store3", 5)},
                              {schema::kTransferExpected, step("store9", 5)}});
    made.flags = schema::kFlagDifference;
    schema::Parser parser;
    const auto bytes = ledger::encode(made);
    const auto read = ledger::decode_transfer_side(parser, bytes);
    REQUIRE(read);
    CHECK(*read == made);
    CHECK_FALSE(ledger::decode_transfer_side(parser, bytes.substr(0, bytes.size() - 1)));
}

TEST_CASE("transit: a kind that is no step changes nothing") {
    TransferSide made;
    CHECK_FALSE(ledger::is_transfer_step("grant.given"));
    CHECK_FALSE(ledger::apply(made, "grant.given", step("store3", 1), {}));
    CHECK(made == TransferSide{});
}
