#include <doctest/doctest.h>

#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::JournalWrite;
using schema::Errc;
using schema::Sequence;

JournalWrite write_after(std::uint64_t after, const std::string& value) {
    JournalWrite write;
    write.appends.push_back(append_after(Sequence{after}, {{"stock", value}}));
    write.state.emplace_back("key", value);
    return write;
}

schema::Result<void> begin(core::Journal& journal, JournalWrite write) {
    return journal.begin([write = std::move(write)] { return write; }, 1'000);
}

TEST_CASE("journal: a commit in two steps is durable after the second, whole") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        for (std::uint64_t i = 0; i < 50; ++i) {
            REQUIRE(begin(*journal, write_after(i, std::to_string(i))));
            const auto seen = journal->get("key");
            REQUIRE(seen.has_value());
            const auto before = i == 0 ? std::nullopt : std::optional(std::to_string(i - 1));
            CHECK((*seen == before || *seen == std::optional(std::to_string(i))));
            REQUIRE(journal->finish());
            CHECK(journal->end(kStore) == Sequence{i + 1});
            CHECK(journal->get("key").value() == std::to_string(i));
        }
    }
    const auto journal = opened(options_in(folder.path()));
    CHECK(journal->end(kStore) == Sequence{50});
    CHECK(journal->get("key").value() == "49");
}

TEST_CASE("journal: of two commits in hand the second is never seen without the first") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        const auto both = [](std::uint64_t after) {
            JournalWrite write = write_after(after, std::to_string(after));
            write.state.emplace_back("key " + std::to_string(after), "x");
            return write;
        };
        REQUIRE(begin(*journal, both(0)));
        for (std::uint64_t i = 1; i < 200; ++i) {
            REQUIRE(begin(*journal, both(i)));
            const bool second = journal->get("key " + std::to_string(i)).value().has_value();
            const auto first = journal->get("key " + std::to_string(i - 1));
            CHECK((!second || first.value().has_value()));
            REQUIRE(journal->finish());
            CHECK(journal->end(kStore) == Sequence{i});
            CHECK(journal->get("key " + std::to_string(i - 1)).value().has_value());
        }
        REQUIRE(journal->finish());
        CHECK(journal->finishable());
    }
    const auto journal = opened(options_in(folder.path()));
    CHECK(journal->end(kStore) == Sequence{200});
    CHECK(journal->get("key").value() == "199");
    CHECK(journal->read({kStore, {"stock"}, Sequence{0}, 1 << 20})->segments.at(0).rows.size() ==
          200);
}

TEST_CASE("journal: where the first of two commits in hand fails, nothing of the second is made") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    REQUIRE(begin(*journal, write_after(7, "x")));
    bool made = false;
    REQUIRE(journal->begin(
        [&made]() -> schema::Result<JournalWrite> {
            made = true;
            return write_after(0, "y");
        },
        1'000));
    for (int i = 0; i < 2; ++i) {
        const auto failed = journal->finish();
        REQUIRE(!failed.has_value());
        CHECK(failed.error().code == Errc::gap);
    }
    CHECK_FALSE(made);
    CHECK(journal->end(kStore) == Sequence{0});
    CHECK(!journal->get("key").value().has_value());
    REQUIRE(begin(*journal, write_after(0, "z")));
    REQUIRE(begin(*journal, write_after(5, "gap")));
    REQUIRE(journal->finish());
    CHECK_FALSE(journal->finish());
    CHECK(journal->end(kStore) == Sequence{1});
    CHECK(journal->get("key").value() == "z");
}

TEST_CASE("journal: closed with two commits in hand it keeps none, the first, or both") {
    for (int i = 0; i < 20; ++i) {
        TempFolder folder;
        {
            const auto journal = opened(options_in(folder.path()));
            REQUIRE(journal->commit(write_after(0, "1"), true));
            REQUIRE(begin(*journal, write_after(1, "2")));
            REQUIRE(begin(*journal, write_after(2, "3")));
            if (i % 2 == 0) REQUIRE(journal->finish());
        }
        const auto journal = opened(options_in(folder.path()));
        const auto end = journal->end(kStore).value();
        CHECK((end >= (i % 2 == 0 ? 2U : 1U) && end <= 3));
        CHECK(journal->get("key").value() == std::to_string(end));
    }
}

TEST_CASE("journal: what is refused in two steps changes nothing, and the next write is taken") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    REQUIRE(begin(*journal, write_after(7, "x")));
    const auto refused = journal->finish();
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code == Errc::gap);
    const auto not_made = [] { return schema::Result<JournalWrite>(schema::fail(Errc::io, "x")); };
    REQUIRE(journal->begin(not_made, 0));
    const auto failed = journal->finish();
    REQUIRE(!failed.has_value());
    CHECK(failed.error().code == Errc::io);
    CHECK(journal->end(kStore) == Sequence{0});
    CHECK(!journal->get("key").value().has_value());
    REQUIRE(journal->commit(write_after(0, "y"), true));
    CHECK(journal->end(kStore) == Sequence{1});
}

TEST_CASE("journal: closed between the two steps it keeps the commit or has nothing of it") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        REQUIRE(journal->commit(write_after(0, "y"), true));
        REQUIRE(begin(*journal, write_after(1, "z")));
    }
    const auto journal = opened(options_in(folder.path()));
    const auto end = journal->end(kStore).value();
    CHECK((end == 1 || end == 2));
    CHECK(journal->get("key").value() == (end == 1 ? "y" : "z"));
}

}  // namespace
}  // namespace filial::test
