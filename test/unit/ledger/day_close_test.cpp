#include "ledger/day_close.h"

#include <doctest/doctest.h>

#include "ledger/day_totals.h"
#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::DayClosed;
using filial::schema::Epoch;
using filial::schema::Errc;
using filial::schema::Position;
using filial::schema::Sequence;
using filial::schema::StoreId;
using K = filial::schema::OperationKind;

namespace {

Position place(const char* store, std::uint64_t seq) {
    return {StoreId{store}, Epoch{1}, Sequence{seq}};
}

filial::schema::Operation close(const std::string& date, std::vector<Position> cut,
                                std::vector<std::string> late = {}) {
    filial::schema::Operation operation;
    operation.kind = filial::schema::OperationKind::close_day;
    operation.subject = date;
    operation.payload =
        filial::schema::encode(DayClosed{-180, std::move(cut), std::move(late), ""});
    return operation;
}

DayClosed closed(const filial::schema::LoggedEvent& logged) {
    REQUIRE(logged.event.kind == "day.closed");
    REQUIRE(logged.event.topic == "control");
    filial::schema::Parser parser;
    const auto day = filial::schema::decode_day_closed(parser, logged.event.payload);
    REQUIRE(day);
    return *day;
}

}  // namespace

TEST_CASE("N12: a close is a cut of positions in the closer's log, with who was late") {
    StoreLog head("head");
    const auto made = head.done(
        close("2010-12-01", {place("store2", 7), place("store1", 5)}, {"store7", "store2"}));
    REQUIRE(made.size() == 1);
    CHECK(made[0].event.key == "2010-12-01");
    const DayClosed day = closed(made[0]);
    CHECK(day.cut == std::vector<Position>{place("store1", 5), place("store2", 7)});
    CHECK(day.late == std::vector<std::string>{"store2", "store7"});
    CHECK(day.offset_minutes == -180);
    CHECK(day.previous == "");
}

TEST_CASE("N12: a day is closed once, and cuts never go back") {
    StoreLog head("head");
    head.done(close("2010-12-01", {place("store1", 5), place("store2", 7)}));
    CHECK(head.refused(close("2010-12-01", {place("store1", 9)})).find("next day") !=
          std::string::npos);
    head.refused(close("2010-11-30", {place("store1", 9)}));
    // A replica that was reset, or does not have store2 any more, takes nothing out of the cut.
    const DayClosed next = closed(head.done(close("2010-12-03", {place("store1", 3)}))[0]);
    CHECK(next.cut == std::vector<Position>{place("store1", 5), place("store2", 7)});
    CHECK(next.previous == "2010-12-01");
    CHECK(head.replayed().all() == head.state().all());
}

TEST_CASE("N12: what is no cut of a day is refused before it is booked") {
    StoreLog head("head");
    head.refused(close("2010-12-32", {place("store1", 1)}), Errc::invalid);
    head.refused(close("yesterday", {place("store1", 1)}), Errc::invalid);
    head.refused(close("2010-12-01", {}), Errc::invalid);
    head.refused(close("2010-12-01", {place("store1", 1), place("store1", 2)}), Errc::invalid);
    auto damaged = close("2010-12-01", {place("store1", 1)});
    damaged.payload.pop_back();
    head.refused(damaged, Errc::invalid);
}

TEST_CASE("N12: reserved goods count as sold where they leave, on the day when they are shipped") {
    StoreLog warehouse("warehouse");
    StoreLog shop("store2");
    warehouse.done(goods(K::receive, "22423", "10"));
    warehouse.done(with_peer(goods(K::reserve, "22423", "5"), "store2"));
    shop.take_from(warehouse);
    shop.done(with_peer(goods(K::sell_reserved, "22423", "3"), "warehouse"));
    warehouse.take_from(shop);
    warehouse.done(with_peer(goods(K::ship, "22423", "3"), "store2"));
    const auto day_of = [](const StoreLog& store) {
        filial::ledger::DaySum sum(0);
        for (const auto& logged : store.log()) REQUIRE(sum.add(logged.event));
        return sum.days().empty() ? filial::ledger::DayTotals{} : sum.days().begin()->second;
    };
    CHECK(to_string(day_of(warehouse).sold) == "3");
    CHECK(to_string(day_of(warehouse).corrected) == "0");
    CHECK(to_string(day_of(shop).sold) == "0");
}
