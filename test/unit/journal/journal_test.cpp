#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include "core/journal/log_layout.h"
#include "core/journal/rocks_database.h"
#include "schema/limits.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::JournalWrite;
using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

const std::vector<std::string> kAll{"*"};

std::vector<std::string> keys_of(const core::Journal& journal, ByteView prefix, ByteView after) {
    std::vector<std::string> keys;
    const auto ok = journal.scan(prefix, after, [&](ByteView key, ByteView) {
        keys.emplace_back(key);
        return true;
    });
    REQUIRE(ok.has_value());
    return keys;
}

TEST_CASE("journal: events come back in the order of their commits, also after opening again") {
    TempFolder folder;
    const std::vector<std::string> expected{"1 stock a", "2 debts b", "3 stock c", "4 stock d"};
    {
        const auto journal = opened(options_in(folder.path()));
        REQUIRE(commit_rows(*journal, {{"stock", "a"}, {"debts", "b"}, {"stock", "c"}}));
        REQUIRE(commit_rows(*journal, {{"stock", "d"}}));
        CHECK(rows_of(*journal, kAll) == expected);
    }
    const auto journal = opened(options_in(folder.path()));
    CHECK(rows_of(*journal, kAll) == expected);
    CHECK(rows_of(*journal, {"stock"}, 1) == std::vector<std::string>{"3 stock c", "4 stock d"});
    CHECK(journal->logs() == std::vector<StoreId>{kStore});
    CHECK(journal->end(kStore) == Sequence{4});
    CHECK(journal->end(StoreId{"store2"}) == Sequence{0});
    const auto head = journal->head(kStore);
    REQUIRE(head.has_value());
    REQUIRE(head->find("stock") != nullptr);
    CHECK(head->find("stock")->last == Sequence{4});
    CHECK(head->find("stock")->events == 3);
    CHECK(head->find("stock")->bytes == 3);
    CHECK(head->find("stock")->chain == schema::hash_of("4", "d"));
    CHECK(head->find("debts")->last == Sequence{2});
    CHECK(head->find("customers") == nullptr);
}

TEST_CASE(
    "journal: an append that does not begin at the log's end is refused and changes nothing") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    REQUIRE(commit_rows(*journal, {{"stock", "a"}, {"stock", "b"}}));
    for (const std::uint64_t after : {0, 1, 3}) {
        JournalWrite write;
        write.appends.push_back(append_after(Sequence{2}, {{"stock", "c"}}));
        write.appends.push_back(append_after(Sequence{after}, {{"stock", "x"}}, "store1"));
        write.state.emplace_back("key", "value");
        if (after == 3) write.appends.back().after = Sequence{4};
        const auto refused = journal->commit(write, true);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == Errc::gap);
        CHECK(journal->end(kStore) == Sequence{2});
        CHECK_FALSE(journal->get("key")->has_value());
    }
    CHECK(commit_rows(*journal, {{"stock", "c"}}));
}

TEST_CASE("journal: several appends of one log in one write follow each other") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    JournalWrite write;
    write.appends.push_back(append_after(Sequence{0}, {{"stock", "a"}, {"debts", "b"}}));
    write.appends.push_back(append_after(Sequence{2}, {{"stock", "c"}}));
    write.appends.push_back(append_after(Sequence{0}, {{"stock", "z"}}, "store2"));
    REQUIRE(journal->commit(write, true));
    CHECK(rows_of(*journal, kAll) ==
          std::vector<std::string>{"1 stock a", "2 debts b", "3 stock c"});
    CHECK(rows_of(*journal, kAll, 0, "store2") == std::vector<std::string>{"1 stock z"});
    CHECK(journal->head(kStore)->find("stock")->events == 2);
}

TEST_CASE("journal: what is no commit of this log is refused, and the next one is taken") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    auto first = append_after(Sequence{0}, {{"stock", "a"}});
    first.epoch = first.segments[0].epoch = schema::Epoch{2};
    first.incarnation[0] = 1;
    REQUIRE(journal->commit({{first}, {}}, true));

    const auto refusal = [&](core::Append append) {
        const auto result = journal->commit({{std::move(append)}, {}}, true);
        REQUIRE_FALSE(result.has_value());
        CHECK(journal->end(kStore) == Sequence{1});
        return result.error().code;
    };
    auto next = append_after(Sequence{1}, {{"stock", "b"}, {"stock", "c"}});
    CHECK(refusal(next) == Errc::stale_incarnation);
    next.epoch = next.segments[0].epoch = schema::Epoch{2};
    auto other = next;
    other.incarnation[0] = 2;
    CHECK(refusal(other) == Errc::forked);
    other = next;
    other.segments[0].epoch = schema::Epoch{3};
    CHECK(refusal(other) == Errc::invalid);
    other = next;
    other.upto = Sequence{2};
    CHECK(refusal(other) == Errc::invalid);
    other = next;
    other.segments.push_back(other.segments[0]);
    CHECK(refusal(other) == Errc::invalid);
    other = next;
    other.segments[0].topic = std::string("sto\0ck", 6);
    CHECK(refusal(other) == Errc::invalid);
    other = next;
    other.segments[0].rows[0] = std::string(schema::kEventBytesMax + 1, 'x');
    CHECK(refusal(other) == Errc::too_large);
    CHECK(journal->commit({{next}, {}}, true).has_value());
    CHECK(journal->head(kStore)->incarnation[0] == 1);
}

