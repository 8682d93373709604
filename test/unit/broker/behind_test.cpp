// Marks of a publisher that counts below what a broker holds: a copy of its machine made those.
#include <doctest/doctest.h>

#include "schema/mark.h"
#include "test/unit/broker/company.h"

namespace filial::broker {
namespace {

schema::MarkMessage mark_of(const core::Clock& clock, std::uint64_t counter, std::uint64_t end) {
    schema::Mark mark;
    mark.store = StoreId{"store1"};
    mark.epoch = schema::Epoch{1};
    mark.counter = counter;
    mark.at = clock.wall();
    mark.end = Sequence{end};
    schema::MarkMessage message;
    message.mark = schema::encode(mark);
    return message;
}

}  // namespace

TEST_CASE("broker: a publisher whose marks are older than the one held is told of that one") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(5);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    const auto says = [&](std::uint64_t counter) {
        REQUIRE(store->marks().offer(mark_of(company.clock, counter, 6), company.clock,
                                     company.clock.boot()));
        store->announce(StoreId{"store1"});
    };
    const auto held = [&] {
        const core::HeldMark* mark = company.head.marks().find(StoreId{"store1"});
        return mark == nullptr ? 0 : mark->mark.counter;
    };
    const auto theirs = mark_of(company.clock, 900, 6);
    REQUIRE(company.head.marks().offer(theirs, company.clock, company.clock.boot()));
    says(7);
    CHECK(company.run(*store, [&] { return !source.outcounted_by.empty(); }));
    CHECK(source.outcounted_by.front() == 900);
    CHECK(held() == 900);

    // Above it nobody is told anything, nor of the own mark that comes again with a session.
    source.outcounted_by.clear();
    says(901);
    CHECK(company.run(*store, [&] { return held() == 901; }));
    store = company.dial(source, company.machine(1));
    says(901);
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{6}; }));
    says(902);
    CHECK(company.run(*store, [&] { return held() == 902; }));
    CHECK(source.outcounted_by.empty());
}

}  // namespace filial::broker
