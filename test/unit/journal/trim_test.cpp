// Logs whose beginning is not kept any more.
#include <doctest/doctest.h>

#include <map>

#include "test/unit/journal/journal_support.h"

using namespace filial;
using namespace filial::test;
using schema::Errc;
using schema::Sequence;

namespace {

const schema::StoreId kLogOfTrim{"store1"};

core::JournalWrite trim_of(const std::string& topic, std::uint64_t upto) {
    core::JournalWrite write;
    write.trims.push_back({kLogOfTrim, topic, Sequence{upto}});
    return write;
}

/// `count` commits of one stock and one debts event, so odd positions are stock, even ones debts.
void commit_events(core::Journal& journal, int count) {
    for (int i = 0; i < count; ++i) {
        const Sequence end = journal.end(kLogOfTrim);
        schema::Event event;
        event.key = "key " + std::to_string(end.value());
        core::JournalWrite write;
        write.appends.push_back(
            append_after(end, {{"stock", encode_row(event)}, {"debts", encode_row(event)}}));
        const auto head = journal.head(kLogOfTrim).value_or(core::LogHead{});
        for (schema::Segment& segment : write.appends[0].segments) {
            const auto* topic = head.find(segment.topic);
            const auto chain = schema::chain_after(
                kLogOfTrim, segment, topic == nullptr ? schema::Hash{} : topic->chain);
            REQUIRE(chain);
            segment.chain = schema::view(*chain);
        }
        REQUIRE(journal.commit(write, true));
    }
}

Errc read_fails(const core::Journal& journal, const std::vector<std::string>& topics,
                std::uint64_t after) {
    const auto range = journal.read({kLogOfTrim, topics, Sequence{after}, 1 << 20});
    REQUIRE_FALSE(range.has_value());
    return range.error().code;
}

void look(core::RocksJournal& journal) {
    for (int steps = 0; !journal.scrub(100); ++steps) REQUIRE(steps < 10'000);
    const auto damages = journal.damages();
    INFO(core::to_string(damages));
    CHECK(damages.empty());
}

}  // namespace

TEST_CASE("trim: a read from below is refused, from the trim on it is as before") {
    const TempFolder folder;
    const auto options = options_in(folder / "j", "store1");
    std::map<std::uint64_t, core::LogHead> heads;
    std::vector<std::string> stock, debts;
    {
        const auto journal = opened(options);
        commit_events(*journal, 40);
        for (std::uint64_t at = 1; at <= 80; ++at)
            heads[at] = *journal->head_at(kLogOfTrim, Sequence{at});
        stock = rows_of(*journal, {"stock"}, 31);
        debts = rows_of(*journal, {"debts"});
        REQUIRE(journal->commit(trim_of("stock", 31), true));
        REQUIRE(journal->witness());
    }
    const auto journal = opened(options);  // The witness agrees.
    CHECK(journal->head(kLogOfTrim)->find("stock")->kept_after == Sequence{31});
    CHECK(read_fails(*journal, {"stock"}, 0) == Errc::snapshot_needed);
    CHECK(read_fails(*journal, {"stock"}, 30) == Errc::snapshot_needed);
    CHECK(read_fails(*journal, {"*"}, 30) == Errc::snapshot_needed);
    CHECK(read_fails(*journal, {"debts", "stock"}, 0) == Errc::snapshot_needed);
    CHECK(rows_of(*journal, {"stock"}, 31) == stock);
    CHECK(rows_of(*journal, {"debts"}) == debts);
    CHECK(journal->depth(kLogOfTrim, {"stock"}, Sequence{31})->events == 24);
    for (std::uint64_t at = 31; at <= 80; ++at) {
        CAPTURE(at);
        const auto then = journal->head_at(kLogOfTrim, Sequence{at});
        REQUIRE(then);
        REQUIRE(then->find("stock") != nullptr);
        CHECK(then->find("stock")->last == heads[at].find("stock")->last);
        CHECK(then->find("stock")->events == heads[at].find("stock")->events);
        CHECK(then->find("stock")->chain == heads[at].find("stock")->chain);
        CHECK(then->find("debts")->chain == heads[at].find("debts")->chain);
    }
    // Before it, that there was something is known, and not what.
    const auto before = journal->head_at(kLogOfTrim, Sequence{20});
    REQUIRE(before);
    CHECK(before->find("stock")->chain == schema::Hash{});
    CHECK(before->find("debts")->last == Sequence{20});
    look(*journal);
}

TEST_CASE("trim: it goes on in steps, and the log with it") {
    const TempFolder folder;
    const auto journal = opened(options_in(folder / "j"));
    commit_events(*journal, 10);
    for (std::uint64_t upto = 1; upto <= 19; upto += 2) {
        CAPTURE(upto);
        const auto rest = rows_of(*journal, {"stock"}, upto);
        REQUIRE(journal->commit(trim_of("stock", upto), false));
        CHECK(rows_of(*journal, {"stock"}, upto) == rest);
        look(*journal);
    }
    // All of it is trimmed: what is new comes behind.
    CHECK(rows_of(*journal, {"stock"}, 19).empty());
    commit_events(*journal, 2);
    CHECK(rows_of(*journal, {"stock"}, 19).size() == 2);
    CHECK(rows_of(*journal, {"*"}, 20).size() == 4);
    look(*journal);
}

TEST_CASE("trim: what is not there is not trimmed, and nothing of that write is made") {
    const TempFolder folder;
    const auto journal = opened(options_in(folder / "j"));
    commit_events(*journal, 5);
    REQUIRE(journal->commit(trim_of("stock", 3), true));
    for (const auto& [topic, upto] : std::vector<std::pair<std::string, std::uint64_t>>{
             {"stock", 3}, {"stock", 2}, {"stock", 10}, {"names", 1}}) {
        CAPTURE(topic);
        CAPTURE(upto);
        core::JournalWrite write = trim_of(topic, upto);
        write.state.emplace_back("k", "v");
        const auto done = journal->commit(write, true);
        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().code == Errc::invalid);
        CHECK_FALSE(journal->get("k")->has_value());
    }
    CHECK(rows_of(*journal, {"stock"}, 3).size() == 3);
}
