#include <doctest/doctest.h>

#include "ledger/notices.h"
#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Epoch;
using filial::schema::Event;
using filial::schema::LoggedEvent;
using filial::schema::Position;
using filial::schema::Sequence;
using filial::schema::StoreId;
using K = filial::schema::OperationKind;

namespace {

Position at(const char* store, std::uint64_t seq, std::uint32_t epoch = 1) {
    return {StoreId{store}, Epoch{epoch}, Sequence{seq}};
}

Event notice_of(const char* kind, const char* to) {
    Event event;
    event.topic = "control";
    event.kind = kind;
    event.key = "T1";
    event.addressee = to;
    event.payload = filial::schema::encode(filial::schema::TransferStep{});
    return event;
}

}  // namespace

TEST_CASE("notices: each becomes exactly one own event of topic control that names its cause") {
    StoreLog store("store1");
    const char* kinds[] = {
        "transfer.sent",          "transfer.received",       "transfer.cancel_requested",
        "transfer.cancel_agreed", "transfer.cancel_refused", "grant.given"};
    std::uint64_t seq = 0;
    for (const char* kind : kinds) {
        const auto made = store.take(at("store2", ++seq), notice_of(kind, "store1"));
        CAPTURE(kind);
        REQUIRE(made.size() == 1);
        CHECK(made[0].event.topic == "control");
        CHECK(made[0].event.number == seq);
        CHECK(made[0].event.client == filial::ledger::notice_client(StoreId{"store2"}));
        const auto last = filial::ledger::last_taken(store.state(), StoreId{"store2"});
        REQUIRE(last);
        CHECK(*last == at("store2", seq));
    }
    CHECK(store.log().back().event.kind == "notice.taken");
}

TEST_CASE("notices: one that comes again, or is not for this store, gives nothing") {
    StoreLog store("store1");
    const Event sent = notice_of("transfer.sent", "store1");
    CHECK(store.take(at("store2", 7), sent).size() == 1);
    CHECK(store.take(at("store2", 7), sent).empty());
    CHECK(store.take(at("store2", 6), sent).empty());
    CHECK(store.take(at("store3", 6), sent).size() == 1);
    CHECK(store.take(at("store2", 8), notice_of("transfer.sent", "store9")).empty());
    CHECK(store.take(at("store1", 9), sent).empty());
    CHECK(store.take(at("store2", 8), sent).size() == 1);
}

TEST_CASE("notices: what was taken is known again after the log is replayed") {
    StoreLog store("store1");
    store.take(at("store2", 7), notice_of("transfer.sent", "store1"));
    store.take(at("store3", 2), notice_of("grant.given", "store1"));
    const auto state = store.replayed();
    CHECK(*filial::ledger::last_taken(state, StoreId{"store2"}) == at("store2", 7));
    CHECK(*filial::ledger::last_taken(state, StoreId{"store3"}) == at("store3", 2));
}

TEST_CASE("notices: one that cannot be read or is newer than this version is taken and no more") {
    StoreLog store("store1");
    Event damaged = notice_of("transfer.cancel_requested", "store1");
    damaged.payload = "\xc1";
    CHECK(store.take(at("store2", 1), damaged)[0].event.kind == "notice.taken");
    Event newer = notice_of("transfer.cancel_requested", "store1");
    newer.version = 2;
    CHECK(store.take(at("store2", 2), newer)[0].event.kind == "notice.taken");
}

TEST_CASE("notices: agreement to a cancellation brings goods back only where they are still out") {
    StoreLog store("store1");
    store.done(transfer(K::transfer_send, "T1", "store2", "22423", "5"));
    // Not the destination.
    CHECK(store.take(at("store3", 1), notice_of("transfer.cancel_agreed", "store1")).size() == 1);
    CHECK(store.hand("22423") == "-5");
    CHECK(store.take(at("store2", 1), notice_of("transfer.cancel_agreed", "store1")).size() == 2);
    CHECK(store.hand("22423") == "0");
    const auto again = store.take(at("store2", 2), notice_of("transfer.cancel_agreed", "store1"));
    REQUIRE(again.size() == 1);
    CHECK(again[0].event.kind == "notice.taken");
    CHECK(store.hand("22423") == "0");
}

TEST_CASE("notices: what was received differently from what was sent is flagged with its reason") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    destination.done(transfer(K::transfer_receive, "T1", "warehouse", "22423", "20"));
    const auto settled = step(source.take_from(destination)[0]);
    CHECK(settled.flags == filial::schema::kFlagDifference);
    CHECK(settled.reason == "still out were 24");
    // The announcement comes after the goods.
    const auto expected = step(destination.take_from(source)[0]);
    CHECK(expected.flags == filial::schema::kFlagDifference);
    CHECK(expected.reason == "received were 20");
}

TEST_CASE("N7: a receipt of what did not leave this store yet is settled and says so") {
    StoreLog store("store1");
    const auto made = store.take(at("store2", 1), notice_of("transfer.received", "store1"));
    CHECK(made[0].event.kind == "transfer.settled");
    CHECK(step(made[0]).flags == 0);
    CHECK(step(made[0]).reason == "it was not sent from here yet");
}

TEST_CASE("notices: only the store that sent the goods can have them cancelled") {
    StoreLog source("warehouse");
    StoreLog destination("store1");
    source.done(transfer(K::transfer_send, "T1", "store1", "22423", "24"));
    destination.take_from(source);
    const auto made =
        destination.take(at("store9", 1), notice_of("transfer.cancel_requested", "store1"));
    CHECK(made[0].event.kind == "transfer.cancel_refused");
    CHECK(made[0].event.addressee == "store9");
}
