#include "subscriber/debt_as_of.h"

#include <doctest/doctest.h>

using namespace filial;
using namespace filial::subscriber;
using schema::Epoch;
using schema::Position;
using schema::Sequence;
using schema::StoreId;

namespace {

const StoreId kHome{"store1"}, kOther{"store2"};

/// Home's mark when its debts ended at `own` and it had applied `other` of store2.
core::HeldMark mark(std::uint64_t counter, std::uint64_t own, std::uint64_t other,
                    std::uint32_t epoch = 1) {
    core::HeldMark held;
    held.mark.store = kHome;
    held.mark.epoch = Epoch{epoch};
    held.mark.counter = counter;
    held.mark.ends = {{"debts", Sequence{own}}, {"stock", Sequence{own + 100}}};
    held.mark.applied = {{kHome, Epoch{epoch}, {{"debts", Sequence{own + 50}}}},
                         {kOther, Epoch{1}, {{"debts", Sequence{other}}}}};
    return held;
}

/// Replicas that are so far in both logs.
DebtAsOf::DebtsOf here(std::uint64_t own, std::uint64_t other, std::uint32_t epoch = 1) {
    return [=](const StoreId& store) {
        return store == kHome ? Position{store, Epoch{epoch}, Sequence{own}}
                              : Position{store, Epoch{1}, Sequence{other}};
    };
}

std::uint64_t found(const DebtAsOf& book, const DebtAsOf::DebtsOf& debts) {
    const AsOfMark* mark = book.find(kHome, debts);
    return mark == nullptr ? 0 : mark->held.mark.counter;
}

}  // namespace

TEST_CASE("debt as-of: a mark counts when home's end and what home had applied are both here") {
    DebtAsOf book;
    CHECK(found(book, here(9, 9)) == 0);
    book.offer(mark(1, 5, 2), "broker head");
    book.offer(mark(2, 7, 4), "broker head");
    CHECK(found(book, here(4, 9)) == 0);
    CHECK(found(book, here(9, 1)) == 0);
    CHECK(found(book, here(9, 3)) == 1);
    CHECK(found(book, here(6, 4)) == 1);
    CHECK(found(book, here(7, 4)) == 2);
    // Logs that were loaded again begin anew, and so does what is known of the debt.
    CHECK(found(book, here(0, 0)) == 0);
}

TEST_CASE("debt as-of: a mark of a later epoch needs that epoch, an older mark is left out") {
    DebtAsOf book;
    book.offer(mark(5, 7, 4, 2), "broker head");
    book.offer(mark(9, 5, 2, 1), "broker head");
    CHECK(found(book, here(9, 9, 1)) == 0);
    CHECK(found(book, here(7, 4, 2)) == 5);
}

TEST_CASE("debt as-of: of many marks the next that can be reached and the newest are kept") {
    DebtAsOf book;
    for (std::uint64_t i = 1; i <= 100; ++i) book.offer(mark(i, i, 0), "broker head");
    CHECK(found(book, here(1, 0)) == 1);
    CHECK(found(book, here(100, 0)) == 100);
    CHECK(found(book, here(50, 0)) >= 1);
}

TEST_CASE("debt as-of: differences to an earlier mark do not say what home had") {
    DebtAsOf book;
    core::HeldMark held = mark(3, 5, 2);
    held.mark.applied_since = 2;
    book.offer(held, "broker head");
    CHECK(found(book, here(9, 9)) == 0);
}
