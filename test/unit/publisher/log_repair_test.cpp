// A publisher whose journal is damaged: what it gets back from its brokers, and what it waits for.
#include "publisher/log_repair.h"

#include <doctest/doctest.h>

#include <fstream>

#include "core/journal/journal_repair.h"
#include "core/journal/log_copy.h"
#include "publisher/mark_maker.h"
#include "test/support/temp_folder.h"
#include "test/unit/broker/log_maker.h"

namespace filial::repair_test {

using broker::LogMaker;
using publisher::LogRepair;
using schema::Message;
using schema::Sequence;
using schema::StoreId;
using std::chrono::milliseconds;

namespace {

const StoreId kRepaired{"store1"};
constexpr std::uint64_t kHeldEvents = 60;

/// A broker that holds the first events of a log, and of nothing else.
class HoldingBroker : public core::Host {
  public:
    explicit HoldingBroker(const LogMaker& log) : log_(log) {}
    std::vector<StoreId> held() const override {
        return holds > 0 ? std::vector<StoreId>{kRepaired} : std::vector<StoreId>{};
    }
    Sequence end(const StoreId&) const override { return Sequence{holds}; }
    schema::Epoch epoch(const StoreId&) const override { return schema::Epoch{1}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override {
        const std::uint64_t after = request.after.value();
        auto range = log_.range(after, std::min(after + 7, holds));
        range.end = Sequence{holds};
        sent += range.count();
        return range;
    }
    void reached(const core::Peer&, const schema::Fetch&) override { ++receivers; }
    std::optional<core::Want> want(const core::Peer&, const StoreId&) override {
        return std::nullopt;
    }
    schema::Result<void> take(const core::Peer&, schema::Range) override { return {}; }
    schema::Result<void> flush() override { return {}; }
    std::vector<schema::TopicEnd> durable(const core::Want&) const override { return {}; }
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer&, const schema::Applied&) override {}
    void request(const core::Requester&, Message) override {}
    void turn(core::BootTime) override {}

    std::uint64_t holds = 0;
    std::uint64_t sent = 0;
    int receivers = 0;

  private:
    const LogMaker& log_;
};

/// store1 with a witnessed log, and a broker beside it. Time is the test's.
struct DamagedShop {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    core::ManualClock clock;
    LogMaker log{"store1"};
    HoldingBroker holder{log};
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    core::Exchange head{holder,  clock,   *network,
                        nullptr, nullptr, {StoreId{"head"}, "broker", {}, {}}};
    core::Options options;

    DamagedShop() {
        log.sell(static_cast<int>(kHeldEvents) - 1);
        options.store = kRepaired;
        options.data = folder.path();
        options.hubs.push_back({"head", endpoint, ""});
        REQUIRE(head.listen(endpoint));
        const auto journal = core::RocksJournal::open(journal_options());
        REQUIRE(journal);
        core::LogCopy copy(**journal, kRepaired);
        while (copy.end().value() < kHeldEvents) {
            const std::uint64_t from = copy.end().value();
            REQUIRE(copy.take(log.range(from, from + 4), {}));
            REQUIRE(copy.commit());
        }
        core::JournalWrite counters;
        counters.state.emplace_back(publisher::MarkMaker::kKey,
                                    publisher::MarkMaker::counter_value(7'000));
        REQUIRE((*journal)->commit(counters, true));
        REQUIRE((*journal)->witness());
    }
    core::JournalOptions journal_options() const {
        core::JournalOptions journal;
        journal.dir = options.publisher_dir();
        journal.witness_of = kRepaired.value();
        journal.free_bytes_floor = 0;
        return journal;
    }
    void delete_logs() const {
        for (const auto& entry :
             std::filesystem::directory_iterator(options.publisher_dir() / "db")) {
            if (entry.path().extension() == ".log") std::filesystem::remove(entry.path());
        }
    }

    /// Nothing of the journal is left beside its witness.
    void delete_database() const {
        std::filesystem::remove_all(options.publisher_dir() / "db");
        std::filesystem::create_directories(options.publisher_dir() / "db");
    }
    /// The broker has heard that the log's marks have counted so far.
    void mark_at_broker(std::uint64_t counter) {
        schema::Mark mark;
        mark.store = kRepaired;
        mark.epoch = schema::Epoch{1};
        mark.counter = counter;
        mark.end = Sequence{kHeldEvents};
        schema::MarkMessage message;
        message.mark = schema::encode(mark);
        const auto newer = head.marks().offer(message, clock, clock.boot());
        REQUIRE(newer);
        REQUIRE(*newer);
    }
    std::uint64_t counted() const {
        const auto counters = journal()->get(publisher::MarkMaker::kKey);
        REQUIRE(counters);
        REQUIRE(*counters);
        return publisher::MarkMaker::counter_of(**counters).value_or(0);
    }

    /// Repairs for so much of the test's time at most; true if that was enough.
    bool repair(int seconds) {
        CHECK_FALSE(core::RocksJournal::open(journal_options()));
        auto damaged = core::JournalRepair::open(journal_options());
        REQUIRE_MESSAGE(damaged, damaged.error().message);
        LogRepair repair(options, std::move(*damaged), clock, "a test");
        bool done = false;
        {
            core::Self self{kRepaired, "publisher", repair.own_epoch(), repair.own_incarnation()};
            core::Exchange exchange(repair, clock, *network, nullptr, nullptr, self);
            repair.attach(exchange);
            REQUIRE(exchange.dial(options.hubs[0], "publisher"));
            for (int i = 0; i < 20 * seconds && !repair.done(); ++i) {
                REQUIRE(head.turn(milliseconds(1)));
                REQUIRE(exchange.turn(milliseconds(1)));
                clock.advance(core::kSecond / 20);
            }
            state = repair.state();
            done = repair.done();
        }
        if (done) REQUIRE(repair.finish());
        return done;
    }
    std::unique_ptr<core::RocksJournal> journal() const {
        auto journal = core::RocksJournal::open(journal_options());
        REQUIRE_MESSAGE(journal, journal.error().message);
        return std::move(*journal);
    }
    bool says(const std::string& words) const { return state.find(words) != std::string::npos; }

    std::string state;
};

}  // namespace

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
    std::ofstream(shop.options.publisher_dir() / publisher::kAcceptLoss) << "both disks died\n";
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
    CHECK(opened->incarnation == head->incarnation);
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
    REQUIRE(shop.repair(10));
    CHECK(shop.journal()->end(kRepaired).value() == kHeldEvents);
    CHECK(std::filesystem::exists(witness));
}

}  // namespace filial::repair_test
