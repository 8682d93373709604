#include "ledger/flags.h"

#include <doctest/doctest.h>

#include "ledger/notices.h"
#include "test/unit/ledger/store_log.h"

using namespace filial;
using namespace filial::test;
using K = filial::schema::OperationKind;

namespace {

std::uint64_t counted(const schema::Event& event) {
    schema::Parser parser;
    const auto flags = ledger::flags_of(parser, event);
    REQUIRE(flags);
    return *flags;
}

std::uint64_t counted(const std::vector<schema::LoggedEvent>& made) {
    std::uint64_t all = 0;
    for (const schema::LoggedEvent& logged : made) {
        const std::uint64_t flags = counted(logged.event);
        CHECK((all & flags) == 0);
        all |= flags;
    }
    return all;
}

}  // namespace

TEST_CASE("flags: each finding is counted once, where it was found") {
    StoreLog home("store1");
    StoreLog other("store2");
    home.done(person(K::customer_add, "ann", "store1", {}));
    other.done(person(K::customer_add, "ann", "store1", {}));
    home.done(money(K::limit, "ann", "100.00"));

    // Nothing is granted there: in debt.moved, not in debt.told, nor in debt.applied at home.
    CHECK(counted(other.done(money(K::charge, "ann", "5.00"))) == schema::kFlagNoRoom);
    CHECK(counted(home.take_from(other)) == 0);

    // Home alone knows that a document was paid before.
    CHECK(counted(other.done(money(K::pay, "ann", "5.00", "B1"))) == 0);
    CHECK(counted(home.done(money(K::pay, "ann", "5.00", "B1"))) == 0);
    CHECK(counted(home.take_from(other)) == schema::kFlagPaidTwice);

    home.done(with_peer(money(K::grant, "ann", "60.00"), "store2"));
    CHECK(counted(home.done(money(K::limit, "ann", "10.00"))) == schema::kFlagOverCommitted);
    other.take_from(home);
    CHECK(counted(other.done(as_fact(money(K::charge, "ann", "80.00")))) ==
          (schema::kFlagFact | schema::kFlagNoRoom));

    const auto notice = other.log().back();
    const schema::Position at{schema::StoreId{"store2"}, notice.epoch, notice.seq};
    CHECK(counted(ledger::take_undecided(at, notice.event, {})) == schema::kFlagUndecided);
}

TEST_CASE("flags: more than was reserved is counted where it was sold, and where it was shipped") {
    StoreLog place("warehouse");
    StoreLog holder("store2");
    place.done(goods(K::receive, "22423", "10"));
    place.done(with_peer(goods(K::reserve, "22423", "2"), "store2"));
    holder.take_from(place);
    const auto sale = as_fact(with_peer(goods(K::sell_reserved, "22423", "3"), "warehouse"));
    CHECK(counted(holder.done(sale)) == (schema::kFlagFact | schema::kFlagNoRoom));
    CHECK(counted(place.take_from(holder)) == 0);
    CHECK(counted(place.done(with_peer(goods(K::ship, "22423", "3"), "store2"))) == 0);
    CHECK(counted(holder.take_from(place)) == 0);
}
