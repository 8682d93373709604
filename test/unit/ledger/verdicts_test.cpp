#include "ledger/verdicts.h"

#include <doctest/doctest.h>

#include "schema/verdict_payload.h"
#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Epoch;
using filial::schema::Errc;
using filial::schema::Sequence;
using filial::schema::StoreId;
using filial::schema::StoreVerdict;
using K = filial::schema::OperationKind;

namespace {

filial::schema::Operation verdict(const std::string& store, std::uint64_t seq,
                                  const std::string& finding, const std::string& topic = "stock") {
    StoreVerdict said;
    said.cause = {StoreId{store}, Epoch{1}, Sequence{seq}};
    said.topic = topic;
    said.finding = finding;
    said.text = "look at it";
    filial::schema::Operation operation;
    operation.kind = K::verdict;
    operation.subject = "tea";
    operation.peer = store;
    operation.payload = filial::schema::encode(said);
    return operation;
}

}  // namespace

TEST_CASE("S35: a verdict about a customer's event, and taking it, stand in topic accounts") {
    StoreLog office("office"), store("store1");
    for (const char* topic : {"stock", "control", "prices", "debts", "customers", "accounts"}) {
        CAPTURE(topic);
        const auto made = office.done(verdict("store1", office.log().size() + 1, "no-room", topic));
        const std::string about(topic);
        const bool of_customer = about == "debts" || about == "customers" || about == "accounts";
        CHECK(made[0].event.topic == (of_customer ? "accounts" : "control"));
        const auto taken = store.take({office.name(), made[0].epoch, made[0].seq}, made[0].event);
        REQUIRE(taken.size() == 1);
        CHECK(taken[0].event.kind == "notice.taken");
        CHECK(taken[0].event.topic == made[0].event.topic);
    }
}

TEST_CASE("S14: each event is judged once for each finding") {
    StoreLog office("office");
    const auto made = office.done(verdict("store1", 7, "below-zero"));
    REQUIRE(made.size() == 1);
    CHECK(made[0].event.kind == "store.verdict");
    CHECK(made[0].event.topic == "control");
    CHECK(made[0].event.addressee == "store1");
    CHECK(made[0].event.key == "tea");
    CHECK(office.refused(verdict("store1", 7, "below-zero"), Errc::already_done).find("before") !=
          std::string::npos);
    office.done(verdict("store1", 7, "no-room"));
    office.done(verdict("store1", 8, "below-zero"));
    office.done(verdict("store2", 7, "below-zero"));
    // The log alone says what was told: a new machine tells nothing again.
    CHECK(office.replayed().all() == office.state().all());
}

TEST_CASE("S14: a verdict names an event of the store that it is for, never of its teller") {
    StoreLog office("office");
    auto other = verdict("store1", 7, "below-zero");
    other.peer = "store2";
    office.refused(other, Errc::invalid);
    office.refused(verdict("store1", 0, "below-zero"), Errc::invalid);
    office.refused(verdict("store1", 7, ""), Errc::invalid);
    office.refused(verdict("office", 7, "below-zero"), Errc::invalid);
    auto damaged = verdict("store1", 7, "below-zero");
    damaged.payload.pop_back();
    office.refused(damaged, Errc::invalid);
}

TEST_CASE("S15: the store takes a verdict as a notice, once") {
    StoreLog office("office"), store("store1"), other("store2");
    office.done(verdict("store1", 7, "below-zero"));
    const auto taken = store.take_from(office);
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].event.kind == "notice.taken");
    CHECK(store.take_from(office).empty());
    CHECK(other.take_from(office).empty());
}
