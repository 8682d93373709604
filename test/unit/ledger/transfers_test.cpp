#include <doctest/doctest.h>

#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Quantity;
using K = filial::schema::OperationKind;

TEST_CASE("S45: goods that are sent leave the stock and are announced to their destination") {
    StoreLog source("warehouse");
    const auto sent = source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    REQUIRE(sent.size() == 2);
    CHECK(stock(sent[0]).delta == Quantity{-24'000});
    CHECK(stock(sent[0]).reason == "transfer");
    CHECK(stock(sent[0]).document == "T1");
    CHECK(sent[1].event.kind == "transfer.sent");
    CHECK(sent[1].event.key == "T1");
    CHECK(sent[1].event.addressee == "store1");
    CHECK(step(sent[1]).peer == "store1");
    CHECK(step(sent[1]).quantity == Quantity{24'000});
    CHECK(source.hand("22423") == "-24");
}

TEST_CASE("transfers: the same number is not sent twice, nor to this store itself") {
    StoreLog source("warehouse");
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    const std::string why = source.refused(transfer(K::transfer_send, "T1", "store2", "1", "1"));
    CHECK(why.find("store1") != std::string::npos);
    source.refused(transfer(K::transfer_send, "T2", "warehouse", "1", "1"));
    source.refused(transfer(K::transfer_receive, "T2", "warehouse", "1", "1"));
}

TEST_CASE("transfers: a receipt before its announcement is booked, the second one is refused") {
    StoreLog destination("store1");
    const auto got =
        destination.done(transfer(K::transfer_receive, "T1", "warehouse", "22423", "24"));
    REQUIRE(got.size() == 2);
    CHECK(stock(got[0]).delta == Quantity{24'000});
    CHECK(got[1].event.kind == "transfer.received");
    CHECK(got[1].event.addressee == "warehouse");
    CHECK(step(got[1]).flags == 0);
    const std::string why =
        destination.refused(transfer(K::transfer_receive, "T1", "warehouse", "22423", "24"));
    CHECK(why.find("already received here, nothing booked twice") != std::string::npos);
    CHECK(destination.hand("22423") == "24");
}

TEST_CASE("transfers: another quantity, article or sender than announced is flagged") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    for (const char* id : {"T1", "T2", "T3", "T4"}) {
        source.done(transfer(K::transfer_send, id, "store1", "22423", "24"));
    }
    destination.take_from(source);
    const auto receive = [&](const char* id, const char* from, const char* sku, const char* many) {
        return destination.done(transfer(K::transfer_receive, id, from, sku, many))[1];
    };
    CHECK(step(receive("T1", "warehouse", "22423", "24")).flags == 0);
    const auto fewer = step(receive("T2", "warehouse", "22423", "20"));
    CHECK(fewer.flags == filial::schema::kFlagDifference);
    CHECK(fewer.reason == "sent were 24");
    CHECK(step(receive("T3", "warehouse", "22424", "24")).flags == filial::schema::kFlagDifference);
    const auto elsewhere = receive("T4", "store9", "22423", "24");
    CHECK(step(elsewhere).flags == filial::schema::kFlagDifference);
    CHECK(elsewhere.event.addressee == "warehouse");
}

TEST_CASE("transfers: nothing may have arrived") {
    StoreLog destination("store1");
    const auto got = destination.done(transfer(K::transfer_receive, "T1", "warehouse", "1", "0"));
    CHECK(stock(got[0]).delta == Quantity{0});
}

TEST_CASE("transfers: a cancellation is asked of the destination, once, by the store that sent") {
    StoreLog source("warehouse");
    CHECK(source.refused(transfer(K::transfer_cancel, "T1", "store1")).find("never sent") !=
          std::string::npos);
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    CHECK(source.refused(transfer(K::transfer_cancel, "T1", "store2")).find("store1") !=
          std::string::npos);
    const auto asked = source.done(transfer(K::transfer_cancel, "T1", "store1"));
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].event.kind == "transfer.cancel_requested");
    CHECK(asked[0].event.addressee == "store1");
    CHECK(step(asked[0]).quantity == Quantity{0});
    CHECK(source.hand("22423") == "-24");
    CHECK(source.refused(transfer(K::transfer_cancel, "T1", "store1")).find("already") !=
          std::string::npos);
}

TEST_CASE("transfers: what was received is not cancelled any more") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    destination.done(transfer(K::transfer_receive, "T1", "warehouse", "22423", "24"));
    source.take_from(destination);
    CHECK(source.refused(transfer(K::transfer_cancel, "T1", "store1")).find("received") !=
          std::string::npos);
}

TEST_CASE(
    "transfers: cancelled first, then received: the goods come back once and what turns up "
    "is found goods") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "21213", "24"));
    source.done(transfer(K::transfer_cancel, "T1", "store1"));

    const auto answers = destination.take_from(source);
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].event.kind == "transfer.expected");
    CHECK(answers[1].event.kind == "transfer.cancel_agreed");
    CHECK(answers[1].event.addressee == "warehouse");

    const auto back = source.take_from(destination);
    REQUIRE(back.size() == 2);
    CHECK(back[0].event.kind == "transfer.taken_back");
    CHECK(stock(back[1]).delta == Quantity{24'000});
    CHECK(stock(back[1]).reason == "transfer");
    CHECK(source.hand("21213") == "0");
    CHECK(source.refused(transfer(K::transfer_cancel, "T1", "store1")).find("back in stock") !=
          std::string::npos);

    const auto found =
        destination.done(transfer(K::transfer_receive, "T1", "warehouse", "21213", "24"));
    CHECK(step(found[1]).flags == filial::schema::kFlagFound);
    CHECK(destination.hand("21213") == "24");
    const auto told = source.take_from(destination);
    REQUIRE(told.size() == 1);
    CHECK(told[0].event.kind == "transfer.settled");
    CHECK((step(told[0]).flags & filial::schema::kFlagFound) != 0);
    CHECK(source.hand("21213") == "0");
}

TEST_CASE(
    "transfers: received first, then asked to cancel: refused, and the source stays as it is") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "21213", "24"));
    source.done(transfer(K::transfer_cancel, "T1", "store1"));
    destination.done(transfer(K::transfer_receive, "T1", "warehouse", "21213", "24"));

    const auto answers = destination.take_from(source);
    REQUIRE(answers.size() == 2);
    CHECK(answers[1].event.kind == "transfer.cancel_refused");
    const auto told = source.take_from(destination);
    REQUIRE(told.size() == 2);
    CHECK(told[0].event.kind == "transfer.settled");
    CHECK(told[1].event.kind == "transfer.cancel_failed");
    CHECK(source.hand("21213") == "-24");
    CHECK(destination.hand("21213") == "24");
}
