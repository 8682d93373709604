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

namespace {

/// Takes everything that either has for the other, until nothing is left to take.
void tell_each_other(StoreLog& a, StoreLog& b) {
    while (!a.take_from(b).empty() || !b.take_from(a).empty()) {
    }
}

filial::schema::Operation settling(K kind, const char* id, const char* quantity) {
    return transfer(kind, id, "", "", quantity);
}

}  // namespace

TEST_CASE("N7: a double scan is refused, and what came later is booked besides") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    tell_each_other(source, destination);
    CHECK(destination.refused(transfer(K::transfer_more, "T1", "warehouse", "22423", "4"))
              .find("transfer-receive") != std::string::npos);
    const auto first =
        destination.done(transfer(K::transfer_receive, "T1", "warehouse", "22423", "20"));
    CHECK(step(first[1]).flags == filial::schema::kFlagDifference);
    CHECK(destination.refused(transfer(K::transfer_receive, "T1", "warehouse", "22423", "20"))
              .find("transfer-more") != std::string::npos);
    destination.refused(transfer(K::transfer_more, "T1", "warehouse", "99999", "4"));
    const auto rest = destination.done(transfer(K::transfer_more, "T1", "warehouse", "22423", "4"));
    CHECK(step(rest[1]).flags == 0);
    CHECK(destination.hand("22423") == "24");
    const auto told = source.take_from(destination);
    REQUIRE(told.size() == 2);
    CHECK(step(told[0]).reason == "still out were 24");
    CHECK(step(told[1]).flags == 0);
    CHECK(source.refused(settling(K::transfer_write_off, "T1", "1")).find("only 0 are out") !=
          std::string::npos);
}

TEST_CASE("N7: the source corrects what really left, in all, as often as it learns better") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    destination.done(transfer(K::transfer_receive, "T1", "warehouse", "22423", "20"));
    tell_each_other(source, destination);
    CHECK(destination.refused(settling(K::transfer_correct, "T1", "20")).find("its source") !=
          std::string::npos);
    const auto back = source.done(settling(K::transfer_correct, "T1", "20"));
    REQUIRE(back.size() == 2);
    CHECK(stock(back[0]).delta == Quantity{4'000});
    CHECK(back[1].event.kind == "transfer.corrected");
    CHECK(step(back[1]).quantity == Quantity{-4'000});
    CHECK(source.hand("22423") == "-20");
    CHECK(source.refused(settling(K::transfer_correct, "T1", "20")).find("nothing changes") !=
          std::string::npos);
    source.done(settling(K::transfer_correct, "T1", "21"));
    CHECK(source.hand("22423") == "-21");
    source.done(settling(K::transfer_write_off, "T1", "1"));
    CHECK(source.refused(settling(K::transfer_correct, "T1", "0")).find("written off") !=
          std::string::npos);
}

TEST_CASE("N7: a lost lorry is written off by its source, flagged, and the write-off taken back") {
    StoreLog source("warehouse");
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    source.refused(settling(K::transfer_write_off, "T1", "25"));
    source.refused(settling(K::transfer_write_off, "T2", "1"));
    source.refused(settling(K::transfer_write_off, "T1", "0"));
    const auto lost = source.done(settling(K::transfer_write_off, "T1", "24"));
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].event.kind == "transfer.written_off");
    CHECK(step(lost[0]).flags == filial::schema::kFlagWrittenOff);
    CHECK(source.hand("22423") == "-24");
    CHECK(source.refused(transfer(K::transfer_cancel, "T1", "store1")).find("nothing out") !=
          std::string::npos);
    const auto again = source.done(settling(K::transfer_write_off, "T1", "0"));
    CHECK(step(again[0]).quantity == Quantity{-24'000});
    source.done(transfer(K::transfer_cancel, "T1", "store1"));
    CHECK(source.replayed().all() == source.state().all());
}

TEST_CASE("N7: found goods are settled at the source, which books them as gone after all") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "21213", "24"));
    source.done(transfer(K::transfer_cancel, "T1", "store1"));
    tell_each_other(source, destination);
    CHECK(source.hand("21213") == "0");
    destination.done(transfer(K::transfer_receive, "T1", "warehouse", "21213", "24"));
    tell_each_other(source, destination);
    const auto gone = source.done(settling(K::transfer_correct, "T1", "24"));
    CHECK(stock(gone[0]).delta == Quantity{-24'000});
    CHECK(source.hand("21213") == "-24");
    CHECK(source.replayed().all() == source.state().all());
}

TEST_CASE("N7: of a transfer that was corrected, only what is still out comes back") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "21213", "24"));
    source.done(settling(K::transfer_correct, "T1", "20"));
    source.done(settling(K::transfer_write_off, "T1", "5"));
    source.done(transfer(K::transfer_cancel, "T1", "store1"));
    tell_each_other(source, destination);
    CHECK(source.hand("21213") == "-5");
}

TEST_CASE("N7: a sending that is written after its receipt was told counts the receipt") {
    for (const char* quantity : {"24", "20"}) {
        CAPTURE(quantity);
        StoreLog source("warehouse");
        StoreLog destination("store1");
        destination.done(transfer(K::transfer_receive, "T1", "warehouse", "22423", "20"));
        const auto told = source.take_from(destination);
        REQUIRE(told.size() == 1);
        CHECK(told[0].event.kind == "transfer.settled");
        CHECK(step(told[0]).flags == 0);
        const auto sent =
            source.done(transfer(K::transfer_send, "T1", "store1", "22423", quantity));
        const bool differs = quantity != std::string("20");
        const std::uint64_t difference = filial::schema::kFlagDifference;
        CHECK(step(sent[1]).flags == (differs ? difference : 0));
        CHECK(source.refused(transfer(K::transfer_cancel, "T1", "store1")).find("received") !=
              std::string::npos);
        CHECK(source.refused(settling(K::transfer_write_off, "T1", "5")).find("are out") !=
              std::string::npos);
        CHECK(source.replayed().all() == source.state().all());
    }
}
