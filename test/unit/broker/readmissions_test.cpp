#include "broker/readmissions.h"

#include <doctest/doctest.h>

#include "test/support/memory_journal.h"

namespace filial::broker {
namespace {

using schema::Epoch;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;
using schema::Timestamp;

const StoreId kStore{"store1"};

Attempt attempt(std::uint8_t machine, std::int64_t at, std::uint32_t epoch = 1) {
    Attempt made;
    made.incarnation.fill(machine);
    made.epoch = Epoch{epoch};
    made.end = Sequence{40};
    made.machine = "pc" + std::to_string(machine);
    made.reason = "restored";
    made.at = Timestamp{at};
    return made;
}

std::string code(std::uint8_t machine) {
    return schema::to_hex(schema::view(attempt(machine, 0).incarnation)).substr(0, 8);
}

void keep(Readmissions& all, core::Journal& journal) {
    core::JournalWrite write;
    all.save(write);
    REQUIRE(journal.commit(write, true));
    all.saved();
}

TEST_CASE("N8: one backup restored twice: two machines, two incarnations, one epoch each at most") {
    Readmissions all;
    CHECK(all.met(kStore, attempt(1, 1)));
    CHECK(all.met(kStore, attempt(2, 2)));
    CHECK_FALSE(all.met(kStore, attempt(2, 3)));
    CHECK(all.open().size() == 2);
    const auto first = all.grant(kStore, code(1), Epoch{1});
    REQUIRE(first);
    CHECK(first->granted == Epoch{2});
    CHECK(all.grant(kStore, code(1), Epoch{1})->granted == Epoch{2});
    // Nothing of epoch 2 has come yet: the next one is another all the same.
    CHECK(all.grant(kStore, code(2), Epoch{1})->granted == Epoch{3});
    CHECK(all.life(kStore)->incarnation == attempt(2, 2).incarnation);
    CHECK(all.open().empty());
}

TEST_CASE(
    "N8: who was readmitted by a greeting alone is granted an epoch that its log was not in") {
    Readmissions all;
    Attempt bare;
    bare.incarnation = attempt(1, 1).incarnation;
    CHECK(all.met(kStore, bare));
    CHECK(all.grant(kStore, code(1), Epoch{1})->granted == Epoch{2});
    CHECK_FALSE(all.raise(kStore, bare.incarnation, Epoch{1}));
    CHECK(all.raise(kStore, bare.incarnation, Epoch{2}));
    CHECK(all.life(kStore)->granted == Epoch{3});
    CHECK_FALSE(all.raise(kStore, bare.incarnation, Epoch{2}));
    // Another one goes on since: what the one before says counts for nothing.
    CHECK(all.met(kStore, attempt(2, 2)));
    CHECK(all.grant(kStore, code(2), Epoch{1})->granted == Epoch{4});
    CHECK_FALSE(all.raise(kStore, bare.incarnation, Epoch{9}));
}

TEST_CASE("N8: a log that a machine has set aside is on its disk all the same") {
    Readmissions all;
    CHECK(all.met(kStore, attempt(1, 1, 2)));
    Attempt now = attempt(1, 1, 1);
    now.end = Sequence{7};
    CHECK(all.met(kStore, now));
    const Attempt* kept = all.find(kStore, now.incarnation);
    REQUIRE(kept != nullptr);
    CHECK(kept->end == Sequence{7});
    CHECK(kept->most == std::pair(Epoch{2}, Sequence{40}));
    CHECK_FALSE(all.met(kStore, now));
}

TEST_CASE("N8: a key that greets with ever new names fills no memory, and no answer") {
    Readmissions all;
    CHECK(all.met(kStore, attempt(1, 1)));
    const auto other = [](std::uint16_t number, const std::string& machine) {
        Attempt made = attempt(2, 2);
        made.incarnation[14] = static_cast<std::uint8_t>(number >> 8);
        made.incarnation[15] = static_cast<std::uint8_t>(number & 0xff);
        made.machine = machine;
        return made;
    };
    for (std::uint16_t i = 0; i < 2'000; ++i) all.met(kStore, other(i, ""));
    CHECK(all.all().size() == 1 + Readmissions::kGreetingsKept);
    for (std::uint16_t i = 2'000; i < 5'000; ++i) all.met(kStore, other(i, "pc"));
    CHECK(all.all().size() == Readmissions::kAttemptsKept);
    // Who was met before them is readmitted all the same, and then there is room again.
    REQUIRE(all.grant(kStore, code(1), Epoch{1}));
    CHECK(all.open().size() < Readmissions::kAttemptsKept);
    const auto newest = schema::to_hex(schema::view(other(2'000, "pc").incarnation));
    REQUIRE(all.grant(kStore, newest, Epoch{2}));
    CHECK(all.met(kStore, other(5'000, "")));
}

TEST_CASE(
    "N8: an epoch is above all that is held, was granted, or the machine itself has been in") {
    Readmissions all;
    all.met(kStore, attempt(1, 1, 4));
    CHECK(all.grant(kStore, code(1), Epoch{2})->granted == Epoch{5});
    all.met(kStore, attempt(2, 2));
    CHECK(all.grant(kStore, code(2), Epoch{9})->granted == Epoch{10});
}

TEST_CASE("N8: a log that no broker ever had began in epoch 1, which nobody is granted") {
    Readmissions all;
    all.met(kStore, attempt(1, 1, 0));
    CHECK(all.grant(kStore, code(1), Epoch{0})->granted == Epoch{2});
}

TEST_CASE("readmissions: a code has to name one machine that asked") {
    Readmissions all;
    all.met(kStore, attempt(0x11, 1));
    // Only one begins with these, and fewer digits than are shown may be another one's by chance.
    CHECK_FALSE(all.grant(kStore, code(0x11).substr(0, 7), Epoch{1}));
    Attempt alike = attempt(0x11, 2);
    alike.incarnation[15] = 0;
    all.met(kStore, alike);
    CHECK(all.grant(kStore, code(0x11), Epoch{1}).error().code == Errc::invalid);
    CHECK(all.grant(kStore, code(2), Epoch{1}).error().code == Errc::not_found);
    CHECK(all.grant(kStore, "", Epoch{1}).error().code == Errc::not_found);
    CHECK(all.grant(StoreId{"store2"}, code(0x11), Epoch{1}).error().code == Errc::not_found);
    CHECK(all.grant(kStore, schema::to_hex(schema::view(alike.incarnation)), Epoch{1}));
}

TEST_CASE("N8: who asked, with what, and what became of it is kept for good") {
    test::MemoryJournal journal;
    Readmissions all;
    all.met(kStore, attempt(1, 1));
    keep(all, journal);
    Attempt greeting = attempt(3, 3);
    greeting.machine.clear();
    all.met(kStore, greeting);
    REQUIRE(all.grant(kStore, code(1), Epoch{1}));
    all.met(kStore, attempt(2, 2));
    CHECK(all.changed());
    keep(all, journal);
    CHECK_FALSE(all.changed());
    journal.crash();

    const auto again = Readmissions::load(journal);
    REQUIRE_MESSAGE(again, again.error().message);
    REQUIRE(again->all().size() == 3);
    CHECK(again->life(kStore)->granted == Epoch{2});
    CHECK(again->find(kStore, attempt(2, 2).incarnation)->reason == "restored");
    // A greeting alone says less than what was said before, and nothing is forgotten for it.
    Attempt bare = attempt(2, 9);
    bare.machine.clear();
    bare.reason.clear();
    Readmissions copy = *again;
    CHECK_FALSE(copy.met(kStore, bare));
    CHECK(copy.find(kStore, bare.incarnation)->reason == "restored");
    CHECK(copy.all().size() == 3);
}

TEST_CASE("readmissions: what nobody decided on is named with what to run") {
    const std::string text = attempt_text(kStore, attempt(1, 1));
    CHECK(text.find("filial readmit store1 " + code(1)) != std::string::npos);
    CHECK(text.find("pc1") != std::string::npos);
    Attempt granted = attempt(1, 1);
    granted.granted = Epoch{2};
    CHECK(attempt_text(kStore, granted).find("epoch 2") != std::string::npos);
}

}  // namespace
}  // namespace filial::broker
