#include "core/journal/head_witness.h"

#include <doctest/doctest.h>

#include "core/journal/log_head.h"
#include "core/journal/rocks_database.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::BootTime;
using core::HeadWitness;
using core::kWitnessSlotBytes;
using core::LogHead;
using core::RocksJournal;
using core::WitnessSlot;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

constexpr core::RocksMemory kMemory{1 << 20, 1 << 20};

LogHead head_at(std::uint64_t end) {
    LogHead head{StoreId{"store1"}, schema::Epoch{2}, {}, Sequence{end}, {}};
    head.topics.push_back({"stock", Sequence{end}, end, end * 9, schema::hash_of("x")});
    return head;
}

HeadWitness read(const std::filesystem::path& file) {
    auto witness = HeadWitness::read(file);
    REQUIRE(witness.has_value());
    return std::move(*witness);
}

std::uint64_t witnessed(const std::filesystem::path& dir) {
    const auto witness = read(dir / "witness");
    return witness.last() ? witness.last()->seq.value() : 0;
}

schema::Error refusal(const std::filesystem::path& dir) {
    const auto journal = RocksJournal::open(options_in(dir, "store1"));
    REQUIRE_FALSE(journal.has_value());
    return journal.error();
}

bool says(const schema::Error& error, const std::string& text) {
    return error.message.find(text) != std::string::npos;
}

TEST_CASE("head witness: a slot reads back as written, and with any bit changed it does not") {
    WitnessSlot slot;
    slot.store = StoreId{"a-store-name-of-thirty-two-bytes"};
    slot.epoch = schema::Epoch{7};
    slot.incarnation[3] = 200;
    slot.seq = Sequence{1'000'000'007};
    slot.chains = schema::hash_of("chains");
    slot.counter = 99;
    const auto bytes = encode_witness_slot(slot);
    REQUIRE(bytes.size() == kWitnessSlotBytes);
    REQUIRE(core::decode_witness_slot(bytes).has_value());
    CHECK(*core::decode_witness_slot(bytes) == slot);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        auto changed = bytes;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
        if (core::decode_witness_slot(changed).has_value()) FAIL("bit " << bit);
    }
    CHECK_FALSE(core::decode_witness_slot(bytes.substr(1)).has_value());
    CHECK_FALSE(core::decode_witness_slot({}).has_value());
}

TEST_CASE("head witness: a torn slot leaves the one before, and the next write repairs it") {
    TempFolder folder;
    const auto file = folder.path() / "witness";
    CHECK_FALSE(read(file).last().has_value());
    CHECK_FALSE(std::filesystem::exists(file));
    {
        auto witness = read(file);
        for (std::uint64_t end = 1; end <= 5; ++end) {
            REQUIRE(witness.write(head_at(end * 10)));
            CHECK(read(file).last()->seq == Sequence{end * 10});
        }
    }
    const auto whole = bytes_of_file(file);
    REQUIRE(whole.size() == 2 * kWitnessSlotBytes);
    auto torn = whole;
    torn.replace(kWitnessSlotBytes + 20, 100, std::string(100, '\x55'));  // Slot of counter 5.
    write_file(file, torn);
    {
        auto witness = read(file);
        CHECK(witness.last()->seq == Sequence{40});
        REQUIRE(witness.write(head_at(60)));
    }
    CHECK(read(file).last()->seq == Sequence{60});
    CHECK(read(file).last()->chains == core::chains_of(head_at(60)));
    torn.replace(20, 100, std::string(100, '\x55'));
    write_file(file, torn);
    CHECK(HeadWitness::read(file).error().code == Errc::corrupt);
}

TEST_CASE("head witness: written at most its delay after the commit, and only for its own log") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path(), "store1"));
    BootTime now{core::kSecond};
    const auto turn = [&](std::int64_t later) {
        now = BootTime{now.value() + later};
        REQUIRE(journal->tick(now));
    };
    REQUIRE(commit_rows(*journal, {{"stock", "a"}}, "store2"));
    turn(0);
    turn(core::kWitnessDelay);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "witness"));

    REQUIRE(commit_rows(*journal, {{"stock", "a"}}));
    turn(0);
    turn(core::kMillisecond);
    CHECK(witnessed(folder.path()) == 0);
    turn(core::kWitnessDelay - core::kMillisecond);
    CHECK(witnessed(folder.path()) == 1);

    // What no sync has covered is not witnessed, unless it is made durable first.
    REQUIRE(commit_rows(*journal, {{"stock", "b"}}, "store1", false));
    turn(core::kWitnessDelay);
    turn(core::kWitnessDelay);
    CHECK(witnessed(folder.path()) == 1);
    REQUIRE(journal->witness());
    CHECK(witnessed(folder.path()) == 2);
    const auto bytes = bytes_of_file(folder.path() / "witness");
    turn(core::kWitnessDelay);
    REQUIRE(journal->witness());
    CHECK(bytes_of_file(folder.path() / "witness") == bytes);
}