TEST_CASE("journal: a commit may hold no event that is kept here, and the end moves all the same") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        REQUIRE(commit_rows(*journal, {{"stock", "a"}}));
        auto others = append_after(Sequence{1}, {});
        others.upto = Sequence{9};
        REQUIRE(journal->commit({{others}, {}}, true));
    }
    const auto journal = opened(options_in(folder.path()));
    CHECK(journal->end(kStore) == Sequence{9});
    const auto range = journal->read({kStore, {"stock"}, Sequence{1}, 100});
    REQUIRE(range.has_value());
    CHECK(range->upto == Sequence{9});
    CHECK(range->segments.empty());
}

TEST_CASE("journal: a topic is read while another topic's commits are damaged") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        commit_pairs(*journal, 5);
    }
    {
        auto raw = core::RocksDatabase::open(folder.path() / "db", {"log", "heads", "state"},
                                             {1 << 20, 1 << 20}, core::RocksDatabase::Mode::write);
        REQUIRE(raw.has_value());
        const auto prefix = core::topic_prefix(kStore, "debts");
        for (const std::uint64_t upto : {2, 6, 10}) {
            const auto status =
                raw->db().Put({}, raw->column(0), core::log_key(prefix, Sequence{upto}), "rot");
            REQUIRE(status.ok());
        }
    }
    const auto journal = opened(options_in(folder.path()));
    CHECK(rows_of(*journal, {"stock"}).size() == 5);
    CHECK(journal->depth(kStore, {"stock"}, Sequence{0})->events == 5);
    for (const auto& topics : {std::vector<std::string>{"debts"}, kAll}) {
        const auto damaged = journal->read({kStore, topics, Sequence{0}, 1 << 20});
        REQUIRE_FALSE(damaged.has_value());
        CHECK(damaged.error().code == Errc::corrupt);
        CHECK(damaged.error().message.find("debts") != std::string::npos);
    }
    // Between two damaged ones stands a whole one.
    const auto whole = journal->read({kStore, {"debts"}, Sequence{2}, 1});
    REQUIRE(whole.has_value());
    CHECK(whole->count() == 1);
}

TEST_CASE("journal: a commit that is missing in the middle is an error, never a shorter answer") {
    for (const std::uint64_t gone : {5, 10}) {
        CAPTURE(gone);
        TempFolder folder;
        {
            const auto journal = opened(options_in(folder.path()));
            commit_pairs(*journal, 5);
        }
        {
            auto raw =
                core::RocksDatabase::open(folder.path() / "db", {"log", "heads", "state"},
                                          {1 << 20, 1 << 20}, core::RocksDatabase::Mode::write);
            REQUIRE(raw.has_value());
            const auto upto = Sequence{gone + gone % 2};
            const auto key = core::log_key(core::topic_prefix(kStore, "stock"), upto);
            REQUIRE(raw->db().Delete({}, raw->column(0), key).ok());
        }
        const auto journal = opened(options_in(folder.path()));
        const auto range = journal->read({kStore, {"stock"}, Sequence{0}, 1 << 20});
        REQUIRE_FALSE(range.has_value());
        CHECK(range.error().code == Errc::corrupt);
        CHECK(rows_of(*journal, {"debts"}).size() == 5);
    }
}

TEST_CASE(
    "journal: a commit that is missing where a read begins is an error, never a jump over it") {
    for (const std::uint64_t gone : {2, 6, 10}) {
        TempFolder folder;
        {
            const auto journal = opened(options_in(folder.path()));
            commit_pairs(*journal, 5);
        }
        {
            auto raw =
                core::RocksDatabase::open(folder.path() / "db", {"log", "heads", "state"},
                                          {1 << 20, 1 << 20}, core::RocksDatabase::Mode::write);
            REQUIRE(raw.has_value());
            const auto key = core::log_key(core::topic_prefix(kStore, "stock"), Sequence{gone});
            REQUIRE(raw->db().Delete({}, raw->column(0), key).ok());
        }
        const auto journal = opened(options_in(folder.path()));
        for (std::uint64_t after = 0; after < 9; ++after) {
            CAPTURE(gone);
            CAPTURE(after);
            // Whoever has all up to the next commit behind it lacks nothing.
            const bool lacks = after < gone + 2;
            const auto range = journal->read({kStore, {"stock"}, Sequence{after}, 1 << 20});
            REQUIRE(range.has_value() == !lacks);
            if (lacks) CHECK(range.error().code == Errc::corrupt);
            CHECK(journal->read({kStore, {"debts"}, Sequence{after}, 1 << 20}).has_value());
        }
    }
}

