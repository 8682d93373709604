// What a broker keeps for readers, and for whom it waits.
#include "broker/retention.h"

#include <doctest/doctest.h>

#include "core/journal/log_base.h"
#include "schema/names.h"
#include "schema/payloads.h"
#include "test/support/memory_journal.h"

namespace filial::broker {
namespace {

using schema::Sequence;
using schema::StoreId;

constexpr std::int64_t kDay = 86'400 * core::kSecond;
const StoreId kKeptLog{"store1"};

/// A broker that gets one sale and one value a day, `bytes` large.
struct Days {
    test::MemoryJournal journal{};
    core::ManualClock clock{};
    ReceiverRegistry registry = *ReceiverRegistry::load(journal);

    void pass(int days, std::size_t bytes = 10) {
        for (int day = 0; day < days; ++day) {
            core::Append append;
            append.store = kKeptLog;
            append.epoch = schema::Epoch{1};
            append.after = journal.end(kKeptLog);
            append.upto = Sequence{append.after.value() + 2};
            append.at = clock.wall();
            schema::Event sale, value;
            sale.kind = schema::kStockMoved;
            sale.key = "sku";
            sale.payload = encode(schema::StockMoved{schema::Quantity{1}, "sale", "", 0, {}});
            value.kind = schema::kAppValue;
            value.key = "name";
            value.payload = schema::Bytes(bytes, 'v');
            for (const auto& [topic, event] :
                 {std::pair{std::string("stock"), sale}, {std::string("names"), value}}) {
                schema::Segment segment;
                segment.topic = topic;
                segment.epoch = append.epoch;
                segment.add(Sequence{append.after.value() + (topic == "stock" ? 1 : 2)}, {},
                            encode_row(event));
                append.segments.push_back(std::move(segment));
            }
            core::JournalWrite write;
            write.appends.push_back(std::move(append));
            REQUIRE(journal.commit(write, true));
            clock.advance(kDay);
        }
    }
    void holds(const std::string& receiver, std::vector<schema::TopicEnd> after) {
        core::Peer peer;
        peer.store = schema::store_of(receiver);
        peer.name = receiver;
        schema::Fetch fetch;
        fetch.store = kKeptLog;
        fetch.after = std::move(after);
        REQUIRE(registry.reached(peer, fetch, clock.wall()));
    }
    void look(Retention& retention) {
        clock.advance(61 * core::kSecond);  // The next look is due.
        for (int turn = 0; turn < 20; ++turn) {
            const auto done = retention.turn(clock.boot(), clock.wall(), registry);
            REQUIRE_MESSAGE(done, done.error().message);
        }
    }
    std::uint64_t kept_after(const std::string& topic) const {
        return journal.head(kKeptLog)->find(topic)->kept_after.value();
    }
};

KeepPolicy policy(std::int64_t days, std::int64_t tap_days = 90,
                  std::uint64_t quota = std::uint64_t{1} << 30) {
    return {days * kDay, tap_days * kDay, quota};
}

TEST_CASE("retention: events are kept so many days, a replica that is behind holds up nothing") {
    Days days;
    Retention keeps_all(days.journal, {});
    Retention retention(days.journal, policy(30));
    days.holds("store2/subscriber", {{"stock", Sequence{2}}, {"names", Sequence{2}}});
    days.pass(60);
    days.look(keeps_all);
    CHECK(days.kept_after("stock") == 0);
    days.look(retention);
    // The first 31 days' events are older than 30 days, by a minute at least.
    CHECK(days.kept_after("stock") == 2 * 31 - 1);
    CHECK(days.kept_after("names") == 2 * 31);
    CHECK(retention.events_trimmed() == 62);
    CHECK(retention.trouble().empty());
    const auto base = core::base_of(days.journal, kKeptLog, "stock");
    REQUIRE(base);
    CHECK((*base)->events == 31);
    days.pass(1);
    days.look(retention);
    CHECK(days.kept_after("stock") == 2 * 32 - 1);
}

TEST_CASE("retention: another broker holds its events until it is removed") {
    Days days;
    Retention retention(days.journal, policy(30));
    days.holds("depot/broker", {{"*", Sequence{20}}});
    days.pass(60);
    days.look(retention);
    CHECK(days.kept_after("stock") == 19);
    CHECK(days.kept_after("names") == 20);
    days.registry.forget("depot/broker");
    days.look(retention);
    CHECK(days.kept_after("stock") == 61);
}

TEST_CASE(
    "retention: another broker that lacks what is gone already holds up nothing, and is told") {
    Days days;
    Retention retention(days.journal, policy(30));
    days.pass(60);
    days.look(retention);
    days.holds("depot/broker", {{"*", Sequence{0}}});
    const auto why = [&] {
        const auto& held = days.registry.all().at({"depot/broker", kKeptLog});
        return retention.why_suspended("depot/broker", kKeptLog, held);
    };
    CHECK(why().find("it gets nothing of this log: ") == 0);
    CHECK(why().find("let store1 dial it") != std::string::npos);
    days.pass(10);
    days.look(retention);
    CHECK(days.kept_after("stock") == 2 * 41 - 1);
    days.holds("depot/broker", {{"*", Sequence{90}}});
    CHECK(why().empty());
}

TEST_CASE("retention: a tap holds its events for its days and bytes, then it is suspended") {
    Days days;
    Retention by_days(days.journal, policy(10, 40));
    days.holds("store2/tap:labels", {{"stock", Sequence{10}}});
    days.pass(40);
    const auto why = [&](const Retention& retention) {
        const auto& held = days.registry.all().at({"store2/tap:labels", kKeptLog});
        return retention.why_suspended("store2/tap:labels", kKeptLog, held);
    };
    days.look(by_days);
    CHECK(days.kept_after("stock") == 9);   // It has all up to 10.
    CHECK(days.kept_after("names") == 62);  // It takes no names.
    CHECK(why(by_days).empty());
    days.pass(6);  // What it has not read is 41 days old by now.
    days.look(by_days);
    CHECK(days.kept_after("stock") == 2 * 37 - 1);
    CHECK(why(by_days).find("suspended: past its quota") == 0);
    CHECK(why(by_days).find("behind event 73") != std::string::npos);
    // It began anew.
    days.holds("store2/tap:labels", {{"stock", Sequence{80}}});
    CHECK(why(by_days).empty());

    Days large;
    Retention by_bytes(large.journal, policy(10, 400, 30'000));
    large.holds("store2/tap:all", {{"*", Sequence{0}}});
    large.pass(20, 1'000);
    large.look(by_bytes);
    CHECK(large.kept_after("names") == 0);
    large.pass(20, 1'000);
    large.look(by_bytes);
    CHECK(large.kept_after("names") == 62);
}

TEST_CASE("retention: while a snapshot is on its way its base stays as it is") {
    Days days;
    Retention retention(days.journal, policy(10));
    days.pass(20);
    days.look(retention);
    CHECK(days.kept_after("stock") == 21);
    schema::SnapshotAsk ask;
    ask.store = kKeptLog;
    ask.topic = "names";
    // One row: the base is given at once and holds nothing.
    REQUIRE(retention.piece("store2/subscriber", ask, 1 << 20, days.clock.boot())->last);
    CHECK(retention.snapshots_given() == 1);
    days.pass(1);
    days.look(retention);
    CHECK(days.kept_after("names") == 24);

    // Of two rows the first was given.
    schema::Event other;
    other.kind = schema::kAppValue;
    other.key = "other name";
    core::Append append;
    append.store = kKeptLog;
    append.epoch = schema::Epoch{1};
    append.after = days.journal.end(kKeptLog);
    append.upto = schema::next(append.after);
    append.at = days.clock.wall();
    schema::Segment segment;
    segment.topic = "names";
    segment.epoch = append.epoch;
    segment.add(append.upto, {}, encode_row(other));
    append.segments.push_back(segment);
    core::JournalWrite write;
    write.appends.push_back(append);
    REQUIRE(days.journal.commit(write, true));
    days.pass(11);
    days.look(retention);
    const std::uint64_t at = days.kept_after("names");
    CHECK(at == 47);
    const auto first = retention.piece("store2/subscriber", ask, 1, days.clock.boot());
    REQUIRE(first);
    REQUIRE_FALSE(first->last);
    days.clock.advance(kDay - 120 * core::kSecond);
    REQUIRE(retention.piece("store2/subscriber", ask, 1, days.clock.boot()));
    days.look(retention);
    CHECK(days.kept_after("names") == at);
    CHECK(days.kept_after("stock") > 47);
    // Another one that has all of it at once ends nothing for the first, nor does its silence.
    REQUIRE(retention.piece("store3/subscriber", ask, 1 << 20, days.clock.boot())->last);
    days.clock.advance(kHoldQuiet - 240 * core::kSecond);
    days.look(retention);
    CHECK(days.kept_after("names") == at);
    days.clock.advance(240 * core::kSecond);
    days.look(retention);  // Nobody asked for the next piece in time.
    CHECK(days.kept_after("names") > at);
}

TEST_CASE("retention: who asks again and again for the first piece holds a base for a time only") {
    Days days;
    Retention retention(days.journal, policy(10));
    days.pass(20);
    for (const char* key : {"a name", "another name"}) {
        schema::Event event;
        event.kind = schema::kAppValue;
        event.key = key;
        core::Append append;
        append.store = kKeptLog;
        append.epoch = schema::Epoch{1};
        append.after = days.journal.end(kKeptLog);
        append.upto = schema::next(append.after);
        append.at = days.clock.wall();
        schema::Segment segment;
        segment.topic = "names";
        segment.epoch = append.epoch;
        segment.add(append.upto, {}, encode_row(event));
        append.segments.push_back(segment);
        core::JournalWrite write;
        write.appends.push_back(append);
        REQUIRE(days.journal.commit(write, true));
    }
    days.pass(12);
    days.look(retention);
    const std::uint64_t at = days.kept_after("names");
    schema::SnapshotAsk ask;
    ask.store = kKeptLog;
    ask.topic = "names";
    int held = 0;
    for (; held < 20 && days.kept_after("names") == at; ++held) {
        REQUIRE_FALSE(retention.piece("store2/subscriber", ask, 1, days.clock.boot())->last);
        days.pass(1);
        days.look(retention);
    }
    CHECK(held == kHoldMost / kDay);
}

TEST_CASE("retention: what finds no room is not tried again in every turn") {
    Days days;
    Retention retention(days.journal, policy(10));
    days.pass(20);
    days.clock.advance(61 * core::kSecond);
    days.journal.fail_commits(schema::Errc::no_space);
    CHECK_FALSE(retention.turn(days.clock.boot(), days.clock.wall(), days.registry));
    days.journal.fail_commits(std::nullopt);
    const std::size_t commits = days.journal.commits();
    CHECK(retention.turn(days.clock.boot(), days.clock.wall(), days.registry));
    CHECK(days.journal.commits() == commits);
    days.look(retention);
    CHECK(days.kept_after("stock") > 0);
}

TEST_CASE("retention: events that cannot be read stay, are told of, and do not keep the others") {
    Days days;
    Retention retention(days.journal, policy(10));
    core::Append append;
    append.store = kKeptLog;
    append.epoch = schema::Epoch{1};
    append.upto = Sequence{1};
    append.at = days.clock.wall();
    schema::Segment segment;
    segment.topic = "names";
    segment.epoch = append.epoch;
    segment.add(Sequence{1}, {}, "no event");
    append.segments.push_back(segment);
    core::JournalWrite write;
    write.appends.push_back(append);
    REQUIRE(days.journal.commit(write, true));
    days.pass(20);
    days.look(retention);
    CHECK(days.kept_after("names") == 0);
    CHECK(days.kept_after("stock") == 22);
    CHECK(retention.trouble().find("a log is not trimmed") == 0);
}

}  // namespace
}  // namespace filial::broker
