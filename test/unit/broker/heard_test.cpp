#include "broker/heard.h"

#include <doctest/doctest.h>

#include "broker/life.h"
#include "broker/rebuild.h"
#include "core/journal/log_base.h"
#include "test/support/memory_journal.h"
#include "test/unit/broker/company.h"

namespace filial::broker {
namespace {

using schema::Epoch;
using schema::Errc;
using schema::Incarnation;
using schema::Position;

const StoreId kReturning{"store1"};

/// What head office heard, and what of store1 it holds.
struct HeadOffice {
    core::ManualClock clock;
    core::BootTime began = clock.boot();
    core::MarkBook marks;
    HeardStores heard;
    std::vector<core::Admission> admitted{{"store1", "k1"}, {"store2", "k2"}, {"store3", "k3"}};
    core::LogHead held{kReturning, Epoch{1}, {}, Sequence{40}, {}};
    Attempt attempt;

    /// A mark that says so, made `ago` before now.
    void hear(const std::string& store, Position taken = {}, Position applied = {},
              std::int64_t ago = 0) {
        schema::Mark mark;
        mark.store = StoreId{store};
        mark.epoch = Epoch{1};
        mark.counter = ++counter;
        if (taken.seq.value() > 0) mark.taken.push_back(taken);
        if (applied.seq.value() > 0) {
            mark.applied.push_back({applied.store, applied.epoch, {{"stock", applied.seq}}});
        } else if (says_applied) {
            mark.applied.push_back({mark.store, mark.epoch, {}});
        }
        schema::MarkMessage message;
        message.mark = schema::encode(mark);
        message.dwell_us = ago;
        message.dwell_exact = exact;
        REQUIRE(marks.offer(message, clock, clock.boot()));
        heard.marked(*marks.find(mark.store), began, clock);
    }
    std::string why(bool holds = true) const {
        return not_heard(kReturning, attempt, holds ? &held : nullptr, admitted, marks, heard);
    }
    std::uint64_t counter = 0;
    bool exact = true;         ///< Marks say how old they are, not only that they are as old.
    bool says_applied = true;  ///< Marks say at least that nothing was read.
};

/// A broker's damaged journal of which only the state is of interest.
class DamagedState : public core::DamagedJournal {
  public:
    core::Journal& target() override { return built; }
    std::unique_ptr<core::LogRemains> source(const StoreId&) const override { return nullptr; }
    const std::string& unreadable() const override { return none_; }
    const std::optional<core::WitnessSlot>& witness() const override { return witness_; }
    std::vector<StoreId> stores() const override { return {}; }
    std::map<schema::Bytes, schema::Bytes> rescued() const override { return state; }
    bool state_is_whole() const override { return whole; }
    schema::Result<std::filesystem::path> finish(const std::string&) override {
        return std::filesystem::path("damaged-1");
    }

    test::MemoryJournal built;
    std::map<schema::Bytes, schema::Bytes> state;
    bool whole = true;

