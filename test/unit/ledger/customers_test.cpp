#include <doctest/doctest.h>

#include "schema/trade_payloads.h"
#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Errc;
using filial::schema::Position;
using filial::schema::Sequence;
using K = filial::schema::OperationKind;

TEST_CASE("S12: a registration names the home and its fields, once a store") {
    StoreLog store("store1");
    const auto added =
        store.done(person(K::customer_add, "12431", "store12", {{"country", "Australia"}}));
    CHECK(added[0].event.kind == "customer.registered");
    CHECK(customer(added[0]).home == "store12");
    CHECK(customer(added[0]).fields.at(0).value == "Australia");
    CHECK(customer(added[0]).fields.at(0).seen.empty());

    const std::string why = store.refused(person(K::customer_add, "12431", "store1", {}));
    CHECK(why.find("customer-edit") != std::string::npos);
}

TEST_CASE("S13: an edit names exactly the own write that it replaces") {
    StoreLog store("store12");
    store.done(goods(K::sell, "1", "1"));
    store.done(
        person(K::customer_add, "12431", "store12", {{"country", "Australia"}, {"name", "A"}}));
    const auto edited = store.done(person(K::customer_edit, "12431", "", {{"country", "Belgium"}}));
    const Position registered{store.name(), filial::schema::Epoch{1}, Sequence{2}};
    const auto field = customer(edited[0]).fields.at(0);
    CHECK(customer(edited[0]).home == "");
    REQUIRE(field.seen.size() == 1);
    CHECK(field.seen[0] == registered);

    const auto again =
        store.done(person(K::customer_edit, "12431", "", {{"country", "Austria"}, {"name", "B"}}));
    CHECK(customer(again[0]).fields.at(0).seen.at(0).seq == Sequence{3});
    CHECK(customer(again[0]).fields.at(1).seen.at(0).seq == Sequence{2});
}

TEST_CASE("customers: one whom the own log does not know can be edited, having seen nothing") {
    StoreLog store("store11");
    const auto edited = store.done(person(K::customer_edit, "12431", "", {{"country", "Belgium"}}));
    CHECK(customer(edited[0]).fields.at(0).seen.empty());
    // Registering him afterwards replaces what this store wrote itself.
    const auto added =
        store.done(person(K::customer_add, "12431", "store12", {{"country", "Australia"}}));
    CHECK(customer(added[0]).fields.at(0).seen.at(0).seq == Sequence{1});
}

TEST_CASE("customers: a field that stands twice is refused") {
    StoreLog store("store1");
    const auto events = filial::ledger::decide(
        store.state(), store.name(),
        person(K::customer_add, "1", "store1", {{"name", "A"}, {"name", "B"}}));
    REQUIRE_FALSE(events);
    CHECK(events.error().code == Errc::invalid);
}

TEST_CASE("N11: an edit by one who was shown values replaces exactly those") {
    StoreLog store("store11");
    store.done(person(K::customer_edit, "12431", "", {{"country", "Belgium"}, {"name", "A"}}));
    const Position shown{filial::schema::StoreId{"store12"}, filial::schema::Epoch{1}, Sequence{9}};
    auto edit = person(K::customer_edit, "12431", "", {{"country", "France"}, {"name", "B"}});
    edit.payload = filial::schema::encode(filial::schema::SeenWrites{{{"country", {shown}}}});
    const auto edited = customer(store.done(edit)[0]);
    CHECK(edited.fields.at(0).seen == std::vector<Position>{shown});
    REQUIRE(edited.fields.at(1).seen.size() == 1);
    CHECK(edited.fields.at(1).seen[0].seq == Sequence{1});
}

TEST_CASE("N11: a resolution names what it settles") {
    StoreLog store("store11");
    auto resolve = person(K::customer_resolve, "12431", "", {{"country", "France"}});
    store.refused(resolve, Errc::invalid);
    resolve.payload = "damaged";
    store.refused(resolve, Errc::invalid);
    const Position one{filial::schema::StoreId{"store12"}, filial::schema::Epoch{1}, Sequence{9}};
    const Position two{filial::schema::StoreId{"store11"}, filial::schema::Epoch{1}, Sequence{4}};
    resolve.payload = filial::schema::encode(filial::schema::SeenWrites{{{"country", {one, two}}}});
    const auto made = store.done(resolve);
    CHECK(made[0].event.kind == "customer.edited");
    CHECK(customer(made[0]).fields.at(0).seen == std::vector<Position>{one, two});
}
