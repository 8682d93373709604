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

TEST_CASE("broker: of a replica's mark only the counter counts, for who makes the marks alone") {
    Company company;
    company.admit("store1");
    const core::Keys keys = *core::make_keys();
    REQUIRE(core::AllowList::admit(
        company.dir / "allow.toml",
        core::Admission{.store = "store2", .key = keys.curve_public, .relay = true}));
    LogMaker log("store1"), nothing("store2");
    log.sell(5);
    Source source(log), replica(nothing);
    auto store = company.dial(source, company.machine(1));
    core::Exchange other{replica, company.clock, *company.store_net,
                         nullptr, &keys,         {StoreId{"store2"}, "subscriber", {}, {}}};
    REQUIRE(other.dial({"head", company.endpoint, company.head_keys.curve_public}, "subscriber"));
    const auto run = [&](const auto& holds, int seconds = 20) {
        return company.run(
            *store,
            [&] {
                REQUIRE(other.turn(std::chrono::milliseconds{1}));
                return holds();
            },
            seconds);
    };
    const auto tells = [&](std::uint64_t counter) {
        return other.tell("head/broker", mark_of(company.clock, counter, 99));
    };
    const auto held = [&] {
        const core::HeldMark* mark = company.head.marks().find(StoreId{"store1"});
        return mark == nullptr ? 0 : mark->mark.counter;
    };
    REQUIRE(
        store->marks().offer(mark_of(company.clock, 7, 6), company.clock, company.clock.boot()));
    store->announce(StoreId{"store1"});
    REQUIRE(run([&] { return held() == 7; }));

    // Too far above to be of a copy of that machine, or not above at all.
    REQUIRE(run([&] { return tells(8 + (std::uint64_t{1} << 36)); }));
    CHECK(tells(7));
    CHECK_FALSE(run([&] { return !source.outcounted_by.empty(); }, 1));

    // One a second, whatever is said.
    for (std::uint64_t more = 0; more < 5; ++more) CHECK(tells(900 + more));
    REQUIRE(run([&] { return !source.outcounted_by.empty(); }));
    CHECK(source.outcounted_by.front() == 900);
    run([] { return false; }, 1);
    CHECK(source.outcounted_by.size() == 1);
    const core::HeldMark* mark = company.head.marks().find(StoreId{"store1"});
    CHECK(mark->mark.counter == 7);
    CHECK(mark->mark.end == Sequence{6});
    CHECK(replica.outcounted_by.empty());
}

}  // namespace filial::broker