  private:
    std::string none_;
    std::optional<core::WitnessSlot> witness_;
};

bool names(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("N8: nobody is readmitted before every other store with a log of its own was heard") {
    HeadOffice head;
    CHECK(names(head.why(), "store2, store3"));
    head.hear("store2");
    CHECK(names(head.why(), "store3"));
    CHECK_FALSE(names(head.why(), "store2"));
    head.hear("store3");
    CHECK(head.why().empty());
    // Whoever only reads has nothing to say.
    head.admitted.push_back({"tap", "k4", {"*"}, false});
    CHECK(head.why().empty());
}

TEST_CASE("N8: a mark that is older than the broker's memory is not its store's word") {
    HeadOffice head;
    test::MemoryJournal journal;
    head.hear("store2");
    head.hear("store3", {}, {}, 1);
    CHECK(names(head.why(), "not heard here since this broker's memory began: store3"));
    head.clock.advance(core::kSecond);
    head.exact = false;  // Nobody knows how much older it is.
    head.hear("store3", {}, {}, 1);
    CHECK(names(head.why(), "store3"));
    head.exact = true;
    head.hear("store3", {}, {}, core::kSecond);
    CHECK(head.why().empty());

    // With its memory it keeps in mind whom it has heard.
    core::JournalWrite write;
    head.heard.save(write);
    REQUIRE(journal.commit(write, true));
    head.heard = *HeardStores::load(journal);
    CHECK(head.why().empty());
    head.heard = *HeardStores::load(test::MemoryJournal());
    CHECK(names(head.why(), "store2, store3"));
}

TEST_CASE("N8: a store whose mark does not say what it has read holds up who comes back") {
    HeadOffice head;
    head.hear("store2");
    head.says_applied = false;
    head.hear("store3", {kReturning, Epoch{1}, Sequence{4}});
    CHECK(names(head.why(), "store3 has not said what it has read"));
    CHECK_FALSE(names(head.why(), "store2"));
    head.says_applied = true;
    head.hear("store3");
    CHECK(head.why().empty());
}

TEST_CASE("N8: what others have read of a store's log has to be held before it goes on") {
    HeadOffice head;
    head.hear("store3");
    head.hear("store2", {kReturning, Epoch{1}, Sequence{41}});
    CHECK(names(head.why(), "store2 has read the log of store1 up to store1/1/41"));
    // Where its machine brings it, all is well.
    head.attempt.epoch = Epoch{1};
    head.attempt.end = Sequence{41};
    CHECK(head.why().empty());
    // By the subject's own replica, too; of a later epoch whatever its position.
    head.hear("store3", {}, {kReturning, Epoch{2}, Sequence{12}});
    CHECK(names(head.why(), "store3"));
    head.held.epoch = Epoch{2};
    CHECK(head.why().empty());
    CHECK_FALSE(head.why(false).empty());
}

TEST_CASE("N8: no epoch is granted that another store knows of") {
    HeadOffice head;
    CHECK(known_epoch(kReturning, head.marks) == Epoch{0});
    head.hear("store2", {kReturning, Epoch{2}, Sequence{5}}, {kReturning, Epoch{4}, Sequence{3}});
    head.hear("store3", {StoreId{"store2"}, Epoch{9}, Sequence{5}});
    CHECK(known_epoch(kReturning, head.marks) == Epoch{4});
}

TEST_CASE("N8: a broker keeps its life, and one that lost its disk has another") {
    test::MemoryJournal journal;
    const auto life = life_of(journal);
    REQUIRE(life);
    CHECK(*life != Incarnation{});
    journal.crash();
    CHECK(*life_of(journal) == *life);
    test::MemoryJournal empty;
    CHECK(*life_of(empty) != *life);
}

TEST_CASE("N8: a broker that lost a part of its state has another life, the rest stays") {
    const auto life = schema::hash16_of("life");
    const auto rebuilt = [&](bool whole) {
        DamagedState damaged;
        damaged.state = {{"life", schema::Bytes(schema::view(life))},
                         {"mark/store1", "a mark"},
                         {"heard\nstore1", ""}};
        damaged.whole = whole;
        REQUIRE(rebuild_journal(damaged, "a test", [] { return false; }));
        CHECK(*damaged.built.get("mark/store1") == "a mark");
        // What came before it forgot is no answer any more.
        CHECK(HeardStores::load(damaged.built)->has(StoreId{"store1"}) == whole);
        return *life_of(damaged.built);
    };
    CHECK(rebuilt(true) == life);
    CHECK(rebuilt(false) != life);
}

TEST_CASE("N8: what is staged of the old life is held before another machine is let go on") {
    Company company;
    LogMaker log("store1");
    log.sell(5);
    core::Peer machine;
    machine.store = "store1";
    machine.role = "publisher";
    machine.name = "store1/publisher";
    machine.incarnation.fill(7);
    company.broker->rejoin(machine,
                           {0, machine.incarnation, Epoch{1}, Sequence{2}, "pc", "restored"});
    REQUIRE(company.broker->take(machine, log.range(0, 6)));
    CHECK(company.end() == Sequence{0});
    const core::Requester person{0, "route", "", true};
    company.broker->request(person, schema::Message{schema::Readmit{1, kReturning, "07070707"}});
    CHECK(company.end() == Sequence{6});
}

TEST_CASE("N8: a store gets nothing of its own log back before all that came is written") {
    Company company;
    LogMaker log("store1");
    log.sell(5);
    core::Peer machine;
    machine.store = "store1";
    machine.role = "publisher";
    machine.name = "store1/publisher";
    schema::Fetch all;
    all.store = kReturning;
    all.after.push_back({"*", Sequence{0}});
    CHECK(company.broker->held().empty());
    REQUIRE(company.broker->take(machine, log.range(0, 4)));
    CHECK(company.broker->held() == std::vector<StoreId>{kReturning});
    CHECK_FALSE(company.broker->may_fetch(machine, all));
    REQUIRE(company.broker->flush());
    CHECK(company.broker->may_fetch(machine, all));
    REQUIRE(company.broker->take(machine, log.range(4, 6)));
    const auto refused = company.broker->may_fetch(machine, all);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::busy);
    core::Peer other = machine;
    other.store = "store2";
    CHECK(company.broker->may_fetch(other, all));
    core::Peer replica = machine;
    replica.role = "subscriber";
    CHECK(company.broker->may_fetch(replica, all));
    REQUIRE(company.broker->flush());
    CHECK(company.broker->may_fetch(machine, all));
}

TEST_CASE("N8: a machine that can never get back what it lacks of the log is not let go on") {
    Company company;
    LogMaker log("store1");
    log.sell(12);
    core::Peer machine;
    machine.store = "store1";
    machine.role = "publisher";
    machine.name = "store1/publisher";
    machine.incarnation.fill(7);
    REQUIRE(company.broker->take(machine, log.range(0, 13)));
    REQUIRE(company.broker->flush());
    core::JournalWrite write;
    const auto trimmed =
        core::fold_step(*company.journal, kReturning, "stock",
                        {Sequence{13}, schema::Timestamp{INT64_MAX}, {}, 100, 1 << 20}, write);
    REQUIRE_MESSAGE(trimmed, trimmed.error().message);
    REQUIRE(*trimmed > 0);
    REQUIRE(company.journal->commit(write, true));
    const core::Requester person{0, "route", "", true};
    for (const std::uint64_t end : {2, 13}) {
        CAPTURE(end);
        company.broker->rejoin(machine,
                               {0, machine.incarnation, Epoch{1}, Sequence{end}, "pc", "restored"});
        company.broker->request(
            person, schema::Message{schema::Readmit{1, kReturning, "07070707", "it is urgent"}});
        const auto kept = Readmissions::load(*company.journal);
        REQUIRE(kept);
        CHECK((kept->life(kReturning) != nullptr) == (end == 13));
    }
}

TEST_CASE(
    "N8: whom a broker readmitted, and its life, it knows also when its log of writes is gone") {
    Company company;
    LogMaker log("store1");
    log.sell(12);
    core::Peer machine;
    machine.store = "store1";
    machine.role = "publisher";
    machine.name = "store1/publisher";
    machine.incarnation.fill(7);
    const auto life = life_of(*company.journal);
    REQUIRE(life);
    REQUIRE(company.broker->take(machine, log.range(0, 13)));
    REQUIRE(company.broker->flush());
    company.broker->rejoin(machine,
                           {0, machine.incarnation, Epoch{1}, Sequence{13}, "pc", "restored"});
    const core::Requester person{0, "route", "", true};
    company.broker->request(
        person, schema::Message{schema::Readmit{1, kReturning, "07070707", "it is urgent"}});
    // A copy of the folder as a crash would leave it, without the log of writes.
    const auto folder = company.dir / "copy";
    fs::copy(company.dir / "broker", folder, fs::copy_options::recursive);
    int gone = 0;
    for (const auto& entry : fs::directory_iterator(folder / "db")) {
        if (entry.path().extension() == ".log") gone += fs::remove(entry.path()) ? 1 : 0;
    }
    CHECK(gone > 0);
    const auto reopened = open_journal(folder);
    CHECK(reopened->end(kReturning) == Sequence{13});
    CHECK(*life_of(*reopened) == *life);
    const auto kept = Readmissions::load(*reopened);
    REQUIRE(kept);
    REQUIRE(kept->life(kReturning) != nullptr);
    CHECK(kept->life(kReturning)->incarnation == machine.incarnation);
}

}  // namespace filial::broker
