#include <doctest/doctest.h>

#include <map>

#include "publisher/outbox.h"
#include "schema/payloads.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;
using filial::publisher::Outbox;

namespace {

std::unique_ptr<Outbox> open(MemoryJournal& journal) {
    auto outbox = Outbox::open(journal, StoreId{"store1"}, Timestamp{1});
    REQUIRE(outbox);
    return std::move(*outbox);
}

void stage(Outbox& outbox, const Operation& operation) {
    auto decision =
        filial::ledger::decide_ticket(outbox, outbox.next(), kTill, 1, std::span(&operation, 1));
    REQUIRE(decision);
    outbox.stage(std::move(*decision));
}

}  // namespace

TEST_CASE("outbox: a new log begins with its opening, whose incarnation stays") {
    MemoryJournal journal;
    auto outbox = open(journal);
    CHECK(outbox->end() == Sequence{1});
    CHECK(outbox->epoch() == Epoch{1});
    const auto incarnation = outbox->incarnation();
    CHECK(incarnation != Incarnation{});
    CHECK(journal.syncs() == 1);

    const auto range = journal.read({StoreId{"store1"}, {"control"}, Sequence{0}, 1});
    REQUIRE(range);
    Parser parser;
    const auto first = range->segments.at(0).event(parser, 0);
    REQUIRE(first);
    CHECK(first->event.kind == kLogOpened);
    const auto opened = decode_log_opened(parser, first->event.payload);
    REQUIRE(opened);
    CHECK(opened->incarnation == incarnation);
    CHECK(opened->epoch == Epoch{1});

    outbox = open(journal);
    CHECK(outbox->end() == Sequence{1});
    CHECK(outbox->incarnation() == incarnation);
    MemoryJournal other;
    CHECK(open(other)->incarnation() != incarnation);
}

