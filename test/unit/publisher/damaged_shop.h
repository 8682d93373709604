#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/journal/journal_repair.h"
#include "core/journal/log_base.h"
#include "core/journal/log_copy.h"
#include "publisher/log_repair.h"
#include "publisher/mark_maker.h"
#include "test/support/memory_journal.h"
#include "test/support/temp_folder.h"
#include "test/unit/broker/log_maker.h"

/// A store whose journal is damaged, and a broker beside it.
namespace filial::repair_test {

using broker::LogMaker;
using publisher::LogRepair;
using schema::Message;
using schema::Sequence;
using schema::StoreId;
using std::chrono::milliseconds;

inline const StoreId kRepaired{"store1"};
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
        if (kept) {
            asked.push_back(request.topics);
            return kept->read(request);
        }
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

    schema::Result<void> may_fetch(const core::Peer&, const schema::Fetch& fetch) override {
        if (fetch.restart) begun = fetch;
        if (!writing) return {};
        return schema::fail(schema::Errc::busy, "the rest comes once there is room");
    }
    Sequence kept_after(const StoreId& store, const std::string& topic) const override {
        Sequence most;
        if (!kept) return most;
        const auto head = kept->head(store);
        for (const core::TopicHead& each : head->topics) {
            if (topic == each.topic || topic == schema::kAllTopics)
                most = std::max(most, each.kept_after);
        }
        return most;
    }
    /// It keeps of stock and debts what is above `upto`.
    void trim(std::uint64_t upto) {
        kept = std::make_unique<test::MemoryJournal>();
        core::LogCopy copy(*kept, kRepaired);
        while (copy.end().value() < holds) {
            const std::uint64_t from = copy.end().value();
            REQUIRE(copy.take(log_.range(from, std::min(from + 5, holds)), schema::Timestamp{1}));
            REQUIRE(copy.commit());
        }
        for (const char* topic : {"stock", "debts"}) {
            core::JournalWrite write;
            const core::FoldStep step{
                Sequence{upto}, schema::Timestamp{INT64_MAX}, {}, 1'000, 1 << 20};
            const auto found = core::fold_step(*kept, kRepaired, topic, step, write);
            REQUIRE_MESSAGE(found, found.error().message);
            if (*found > 0) REQUIRE(kept->commit(write, true));
        }
    }

    std::unique_ptr<test::MemoryJournal> kept;
    std::vector<std::vector<std::string>> asked;
    std::uint64_t holds = 0;
    bool writing = false;  ///< More of the log came than it has written.
    std::uint64_t sent = 0;
    int receivers = 0;
    schema::Fetch begun;  ///< The last one that began.

  private:
    const LogMaker& log_;
};

/// store1 with a witnessed log, and a broker beside it. Time is the test's.
struct DamagedShop {
    const schema::Incarnation life;  ///< The broker's memory.
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    core::ManualClock clock;
    LogMaker log{"store1"};
    HoldingBroker holder{log};
    HoldingBroker replica{log};  ///< Of store1 itself; nothing is in it.
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    core::Exchange head{holder,  clock,   *network,
                        nullptr, nullptr, {StoreId{"head"}, "broker", {}, life}};
    core::Options options;

    /// `lost`: a topic of which the journal lacks its rows in some commits, though it opens.
    explicit DamagedShop(const std::string& lost = {}, schema::Incarnation of_broker = {})
        : life(of_broker) {
        while (log.size() < kHeldEvents) {
            if (log.size() % 5 == 4) {
                log.add("customers", "app.event", "note");
            } else {
                log.sell(log.size() % 2 == 0 ? 1 : 2);
            }
        }
        options.store = kRepaired;
        options.data = folder.path();
        options.hubs.push_back({"head", endpoint, ""});
        REQUIRE(head.listen(endpoint));
        const auto journal = core::RocksJournal::open(journal_options());
        REQUIRE(journal);
        test::MemoryJournal whole;
        core::LogCopy copy(whole, kRepaired);
        while (copy.end().value() < kHeldEvents) {
            const Sequence from = copy.end();
            REQUIRE(copy.take(log.range(from.value(), from.value() + 4), {}));
            REQUIRE(copy.commit());
            auto range = whole.read({kRepaired, {"*"}, from, 1});
            REQUIRE(range);
            const bool hole = from.value() >= 8 && from.value() < 20;
            if (hole) {
                std::erase_if(range->segments, [&](const auto& one) { return one.topic == lost; });
            }
            core::JournalWrite write;
            write.appends.push_back({kRepaired,
                                     range->epoch,
                                     copy.head().incarnation,
                                     from,
                                     copy.end(),
                                     std::move(range->segments),
                                     {}});
            REQUIRE((*journal)->commit(write, true));
        }
        opens = !lost.empty();
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

    /// Repairs for so much of the test's time at most; true if that was enough. Else than with
    /// `finishes` it is killed before it puts the repaired journal in its place.
    bool repair(int seconds, bool finishes = true) {
        CHECK(core::RocksJournal::open(journal_options()).has_value() == opens);
        auto damaged = core::JournalRepair::open(journal_options());
        REQUIRE_MESSAGE(damaged, damaged.error().message);
        LogRepair repair(options, std::move(*damaged), clock, "a test");
        bool done = false;
        {
            core::Self self{kRepaired, "publisher", repair.own_epoch(), repair.own_incarnation()};
            core::Exchange exchange(repair, clock, *network, nullptr, nullptr, self);
            repair.attach(exchange);
            REQUIRE(exchange.dial(options.hubs[0], "publisher"));
            const std::string socket = "ipc://" + (folder / "publisher.sock").string();
            REQUIRE(exchange.listen(socket));
            core::Exchange own(replica, clock, *network, nullptr, nullptr,
                               {kRepaired, "subscriber", {}, {}});
            REQUIRE(own.dial({"store1", socket, ""}, "subscriber"));
            for (int i = 0; i < 20 * seconds && !repair.done(); ++i) {
                if (i < 20 * head_stops) REQUIRE(head.turn(milliseconds(1)));
                if (replica_runs) REQUIRE(own.turn(milliseconds(1)));
                REQUIRE(exchange.turn(milliseconds(1)));
                if (meanwhile) meanwhile(repair);
                clock.advance(core::kSecond / 20);
            }
            state = repair.state();
            done = repair.done();
        }
        if (done && finishes) REQUIRE(repair.finish());
        return done;
    }
    std::unique_ptr<core::RocksJournal> journal() const {
        auto journal = core::RocksJournal::open(journal_options());
        REQUIRE_MESSAGE(journal, journal.error().message);
        return std::move(*journal);
    }
    bool says(const std::string& words) const { return state.find(words) != std::string::npos; }

    std::function<void(LogRepair&)> meanwhile;  ///< What else is done in each turn of a repair.
    std::string state;
    int head_stops = 1'000;  ///< After so many seconds of a repair the broker stands still.
    bool opens = false;      ///< The damaged one.
    bool replica_runs = false;
};

}  // namespace filial::repair_test
