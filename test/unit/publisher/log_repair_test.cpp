// A publisher whose journal is damaged: what it gets back from its brokers, and what it waits for.
#include <doctest/doctest.h>

#include <fstream>

#include "schema/accepted_loss.h"
#include "test/unit/publisher/damaged_shop.h"

namespace filial::repair_test {

TEST_CASE(
    "log repair: what the broker has comes back, and the store is no receiver of its own log") {
    DamagedShop shop;
    shop.holder.holds = kHeldEvents;
    shop.mark_at_broker(7'000);
    shop.delete_logs();
    REQUIRE(shop.repair(10));
    CHECK(shop.holder.receivers == 0);
    const auto journal = shop.journal();
    CHECK(journal->end(kRepaired).value() == kHeldEvents);
    // Marks of the repaired log are newer than any before.
    const auto counters = journal->get(publisher::MarkMaker::kKey);
    REQUIRE(counters);
    REQUIRE(*counters);
    CHECK(publisher::MarkMaker::counter_of(**counters).value_or(0) > 131'072);
}

TEST_CASE("log repair: events that the broker has beyond the witness are taken too") {
    DamagedShop shop;
    shop.log.sell(3);
    shop.holder.holds = kHeldEvents + 3;
    shop.mark_at_broker(7'000);
    shop.delete_logs();
    REQUIRE(shop.repair(10));
    CHECK(shop.journal()->end(kRepaired).value() == kHeldEvents + 3);
}

TEST_CASE("log repair: what the broker does not have is waited for, by position, over restarts") {
    DamagedShop shop;
    shop.holder.holds = 41;
    shop.mark_at_broker(7'000);
    shop.delete_logs();
    for (int i = 0; i < 2; ++i) {
        CHECK_FALSE(shop.repair(20));
        CAPTURE(shop.state);
        CHECK(shop.says("events up to 41 are here"));
        CHECK(shop.says("events 42 to 60 are missing"));
        CHECK(shop.says("head has it up to 41"));
        CHECK(shop.says("--accept-loss"));
    }
    CHECK(shop.holder.sent == 41);  // What came once is not fetched again.
    shop.holder.holds = kHeldEvents;
    REQUIRE(shop.repair(10));
    CHECK(shop.journal()->end(kRepaired).value() == kHeldEvents);
}

TEST_CASE("log repair: an accepted loss is the first event of the next epoch") {
    DamagedShop shop;
    shop.holder.holds = 41;
    shop.delete_logs();
    CHECK_FALSE(shop.repair(20));
    // Without a reason it is nobody's decision.
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "\nby ann\n";
    CHECK_FALSE(shop.repair(20));
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss)
        << "both disks died\nby ann\n";
    REQUIRE(shop.repair(20));
    CHECK_FALSE(std::filesystem::exists(shop.options.publisher_dir() / publisher::kAcceptLoss));
    const auto journal = shop.journal();
    const auto head = journal->head(kRepaired);
    REQUIRE(head);
    CHECK(head->end.value() == 42);
    CHECK(head->epoch.value() == 2);
    const auto range = journal->read({kRepaired, {"*"}, Sequence{41}, 1 << 20});
    REQUIRE(range);
    const auto events = schema::events_in_order(range->segments);
    REQUIRE(events);
    REQUIRE(events->size() == 1);
    schema::Parser parser;
    const auto opened = schema::decode_log_opened(parser, events->front().event.payload);
    REQUIRE(opened);
    CHECK(opened->epoch.value() == 2);
    CHECK(opened->continues_from.value() == 41);
    CHECK(opened->lost_upto.value() == kHeldEvents);
    CHECK(opened->reason == "both disks died");
    const auto loss = schema::decode_accepted_loss(parser, events->front().event.payload);
    REQUIRE(loss);
    CHECK(loss->who == "ann");
    const auto aside = core::put_aside_in(shop.options.publisher_dir());
    REQUIRE(aside.size() == 1);
    CHECK(aside.front().second.find("events 42 to 60 given up by ann: both disks died") !=
          std::string::npos);
    CHECK(opened->incarnation == head->incarnation);
}

TEST_CASE("log repair: a repair that is killed behind an accepted loss does not accept it twice") {
    DamagedShop shop;
    shop.holder.holds = 41;
    shop.delete_logs();
    CHECK_FALSE(shop.repair(20));
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "both disks died\n";
    REQUIRE(shop.repair(20, false));
    const auto note = shop.options.publisher_dir() / publisher::kAcceptLoss;
    CHECK_FALSE(std::filesystem::exists(note));
    REQUIRE(shop.repair(20));
    CHECK_FALSE(shop.says("are missing"));
    // Power may have brought it back. Of a later loss it would be nobody's decision.
    std::ofstream(note) << "both disks died\n";
    const auto journal = shop.journal();
    REQUIRE(publisher::Publisher::open(shop.options, *journal, shop.clock, nullptr));
    CHECK_FALSE(std::filesystem::exists(note));
    const auto head = journal->head(kRepaired);
    REQUIRE(head);
    CHECK(head->end.value() == 42);
    CHECK(head->epoch.value() == 2);
}

TEST_CASE("log repair: without its state a broker says how far the marks have counted") {
    // Repaired before: its marks count on from far above zero.
    constexpr std::uint64_t kCounted = std::uint64_t{1} << 40;
    DamagedShop shop;
    shop.holder.holds = kHeldEvents;
    shop.delete_database();
    // Nothing is lost while only the mark is waited for, so there is nothing to give up.
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "in a hurry\n";
    CHECK_FALSE(shop.repair(5));
    CAPTURE(shop.state);
    CHECK(shop.says("events up to 60 are here"));
    CHECK(shop.says("how far its marks have counted"));
    CHECK_FALSE(shop.says("--accept-loss"));
    shop.mark_at_broker(kCounted);
    REQUIRE(shop.repair(5));
    CHECK(shop.counted() > kCounted);
    CHECK(shop.journal()->head(kRepaired)->epoch.value() == 1);
    CHECK(shop.journal()->end(kRepaired).value() == kHeldEvents);
}

TEST_CASE("log repair: a broker that came back without its memory is accepted meanwhile") {
    schema::Incarnation before{}, now{};
    before.fill(1);
    now.fill(2);
    DamagedShop shop({}, now);
    core::KnownHubs known;
    known.add({StoreId{"head"}, before, schema::Timestamp{1}, {}});
    REQUIRE(core::write_known_hubs(shop.options.data, known));
    shop.holder.holds = 41;
    shop.delete_logs();
    const auto life = [&] {
        const auto hubs = core::read_known_hubs(shop.options.data);
        REQUIRE(hubs);
        return *hubs->find(StoreId{"head"});
    };
    const auto accept = [](std::size_t port, bool local) {
        return [=](LogRepair& repair) {
            repair.request({port, "route", "", local},
                           Message{schema::Readmit{1, StoreId{"head"}, "02020202", "a new disk"}});
        };
    };
    shop.meanwhile = accept(9, false);
    CHECK_FALSE(shop.repair(5));
    CHECK(life().life == before);
    shop.meanwhile = accept(9, true);
    CHECK_FALSE(shop.repair(5));
    CHECK(life().life == now);
    CHECK(life().reason == "a new disk");
}

TEST_CASE("log repair: a loss is not accepted while a broker may still have it") {
    DamagedShop shop;
    shop.holder.holds = kHeldEvents;
    shop.mark_at_broker(7'000);
    shop.delete_logs();
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "in a hurry\n";
    REQUIRE(shop.repair(10));
    const auto journal = shop.journal();
    CHECK(journal->end(kRepaired).value() == kHeldEvents);
    CHECK(journal->head(kRepaired)->epoch.value() == 1);
}

TEST_CASE("log repair: a broker that has yet to write what came to it is waited for") {
    DamagedShop shop;
    shop.holder.holds = 41;
    shop.holder.writing = true;
    shop.mark_at_broker(7'000);
    shop.delete_logs();
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "in a hurry\n";
    CHECK_FALSE(shop.repair(30));
    CAPTURE(shop.state);
    CHECK(shop.says("head has yet to answer: the rest comes"));
    CHECK_FALSE(shop.says("--accept-loss"));
    // It still has what came while it is not heard.
    shop.head_stops = 5;
    CHECK_FALSE(shop.repair(60));
    CHECK_FALSE(shop.says("--accept-loss"));
    CHECK(std::filesystem::exists(shop.options.publisher_dir() / publisher::kAcceptLoss));
    shop.head_stops = 1'000;
    shop.holder.writing = false;
    shop.holder.holds = kHeldEvents;
    REQUIRE(shop.repair(20));
    CHECK(shop.journal()->end(kRepaired).value() == kHeldEvents);
}

TEST_CASE("log repair: a broker that keeps less gives the hole, the damaged journal the rest") {
    DamagedShop shop("customers");
    shop.holder.holds = kHeldEvents;
    shop.holder.trim(40);
    REQUIRE_MESSAGE(shop.repair(30), shop.state);
    const auto journal = shop.journal();
    CHECK(journal->end(kRepaired).value() == kHeldEvents);
    CHECK(journal->head(kRepaired)->epoch.value() == 1);
    const auto range = journal->read({kRepaired, {"*"}, Sequence{0}, 1 << 20});
    REQUIRE(range);
    const auto found = schema::events_in_order(range->segments);
    const auto expected = schema::events_in_order(shop.log.range(0, kHeldEvents).segments);
    REQUIRE(found);
    REQUIRE(expected);
    CHECK(*found == *expected);
    // Of what the broker has behind the hole nothing was lost, nor asked for in vain.
    CHECK(std::all_of(shop.holder.asked.begin(), shop.holder.asked.end(), [](const auto& topics) {
        return std::find(topics.begin(), topics.end(), "stock") == topics.end();
    }));
}

TEST_CASE("log repair: no loss is advised or accepted where a broker has the later events") {
    DamagedShop shop("stock");
    shop.holder.holds = kHeldEvents;
    shop.holder.trim(40);
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "in a hurry\n";
    CHECK_FALSE(shop.repair(30));
    CAPTURE(shop.state);
    CHECK_FALSE(shop.says("--accept-loss"));
    CHECK(shop.says("head has later events and not these"));
    CHECK(shop.says("restore a backup"));
    // One that keeps all of it ends the repair, and nothing is given up.
    shop.holder.trim(1);
    REQUIRE_MESSAGE(shop.repair(30), shop.state);
    const auto journal = shop.journal();
    CHECK(journal->end(kRepaired).value() == kHeldEvents);
    CHECK(journal->head(kRepaired)->epoch.value() == 1);
}

TEST_CASE("log repair: without a witness a broker has to say what was acknowledged") {
    DamagedShop shop;
    const auto witness = shop.options.publisher_dir() / "witness";
    {
        // Only a journal that knows that there was a witness misses it.
        const auto journal = shop.journal();
        core::JournalWrite write;
        write.state.emplace_back("k", "v");
        REQUIRE(journal->commit(write, true));
    }
    std::filesystem::remove(witness);
    shop.holder.holds = 0;
    shop.options.hubs[0].endpoint = "ipc://" + (shop.folder / "nobody.sock").string();
    CHECK_FALSE(shop.repair(20));
    CHECK(shop.says("what was acknowledged behind them is not known"));
    shop.options.hubs[0].endpoint = shop.endpoint;
    shop.holder.holds = kHeldEvents;
    REQUIRE(shop.repair(15));  // A replica that does not run might know of more.
    CHECK(shop.journal()->end(kRepaired).value() == kHeldEvents);
    CHECK(std::filesystem::exists(witness));
}

TEST_CASE("log repair: what no broker has comes from the own replica") {
    DamagedShop shop;
    shop.delete_database();
    shop.holder.holds = 20;
    shop.replica_runs = true;
    shop.replica.holds = kHeldEvents;
    REQUIRE(shop.repair(20));
    const auto journal = shop.journal();
    CHECK(journal->end(kRepaired).value() == kHeldEvents);
    CHECK(journal->head(kRepaired)->epoch.value() == 1);
    CHECK(shop.replica.sent > 0);
    // A replica has to know the life that the witness names.
    CHECK(shop.replica.begun.epoch.value() == 1);
    CHECK(shop.replica.begun.incarnation == journal->head(kRepaired)->incarnation);
}

TEST_CASE("log repair: nothing is given up before the own replica has said what it has") {
    DamagedShop shop;
    shop.delete_database();
    shop.holder.holds = 20;
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "both are gone\n";
    // It does not run: after a while it counts as one that is not there.
    CHECK_FALSE(shop.repair(5));
    CHECK(shop.says("this store's own replica has not answered"));
    // It runs and has more than the broker: that is taken, the rest may be given up.
    shop.replica_runs = true;
    shop.replica.holds = 40;
    REQUIRE(shop.repair(20));
    const auto journal = shop.journal();
    CHECK(journal->end(kRepaired).value() == 41);
    CHECK(journal->head(kRepaired)->epoch.value() == 2);
}

}  // namespace filial::repair_test
