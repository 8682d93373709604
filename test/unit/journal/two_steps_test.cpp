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

TEST_CASE("journal: a commit in two steps is durable after the second, whole") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        for (std::uint64_t i = 0; i < 50; ++i) {
            REQUIRE(journal->begin(write_after(i, std::to_string(i))));
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

TEST_CASE("journal: what the first step refuses needs no second one and changes nothing") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    const auto refused = journal->begin(write_after(7, "x"));
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code == Errc::gap);
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
        REQUIRE(journal->begin(write_after(1, "z")));
    }
    const auto journal = opened(options_in(folder.path()));
    const auto end = journal->end(kStore).value();
    CHECK((end == 1 || end == 2));
    CHECK(journal->get("key").value() == (end == 1 ? "y" : "z"));
}

}  // namespace
}  // namespace filial::test