TEST_CASE("head witness: a log opens again above it, in a later epoch too") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path(), "store1"));
        commit_pairs(*journal, 3);
        REQUIRE(journal->witness());
        commit_pairs(*journal, 2);
        auto next_life = append_after(Sequence{10}, {{"control", "c"}});
        next_life.epoch = next_life.segments[0].epoch = schema::Epoch{2};
        next_life.incarnation[0] = 1;
        REQUIRE(journal->commit({{next_life}, {}}, true));
    }
    CHECK(witnessed(folder.path()) == 6);
    const auto journal = opened(options_in(folder.path(), "store1"));
    CHECK(journal->end(StoreId{"store1"}) == Sequence{11});
    REQUIRE(journal->witness());
    CHECK(witnessed(folder.path()) == 11);
}

TEST_CASE("head witness: a log that is not the one acknowledged is refused") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path() / "a", "store1"));
        commit_pairs(*journal, 3);
        REQUIRE(journal->witness());
        const auto other = opened(options_in(folder.path() / "b", "store1"));
        REQUIRE(commit_rows(*other, {{"stock", "1"}, {"debts", "2"}}));
        REQUIRE(commit_rows(*other, {{"stock", "3"}, {"debts", "4"}}));
        REQUIRE(commit_rows(*other, {{"stock", "5"}, {"debts", "6"}}));
    }
    const auto witness = bytes_of_file(folder.path() / "a/witness");
    write_file(folder.path() / "b/witness", witness);
    auto error = refusal(folder.path() / "b");
    CHECK(error.code == Errc::corrupt);
    CHECK(says(error, "differs from what was acknowledged at 6"));

    std::filesystem::remove(folder.path() / "b/witness");
    {
        const auto longer = opened(options_in(folder.path() / "b", "store1"));
        commit_pairs(*longer, 1);
    }
    write_file(folder.path() / "b/witness", witness);
    error = refusal(folder.path() / "b");
    CHECK(error.code == Errc::corrupt);
    CHECK(says(error, "differs from what was acknowledged at 6"));

    const auto wrong = RocksJournal::open(options_in(folder.path() / "a", "store2"));
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().code == Errc::invalid);
    CHECK(opened(options_in(folder.path() / "a", "store1")) != nullptr);
}

TEST_CASE("head witness: one that is gone is damage, one that never was is not") {
    TempFolder folder;
    {
        const auto journal = opened(options_in(folder.path(), "store1"));
        commit_pairs(*journal, 1);
    }
    {
        const auto journal = opened(options_in(folder.path(), "store1"));
        REQUIRE(journal->witness());
        commit_pairs(*journal, 1);
    }
    const auto whole = bytes_of_file(folder.path() / "witness");
    for (const auto& left : {std::string(), std::string(2 * kWitnessSlotBytes, '\0'),
                             whole.substr(0, kWitnessSlotBytes)}) {
        if (left.empty()) {
            std::filesystem::remove(folder.path() / "witness");
        } else {
            write_file(folder.path() / "witness", left);
        }
        const auto error = refusal(folder.path());
        CHECK(error.code == Errc::corrupt);
        CHECK(says(error, "witness"));
    }
    write_file(folder.path() / "witness", whole);
    CHECK(opened(options_in(folder.path(), "store1"))->end(StoreId{"store1"}) == Sequence{4});
}

TEST_CASE("head witness: a database whose making was cut short is made to its end") {
    for (const bool acknowledged : {false, true}) {
        CAPTURE(acknowledged);
        TempFolder folder;
        {  // As a power cut leaves it in the middle of the first start.
            std::filesystem::create_directories(folder.path() / "db");
            const auto begun = core::RocksDatabase::open(folder.path() / "db", {"log"}, kMemory,
                                                         core::RocksDatabase::Mode::write);
            REQUIRE(begun.has_value());
        }
        if (acknowledged) {
            auto witness = read(folder.path() / "witness");
            REQUIRE(witness.write(head_at(3)));
            CHECK(refusal(folder.path()).code == Errc::corrupt);
            continue;
        }
        const auto journal = opened(options_in(folder.path(), "store1"));
        CHECK(commit_rows(*journal, {{"stock", "a"}}));
    }
}

}  // namespace
}  // namespace filial::test
