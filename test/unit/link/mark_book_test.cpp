#include "core/link/mark_book.h"

#include <doctest/doctest.h>

#include <cstdint>

using namespace filial;
using namespace filial::schema;
using core::BootTime;
using core::kSecond;
using core::ManualClock;
using core::MarkBook;

namespace {

MarkMessage mark_of(std::uint32_t epoch, std::uint64_t counter, std::int64_t at = 0,
                    std::int64_t dwell_us = 0, bool exact = true) {
    Mark mark;
    mark.store = StoreId{"store1"};
    mark.epoch = Epoch{epoch};
    mark.counter = counter;
    mark.at = Timestamp{at};
    MarkMessage message;
    message.mark = encode(mark);
    message.signature = "sig";
    message.dwell_us = dwell_us;
    message.dwell_exact = exact;
    return message;
}

const core::HeldMark& held(const MarkBook& book) {
    const auto* mark = book.find(StoreId{"store1"});
    REQUIRE(mark != nullptr);
    return *mark;
}

std::int64_t age(const core::HeldMark& mark, const ManualClock& clock, bool& exact) {
    return mark.age_us(clock.boot(), clock.boot_id(), exact);
}

}  // namespace

TEST_CASE("mark book: the newest is the greatest epoch and counter, whatever the clocks say") {
    MarkBook book;
    ManualClock clock;
    CHECK(*book.offer(mark_of(1, 5, 1'000), clock, clock.boot()));
    CHECK(!*book.offer(mark_of(1, 5, 9'000), clock, clock.boot()));
    CHECK(!*book.offer(mark_of(1, 4, 9'000), clock, clock.boot()));
    CHECK(*book.offer(mark_of(1, 6, 10), clock, clock.boot()));
    CHECK(held(book).mark.at == Timestamp{10});
    CHECK(*book.offer(mark_of(2, 1, 5), clock, clock.boot()));
    CHECK(!*book.offer(mark_of(1, 99, 99'000), clock, clock.boot()));
    CHECK(held(book).mark.epoch == Epoch{2});
    CHECK(book.all().size() == 1);
}

TEST_CASE("mark book: damaged bytes are refused and change nothing") {
    MarkBook book;
    ManualClock clock;
    CHECK(*book.offer(mark_of(1, 5), clock, clock.boot()));
    MarkMessage damaged = mark_of(1, 6);
    damaged.mark.pop_back();
    CHECK(book.offer(damaged, clock, clock.boot()).error().code == Errc::corrupt);
    CHECK(held(book).mark.counter == 5);
}

TEST_CASE("mark book: the time at each relay is added to the mark's age") {
    ManualClock clock;
    MarkBook origin, relay, last;
    CHECK(*origin.offer(mark_of(1, 1, 0, 0), clock, clock.boot()));
    clock.advance(3 * kSecond);
    const MarkMessage first = origin.outgoing(held(origin), clock);
    CHECK(first.dwell_us == 3 * kSecond);
    CHECK(first.mark == mark_of(1, 1).mark);
    CHECK(first.signature == "sig");

    ManualClock other;  // Another machine: another boot, another time since it.
    other.advance(1'000 * kSecond);
    other.reboot("boot-9");
    CHECK(*relay.offer(first, other, other.boot()));
    other.advance(4 * kSecond);
    const MarkMessage second = relay.outgoing(held(relay), other);
    CHECK(second.dwell_us == 7 * kSecond);
    CHECK(second.dwell_exact);
    CHECK(*last.offer(second, clock, clock.boot()));
    clock.advance(kSecond);
    bool exact = false;
    CHECK(age(held(last), clock, exact) == 8 * kSecond);
    CHECK(exact);
}

TEST_CASE("mark book: the wall clock has no part in an age") {
    ManualClock clock;
    MarkBook book;
    CHECK(*book.offer(mark_of(1, 1, 0, 2 * kSecond), clock, clock.boot()));
    clock.set_wall(Timestamp{0});
    bool exact = false;
    CHECK(age(held(book), clock, exact) == 2 * kSecond);
}

TEST_CASE("mark book: after a restart of the machine the age is at least what is known") {
    ManualClock clock;
    MarkBook book;
    clock.advance(50 * kSecond);
    CHECK(*book.offer(mark_of(1, 1, 0, 10 * kSecond), clock, clock.boot()));
    const Bytes saved = MarkBook::save(held(book));

    MarkBook same;  // The process restarts, the machine does not: still exact.
    REQUIRE(same.restore(saved));
    clock.advance(5 * kSecond);
    bool exact = false;
    CHECK(age(held(same), clock, exact) == 15 * kSecond);
    CHECK(exact);

    clock.reboot("boot-2");
    MarkBook again;
    REQUIRE(again.restore(saved));
    clock.advance(20 * kSecond);
    const std::int64_t since_boot = clock.boot().value();
    CHECK(age(held(again), clock, exact) == 10 * kSecond + since_boot);
    CHECK(!exact);
    const MarkMessage onwards = again.outgoing(held(again), clock);
    CHECK(!onwards.dwell_exact);
    MarkBook next;
    CHECK(*next.offer(onwards, clock, clock.boot()));
    clock.advance(kSecond);
    CHECK(age(held(next), clock, exact) == 11 * kSecond + since_boot);
    CHECK(!exact);  // "At least" is never forgotten on the way.
}

TEST_CASE("mark book: a kept mark never replaces a newer one") {
    MarkBook book;
    ManualClock clock;
    CHECK(*book.offer(mark_of(1, 4), clock, clock.boot()));
    const Bytes saved = MarkBook::save(held(book));
    CHECK(*book.offer(mark_of(1, 5), clock, clock.boot()));
    REQUIRE(book.restore(saved));
    CHECK(held(book).mark.counter == 5);
    book.erase(StoreId{"store1"});
    CHECK(book.find(StoreId{"store1"}) == nullptr);
    REQUIRE(book.restore(saved));
    CHECK(held(book).mark.counter == 4);
}

TEST_CASE("mark book: a dwell time that cannot be is an age that is not exact, and never wraps") {
    ManualClock clock;
    bool exact = true;
    MarkBook negative;
    CHECK(*negative.offer(mark_of(1, 1, 0, -5), clock, clock.boot()));
    CHECK(age(held(negative), clock, exact) == 0);
    CHECK(!exact);
    MarkBook huge;
    CHECK(*huge.offer(mark_of(1, 1, 0, INT64_MAX), clock, clock.boot()));
    clock.advance(kSecond);
    CHECK(age(held(huge), clock, exact) > INT64_MAX / 4);
    CHECK(huge.outgoing(held(huge), clock).dwell_us > 0);
}

TEST_CASE("mark book: a kept value that is damaged or of another version is refused") {
    MarkBook book;
    ManualClock clock;
    CHECK(*book.offer(mark_of(1, 4), clock, clock.boot()));
    const Bytes saved = MarkBook::save(held(book));
    for (std::size_t cut = 0; cut < saved.size(); ++cut) {
        CHECK(MarkBook::decode_held(saved.substr(0, cut)).error().code == Errc::corrupt);
    }
    Bytes newer = saved;
    newer[1] = 2;
    CHECK(book.restore(newer).error().code == Errc::schema_too_new);
    CHECK(held(book).mark.counter == 4);
}