TEST_CASE("journal: state is written with its append, in one piece") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path()));
        for (int i = 1; i <= 20; ++i) {
            JournalWrite write;
            const auto end = journal->end(kStore);
            write.appends.push_back(append_after(end, {{"stock", "a"}, {"stock", "b"}}));
            write.state.emplace_back("end", std::to_string(end.value() + 2));
            write.state.emplace_back("k" + std::to_string(i % 10), "old");
            write.state.emplace_back("k" + std::to_string(i % 10), "new");
            write.state.emplace_back("gone", "x");
            write.state.emplace_back("gone", std::nullopt);
            REQUIRE(journal->commit(write, i % 2 == 0));
        }
        CHECK(journal->commit({}, true).has_value());
    }
    // Whatever of the write-ahead log a crash leaves, the two agree.
    const auto logs = write_ahead_logs(folder.path());
    REQUIRE(logs.size() == 1);
    const auto whole = bytes_of_file(logs[0]);
    for (std::size_t cut = 0; cut <= whole.size(); cut += whole.size() / 16) {
        CAPTURE(cut);
        TempFolder copy;
        std::filesystem::copy(folder.path(), copy.path() / "j",
                              std::filesystem::copy_options::recursive);
        write_file(copy.path() / "j/db" / logs[0].filename(), whole.substr(0, cut));
        const auto journal = opened(options_in(copy.path() / "j"));
        const auto end = journal->get("end");
        REQUIRE(end.has_value());
        const auto said = end->has_value() ? **end : "0";
        CHECK(said == std::to_string(journal->end(kStore).value()));
        if (journal->end(kStore) > Sequence{0}) {
            CHECK(rows_of(*journal, kAll).size() == journal->end(kStore).value());
        }
    }
    const auto journal = opened(options_in(folder.path()));
    CHECK(**journal->get("k3") == "new");
    CHECK_FALSE(journal->get("gone")->has_value());
}

TEST_CASE("journal: a scan gives the keys of one prefix, in order, above a key, until it is told") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    JournalWrite write;
    const Bytes high("a\xff", 2);
    for (const Bytes& key : {Bytes("a1"), Bytes("a2"), Bytes("a"), high, Bytes("b"), Bytes("A")}) {
        write.state.emplace_back(key, "v" + key);
    }
    REQUIRE(journal->commit(write, false));
    CHECK(keys_of(*journal, "a", "") == std::vector<std::string>{"a", "a1", "a2", high});
    CHECK(keys_of(*journal, "a", "a1") == std::vector<std::string>{"a2", high});
    CHECK(keys_of(*journal, "a", "a15") == std::vector<std::string>{"a2", high});
    CHECK(keys_of(*journal, "a", "b").empty());
    CHECK(keys_of(*journal, "", "").size() == 6);
    CHECK(keys_of(*journal, "c", "").empty());
    int seen = 0;
    REQUIRE(journal->scan("a", "", [&](ByteView key, ByteView value) {
        CHECK(value == "v" + std::string(key));
        return ++seen < 2;
    }));
    CHECK(seen == 2);
}

TEST_CASE("journal: the second one to open a folder is told that it is taken") {
    TempFolder folder;
    const auto dir = folder.path() / "deep" / "er";
    auto journal = opened(options_in(dir));
    const auto second = core::RocksJournal::open(options_in(dir));
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == Errc::locked);
    CHECK(second.error().message.find(dir.string()) != std::string::npos);
    CHECK(commit_rows(*journal, {{"stock", "a"}}).has_value());
    journal.reset();
    CHECK(opened(options_in(dir))->end(kStore) == Sequence{1});
}

TEST_CASE("journal: a folder that cannot be is an error with its name") {
    TempFolder folder;
    write_file(folder.path() / "file", "x");
    const auto journal = core::RocksJournal::open(options_in(folder.path() / "file" / "journal"));
    REQUIRE_FALSE(journal.has_value());
    CHECK(journal.error().code == Errc::io);
    CHECK(journal.error().message.find("file") != std::string::npos);
}

}  // namespace
}  // namespace filial::test