TEST_CASE(
    "outbox: every topic has its own chain over the hashes of its events, over restarts too") {
    MemoryJournal journal;
    auto outbox = open(journal);
    Operation charge;
    charge.kind = OperationKind::charge;
    charge.subject = "17827";
    charge.amount = Money{1'000};
    charge.fact = true;
    for (int i = 0; i < 3; ++i) {
        stage(*outbox, sale("1"));
        stage(*outbox, charge);
        REQUIRE(outbox->commit(Timestamp{2}, {}));
        outbox = open(journal);
    }
    const auto head = journal.head(StoreId{"store1"});
    for (const char* topic : {"control", "stock", "debts"}) {
        const auto range = journal.read({StoreId{"store1"}, {topic}, Sequence{0}, SIZE_MAX});
        REQUIRE(range);
        const auto events = events_in_order(range->segments);
        REQUIRE(events);
        Hash chain{};
        for (const LoggedEvent& logged : *events) {
            chain = hash_of(view(chain), view(event_hash(StoreId{"store1"}, logged)));
        }
        CHECK(head->find(topic)->chain == chain);
    }
}

TEST_CASE("outbox: a key that changes often is written once a commit") {
    MemoryJournal journal;
    auto outbox = open(journal);
    for (int i = 0; i < 100; ++i) stage(*outbox, sale("1"));
    REQUIRE(outbox->commit(Timestamp{2}, {}));
    int keys = 0;
    REQUIRE(journal.scan("own/", {}, [&](ByteView, ByteView) { return ++keys > 0; }));
    CHECK(keys == 1);
    CHECK(open(journal)->get("stock/1") == outbox->get("stock/1"));
}

TEST_CASE("outbox: a commit that failed leaves nothing, and the same can be staged anew") {
    MemoryJournal journal;
    auto outbox = open(journal);
    stage(*outbox, sale("1", "3"));
    REQUIRE(outbox->commit(Timestamp{2}, {}));
    const auto before = outbox->get("stock/1");
    journal.fail_commits(Errc::no_space);
    stage(*outbox, sale("1", "4"));
    stage(*outbox, sale("2", "4"));
    CHECK_FALSE(outbox->commit(Timestamp{2}, {}));
    CHECK(outbox->get("stock/1") == before);
    CHECK_FALSE(outbox->get("stock/2"));
    CHECK_FALSE(outbox->staged());
    CHECK(outbox->next().seq == Sequence{3});
    journal.fail_commits(std::nullopt);
    stage(*outbox, sale("2", "4"));
    REQUIRE(outbox->commit(Timestamp{2}, {}));
    CHECK(outbox->end() == Sequence{3});
}

TEST_CASE("outbox: memory does not grow with the keys, and what it forgot it reads again") {
    MemoryJournal journal;
    auto outbox = open(journal);
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 40'000; ++i) {
            stage(*outbox, sale(std::to_string(i)));
            if (i % 1'000 == 999) REQUIRE(outbox->commit(Timestamp{2}, {}));
        }
    }
    const auto sum = filial::ledger::read_sum(*outbox, "stock/17");
    REQUIRE(sum);
    CHECK(*sum == -2'000);
}

TEST_CASE(
    "outbox: what was put as new is seen at once, on the disk, and gone if its commit fails") {
    MemoryJournal journal;
    const auto opened = open(journal);
    Outbox& outbox = *opened;
    using Seen = std::map<Bytes, Bytes>;
    const auto seen = [&](ByteView prefix) {
        Seen all;
        REQUIRE(outbox.scan(
            prefix, [&](ByteView key, ByteView value) { CHECK(all.emplace(key, value).second); }));
        return all;
    };
    outbox.put_new("doc/1", "a");
    outbox.put_new("doc/2", "b");
    CHECK(outbox.get("doc/1") == "a");  // And is changed like any other from here on.
    outbox.put("doc/1", "aa");
    CHECK(seen("doc/").size() == 2);
    CHECK(outbox.keys("doc/", {}, 10)->size() == 2);
    REQUIRE(outbox.begin(Timestamp{2}, {}));
    outbox.put_new("doc/3", "c");
    CHECK(outbox.get("doc/2") == "b");
    CHECK(seen("doc/") == Seen{{"doc/1", "aa"}, {"doc/2", "b"}, {"doc/3", "c"}});
    REQUIRE(outbox.finish());
    journal.fail_commits(Errc::no_space);
    CHECK_FALSE(outbox.commit(Timestamp{3}, {}));
    journal.fail_commits(std::nullopt);
    CHECK_FALSE(outbox.get("doc/3"));
    CHECK(seen("doc/") == Seen{{"doc/1", "aa"}, {"doc/2", "b"}});
    outbox.erase("doc/2");
    CHECK(seen("doc/").size() == 1);
    REQUIRE(outbox.commit(Timestamp{4}, {}));
    CHECK(seen("doc/") == Seen{{"doc/1", "aa"}});
}

TEST_CASE("outbox: keys are those of the disk and of what is staged, in their order, by pages") {
    MemoryJournal journal;
    auto outbox = open(journal);
    for (const char* key : {"a/1", "a/3", "a/5", "b/1"}) outbox->put(key, "v");
    REQUIRE(outbox->commit(Timestamp{2}, {}));
    outbox->put("a/2", "v");
    outbox->erase("a/3");
    outbox->put("a/5", "w");
    const auto keys = [&](ByteView after, std::size_t at_most) {
        const auto found = outbox->keys("a/", after, at_most);
        REQUIRE(found);
        return *found;
    };
    CHECK(keys("", 9) == std::vector<Bytes>{"a/1", "a/2", "a/5"});
    CHECK(keys("", 2) == std::vector<Bytes>{"a/1", "a/2"});
    CHECK(keys("a/2", 2) == std::vector<Bytes>{"a/5"});
    CHECK(keys("a/5", 2).empty());
    REQUIRE(outbox->commit(Timestamp{3}, {}));
    CHECK(keys("", 9) == std::vector<Bytes>{"a/1", "a/2", "a/5"});
}
