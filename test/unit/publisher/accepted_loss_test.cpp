// A repair in which a loss was accepted, and which does not come to its end at once.
#include <doctest/doctest.h>

#include <fstream>

#include "core/journal/log_copy.h"
#include "publisher/log_repair.h"
#include "publisher/mark_maker.h"
#include "test/support/memory_journal.h"
#include "test/support/temp_folder.h"
#include "test/unit/broker/log_maker.h"

namespace filial::repair_test {
namespace {

using schema::Sequence;

const schema::StoreId kStore{"store1"};

/// Of the damaged journal nothing can be read; where a witness is left, it says that there were 60
/// events.
class Gone : public core::DamagedJournal {
  public:
    Gone(core::Journal& target, bool witnessed) : target_(target) {
        if (!witnessed) return;
        slot_.emplace();
        slot_->store = kStore;
        slot_->epoch = schema::Epoch{1};
        slot_->seq = Sequence{60};
    }
    core::Journal& target() override { return target_; }
    std::unique_ptr<core::LogRemains> source(const schema::StoreId&) const override {
        return nullptr;
    }
    const std::string& unreadable() const override { return why_; }
    const std::optional<core::WitnessSlot>& witness() const override { return slot_; }
    std::vector<schema::StoreId> stores() const override { return {}; }
    std::map<schema::Bytes, schema::Bytes> rescued() const override {
        return {{schema::Bytes(publisher::MarkMaker::kKey),
                 publisher::MarkMaker::counter_value(7'000)}};
    }
    bool state_is_whole() const override { return true; }
    schema::Result<std::filesystem::path> finish(const std::string& why) override {
        finished = why;
        return std::filesystem::path{};
    }
    static inline std::string finished;  ///< Why, of the last one that came to its end.

  private:
    core::Journal& target_;
    std::string why_ = "all of it is gone";
    std::optional<core::WitnessSlot> slot_;
};

/// store1, of whose log 41 events are together again; its broker is never there.
struct Repairs {
    const test::TempFolder folder;
    core::ManualClock clock;
    test::MemoryJournal target;
    core::Options options;
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    bool witnessed;
    std::unique_ptr<publisher::LogRepair> repair;
    std::unique_ptr<core::Exchange> exchange;

    explicit Repairs(bool has_witness) : witnessed(has_witness) {
        options.store = kStore;
        options.data = folder.path();
        options.hubs.push_back({"head", "ipc://" + (folder / "nobody.sock").string(), ""});
        std::filesystem::create_directories(options.publisher_dir());
        broker::LogMaker log{kStore.value()};
        while (log.size() < 41) log.sell(1);
        core::LogCopy copy(target, kStore);
        REQUIRE(copy.take(log.range(0, 41), {}));
        REQUIRE(copy.commit());
        begin();
    }
    /// Begins anew, as behind a kill.
    void begin() {
        exchange.reset();
        repair = std::make_unique<publisher::LogRepair>(
            options, std::make_unique<Gone>(target, witnessed), clock, "a test");
        exchange = std::make_unique<core::Exchange>(
            *repair, clock, *network, nullptr, nullptr,
            core::Self{kStore, "publisher", repair->own_epoch(), repair->own_incarnation()});
        repair->attach(*exchange);
        REQUIRE(exchange->dial(options.hubs[0], "publisher"));
    }
    bool run(int seconds) {
        for (int i = 0; i < 10 * seconds && !repair->done(); ++i) {
            REQUIRE(exchange->turn(std::chrono::milliseconds(1)));
            clock.advance(core::kSecond / 5);
        }
        return repair->done();
    }
    void accept() const { std::ofstream(note()) << "both disks died\nby ann\n"; }
    std::filesystem::path note() const { return options.publisher_dir() / publisher::kAcceptLoss; }
    core::LogHead head() const { return *target.head(kStore); }
};

}  // namespace

TEST_CASE("log repair: an accepted loss is concluded once there is room, and asked for no more") {
    Repairs shop(true);
    CHECK_FALSE(shop.run(15));
    CHECK(shop.repair->state().find("--accept-loss") != std::string::npos);
    // Room for the note's record and its epoch, and for nothing behind them.
    shop.accept();
    shop.target.fail_commits(schema::Errc::no_space, 2);
    CHECK_FALSE(shop.run(5));
    CHECK(shop.head().epoch == schema::Epoch{2});
    CHECK_FALSE(std::filesystem::exists(shop.note()));
    CAPTURE(shop.repair->state());
    CHECK(shop.repair->state().find("--accept-loss") == std::string::npos);
    CHECK(shop.repair->state().find("events 42 to 60 given up by ann") != std::string::npos);
    shop.target.fail_commits(std::nullopt);
    REQUIRE(shop.run(5));
    REQUIRE(shop.repair->finish());
    CHECK(shop.head().end == Sequence{42});
    CHECK(shop.head().epoch == schema::Epoch{2});
}

TEST_CASE(
    "log repair: a loss that was accepted before a kill is accepted, with no witness and no "
    "broker") {
    Repairs shop(false);
    CHECK_FALSE(shop.run(15));
    shop.accept();
    REQUIRE(shop.run(5));
    CHECK_FALSE(std::filesystem::exists(shop.note()));
    const core::LogHead before = shop.head();
    CHECK(before.epoch == schema::Epoch{2});
    shop.begin();
    REQUIRE(shop.run(5));
    REQUIRE(shop.repair->finish());
    CHECK(shop.head().end == before.end);
    CHECK(shop.head().incarnation == before.incarnation);
    CHECK(Gone::finished.find("given up by ann: both disks died") != std::string::npos);
}

}  // namespace filial::repair_test
