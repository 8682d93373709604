#include "ledger/transit.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace filial;
using ledger::in_transit;
using ledger::SideOf;
using ledger::TransferSide;

namespace {

TransferSide side(std::initializer_list<std::pair<std::string_view, schema::TransferStep>> steps) {
    TransferSide made;
    for (const auto& [kind, step] : steps) CHECK(ledger::apply(made, kind, step));
    return made;
}

schema::TransferStep step(const char* peer, std::int64_t quantity) {
    return {peer, "22423", schema::Quantity{quantity}, {}, "", 0};
}

const schema::StoreId kFrom{"warehouse"};
const schema::StoreId kTo{"store3"};

}  // namespace

TEST_CASE(
    "S45: sent goods are on the way until somebody received them, whichever log comes first") {
    const SideOf sent{kFrom, side({{schema::kTransferSent, step("store3", 48'000)}})};
    const SideOf received{kTo, side({{schema::kTransferReceived, step("warehouse", 47'000)}})};
    REQUIRE(in_transit({sent}).size() == 1);
    CHECK(in_transit({sent}).front().quantity == schema::Quantity{48'000});
    CHECK(in_transit({sent}).front().to == "store3");
    CHECK(in_transit({received}).empty());
    CHECK(in_transit({sent, received}).empty());
    CHECK(in_transit({received, sent}).empty());
}

TEST_CASE("transit: a cancellation ends the transfer only when the source took the goods back") {
    auto source = side({{schema::kTransferSent, step("store3", 24'000)},
                        {schema::kCancelRequested, step("store3", 0)}});
    const SideOf agreed{kTo, side({{schema::kTransferExpected, step("warehouse", 24'000)},
                                   {schema::kCancelAgreed, step("warehouse", 0)}})};
    CHECK(in_transit({{kFrom, source}, agreed}).size() == 1);
    CHECK(ledger::apply(source, schema::kTransferTakenBack, step("store3", 24'000)));
    CHECK(in_transit({{kFrom, source}, agreed}).empty());
    CHECK(in_transit({agreed, {kFrom, source}}).empty());
}

TEST_CASE("transit: a refused cancellation leaves the goods on the way") {
    const SideOf source{kFrom, side({{schema::kTransferSent, step("store3", 24'000)},
                                     {schema::kCancelRequested, step("store3", 0)},
                                     {schema::kCancelFailed, step("store3", 0)}})};
    CHECK(in_transit({source}).size() == 1);
}

TEST_CASE("transit: the sides of two epochs of one store are taken together") {
    const SideOf first{kFrom, side({{schema::kTransferSent, step("store3", 24'000)}})};
    const SideOf second{kFrom, side({{schema::kTransferTakenBack, step("store3", 24'000)}})};
    CHECK(in_transit({first, second}).empty());
    CHECK(in_transit({second, first}).empty());
}

TEST_CASE("transit: a side is read back as it was written") {
    TransferSide made = side({{schema::kTransferSent, step("store3", 24'000)},
                              {schema::kCancelRequested, step("store3", 0)},
                              {schema::kTransferReceived, step("store9", 5)}});
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
    CHECK_FALSE(ledger::apply(made, "grant.given", step("store3", 1)));
    CHECK(made == TransferSide{});
}
