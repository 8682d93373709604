#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include "core/journal/log_digest.h"
#include "core/journal/log_head.h"
#include "schema/event.h"
#include "schema/segment.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::LogHead;
using schema::Errc;
using schema::Sequence;

/// Commits of real events of two topics, `sizes` events each, with their chains.
void commit_events(core::Journal& journal, const std::vector<int>& sizes) {
    for (const int size : sizes) {
        const LogHead head = journal.head(kStore).value_or(LogHead{});
        core::Append append;
        append.store = kStore;
        append.epoch = schema::Epoch{1};
        append.incarnation.fill(1);
        append.after = head.end;
        append.upto = Sequence{head.end.value() + static_cast<std::uint64_t>(size)};
        for (const char* topic : {"debts", "stock"}) {
            schema::Segment segment;
            segment.topic = topic;
            segment.epoch = append.epoch;
            for (auto seq = schema::next(append.after); seq <= append.upto; seq = next(seq)) {
                const bool debt = seq.value() % 3 == 0;
                if (debt != (segment.topic == "debts")) continue;
                schema::Event event;
                event.topic = topic;
                event.kind = "sample";
                event.key = std::to_string(seq.value());
                segment.add(seq, event.client, schema::encode_row(event));
            }
            if (segment.empty()) continue;
            const core::TopicHead* before = head.find(topic);
            const auto chain = schema::chain_after(
                kStore, segment, before != nullptr ? before->chain : schema::Hash{});
            REQUIRE(chain);
            segment.chain = schema::Bytes(schema::view(*chain));
            append.segments.push_back(std::move(segment));
        }
        core::JournalWrite write;
        write.state.emplace_back("own/last", std::to_string(append.upto.value()));
        write.appends.push_back(std::move(append));
        REQUIRE(journal.commit(write, true));
    }
}

TEST_CASE("journal: where a log ended after any of its events is known, inside of commits too") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    commit_events(*journal, {1, 4, 2, 7, 1});
    for (std::uint64_t at = 0; at <= 15; ++at) {
        CAPTURE(at);
        const auto found = journal->head_at(kStore, Sequence{at});
        REQUIRE_MESSAGE(found, found.error().message);
        // The other way, by reading all of it.
        const auto read = journal->Journal::head_at(kStore, Sequence{at});
        REQUIRE_MESSAGE(read, read.error().message);
        CHECK(found->end == Sequence{at});
        CHECK(core::chains_of(*found) == core::chains_of(*read));
        for (const core::TopicHead& topic : read->topics) {
            REQUIRE(found->find(topic.topic) != nullptr);
            CHECK(found->find(topic.topic)->last == topic.last);
            CHECK(found->find(topic.topic)->events == topic.events);
            CHECK(found->find(topic.topic)->bytes == topic.bytes);
        }
    }
    CHECK(journal->head_at(kStore, Sequence{16}).error().code == Errc::gap);
    CHECK(journal->head_at(schema::StoreId{"store9"}, Sequence{0}).error().code == Errc::not_found);
}

TEST_CASE("N10: a journal says what a topic of a log comes to at each position that it holds") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    commit_events(*journal, {1, 4, 2, 7, 1});
    schema::DigestAsk ask{9, kStore, "debts", {}, false};
    for (const std::uint64_t at : {0u, 2u, 3u, 5u, 6u, 15u, 16u}) ask.at.emplace_back(at);
    const auto digests = core::digests_of(*journal, ask);
    REQUIRE_MESSAGE(digests, digests.error().message);
    CHECK(digests->request == 9);
    CHECK(digests->end == Sequence{15});
    REQUIRE(digests->chains.size() == 6);  // 16 is beyond it.
    CHECK(digests->chains[0].chain == schema::Bytes(32, '\0'));
    CHECK(digests->chains[1] == schema::ChainAt{Sequence{2}, {}, schema::Bytes(32, '\0')});
    CHECK(digests->chains[2].last == Sequence{3});
    CHECK(digests->chains[3].chain == digests->chains[2].chain);
    CHECK(digests->chains[4].last == Sequence{6});
    CHECK(digests->chains[4].chain != digests->chains[3].chain);
    const auto head = journal->head(kStore);
    CHECK(digests->chains[5].chain == schema::view(head->find("debts")->chain));
    ask.store = schema::StoreId{"store9"};
    CHECK(core::digests_of(*journal, ask).error().code == Errc::not_found);
}

TEST_CASE("N8: a copy made while the journal is open is the log and its state up to then") {
    TempFolder folder;
    const auto options = options_in(folder / "journal", kStore.value());
    const auto journal = opened(options);
    commit_events(*journal, {3, 2});
    REQUIRE(journal->copy_to(folder / "copy"));
    commit_events(*journal, {4});
    // Its own witness is as old as it is: a later one would call the copy damaged.
    const auto copy = opened(options_in(folder / "copy", kStore.value()));
    CHECK(copy->end(kStore) == Sequence{5});
    CHECK(core::chains_of(*copy->head(kStore)) ==
          core::chains_of(*journal->head_at(kStore, Sequence{5})));
    CHECK(copy->get("own/last")->value() == "5");
    CHECK(journal->end(kStore) == Sequence{9});

    const auto again = journal->copy_to(folder / "copy");
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::invalid);
}

}  // namespace
}  // namespace filial::test
